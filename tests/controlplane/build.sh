#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager and kubectl from their Go
# modules into .controlplane/<version>/, because no package registry ships them
# as binaries and a test against a mock of the API server proves little. Builds
# Helm 3 and 4 into .controlplane/helm/, for the tests of the charts, and
# promtool into .controlplane/promtool/, for the tests of the alerts.
#
#   build.sh                     build what is missing for $K8S_VERSION
#   build.sh module <version> <folder>
#                                write go.mod and go.sum for a Kubernetes version
#                                (to update the committed ones to a new pin)
#
# K8S_VERSION         default: the pin in kubernetes/go.mod
# KUBEBUILDER_ASSETS  a folder of ready binaries; what it holds is not built
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)/.controlplane
pin=$(grep -o "k8s.io/kubernetes v[0-9.]*" "$here/kubernetes/go.mod")
pin=${pin#* v}
version=${K8S_VERSION:-$pin}
version=${version#v}
kubernetes_tools=(kube-apiserver kube-controller-manager kubectl)
helms=(helm3 helm4)

# The modules are complete as committed: neither a workspace around the
# checkout nor flags of the caller may change what is built.
export GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0

say() { printf 'controlplane: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

require_go() {
  command -v go >/dev/null && return
  fail "cannot build $*: Go is not on PATH. Either
  - install Go 1.26 or later (go.dev/dl) and run this again, or
  - set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, kube-controller-manager, kubectl, helm3, helm4 and promtool, or
  - copy the folders $root/$version, $root/helm and $root/promtool from a machine that has built them."
}

# Kubernetes replaces its staging modules by folders of its own repository; the
# same modules are published one minor version scheme lower (1.37.2 as 0.37.2).
write_module() {
  local version=$1 folder=$2 upstream
  upstream=$(cd / && go mod download -json "k8s.io/kubernetes@v$version" | awk -F'"' '$2 == "GoMod" { print $4 }')
  [ -n "$upstream" ] || fail "the module registry has no Kubernetes $version"
  mkdir -p "$folder"
  {
    printf 'module nimbus.luware.com/tests/controlplane/kubernetes\n\n'
    awk '$1 == "go" || $1 == "godebug" { print $0 "\n" }' "$upstream"
    printf 'tool (\n'
    printf '\tk8s.io/kubernetes/cmd/%s\n' "${kubernetes_tools[@]}"
    printf ')\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$version"
    awk -v staging="v0.${version#*.}" '$2 == "=>" && $3 ~ /^\.\/staging\// { print "\t" $1 " => " $1 " " staging }' "$upstream"
    printf ')\n'
  } >"$folder/go.mod"
  local said
  said=$(cd "$folder" && go mod tidy 2>&1) || { echo "$said" >&2; fail "the module of Kubernetes $version cannot be completed"; }
}

# What a binary was built from. A binary without the right stamp is not taken
# for done, so a changed pin is built again.
stamp_of() { cat "$1/go.mod" "$1/go.sum" | cksum; }

is_given() { [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/$1" ]; }

all_given() {
  local tool
  for tool in etcd "${kubernetes_tools[@]}" "${helms[@]}" promtool; do
    is_given "$tool" || return 1
  done
}

folder_of() {
  case $1 in
    helm*) echo "$root/helm" ;;
    promtool) echo "$root/promtool" ;;
    *) echo "$root/$version" ;;
  esac
}

is_done() {
  local tool=$1 module=$2 folder
  is_given "$tool" && return
  folder=$(folder_of "$tool")
  [ -x "$folder/$tool" ] && [ "$(cat "$folder/.$tool.stamp" 2>/dev/null)" = "$(stamp_of "$module")" ]
}

# One go build for all tools of a module keeps every core busy while one links.
build() {
  local title=$1 module=$2 ldflags=$3 tool packages=() stage log go_pid folder
  shift 3
  for tool in "$@"; do
    is_done "$tool" "$module" || packages+=("$tool")
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  require_go "${packages[*]}"
  stage=$root/.stage.$$
  log=$stage.log
  mkdir -p "$stage"
  say "building $title: ${packages[*]} (minutes the first time, seconds from a warm cache)"
  SECONDS=0
  (cd "$module" && exec go build -v -trimpath -buildvcs=false -ldflags "-s -w $ldflags" -o "$stage/" \
    $(for tool in "${packages[@]}"; do package_of "$tool"; done)) >"$log" 2>&1 &
  go_pid=$!
  trap 'kill "$go_pid" 2>/dev/null || true; rm -rf "$stage" "$log"' EXIT
  trap 'exit 130' INT TERM
  while kill -0 "$go_pid" 2>/dev/null; do
    # Short intervals keep cached builds fast; progress is printed every ten seconds.
    sleep 1
    [ $((SECONDS % 10)) -ne 0 ] || say "${packages[*]}: $SECONDS s, $(wc -l <"$log") packages compiled"
  done
  wait "$go_pid" || { tail -n 20 "$log" >&2; fail "building ${packages[*]} failed; the end of its output is above"; }
  for tool in "${packages[@]}"; do
    # The stamp goes last: only then is the tool done.
    folder=$(folder_of "$tool")
    mkdir -p "$folder"
    rm -f "$folder/.$tool.stamp"
    mv "$stage/$(binary_of "$tool")" "$folder/$tool"
    stamp_of "$module" >"$folder/.$tool.stamp"
  done
  rm -rf "$stage" "$log"
  trap - EXIT INT TERM
  say "${packages[*]}: done in $SECONDS s"
}

# Go names a binary after its package: Helm's are both called helm.
binary_of() {
  case $1 in
    helm*) echo helm ;;
    *) echo "$1" ;;
  esac
}

package_of() {
  case $1 in
    etcd) echo . ;;
    helm*) echo "helm.sh/helm/v${1#helm}/cmd/helm" ;;
    promtool) echo github.com/prometheus/prometheus/cmd/promtool ;;
    *) echo "k8s.io/kubernetes/cmd/$1" ;;
  esac
}

kubernetes_ldflags() {
  local key minor=${version#*.}
  for key in gitVersion="v$version" gitMajor="${version%%.*}" gitMinor="${minor%%.*}"; do
    printf ' -X k8s.io/component-base/version.%s' "$key"
  done
}

# Without a stamp, Helm 3 renders for a Kubernetes that it takes to be 1.20, and refuses charts for later ones.
helm_ldflags() {
  local major=$1 package stamped="" helm=helm.sh/helm/v$1
  if [ "$major" = 3 ]; then
    for package in pkg/chartutil pkg/lint/rules; do
      stamped+=" -X $helm/$package.k8sVersionMajor=${pin%%.*} -X $helm/$package.k8sVersionMinor=$(cut -d. -f2 <<<"$pin")"
    done
  fi
  echo "-X $helm/internal/version.version=$(helm_version "$major") $stamped"
}

helm_version() { awk '$1 ~ /^helm.sh\/helm/ { print $2 }' "$here/helm$1/go.mod"; }

if [ "${1:-}" = module ]; then
  [ $# -eq 3 ] || fail "usage: build.sh module <version> <folder>"
  require_go "a module for Kubernetes $2"
  write_module "${2#v}" "$3"
  exit
fi

if all_given; then
  say "ready in $KUBEBUILDER_ASSETS"
  exit
fi

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "K8S_VERSION must look like $pin, not $version"
mkdir -p "$root"
if command -v flock >/dev/null; then
  # Two concurrent calls would do the same work twice.
  exec 9>"$root/.lock"
  flock -n 9 || { say "another build is running here; waiting for it"; flock 9; }
  rm -rf "$root"/.stage.*
fi

module=$here/kubernetes
if [ "$version" != "$pin" ]; then
  module=$root/$version/module
  if [ ! -s "$module/go.sum" ]; then
    require_go "a module for Kubernetes $version"
    say "writing the module of Kubernetes $version"
    write_module "$version" "$module"
  fi
fi
build "etcd $(grep -o 'server/v3 v[0-9.]*' "$here/etcd/go.mod" | grep -o '[0-9.]*$')" "$here/etcd" "" etcd
build "Kubernetes $version" "$module" "$(kubernetes_ldflags)" "${kubernetes_tools[@]}"
for helm in "${helms[@]}"; do
  build "Helm $(helm_version "${helm#helm}")" "$here/$helm" "$(helm_ldflags "${helm#helm}")" "$helm"
done
# It needs no service discovery, which is half of its code.
GOFLAGS="$GOFLAGS -tags=remove_all_sd" \
  build "promtool $(grep -o 'prometheus/prometheus v[0-9.]*' "$here/promtool/go.mod" | grep -o '[0-9.]*$')" "$here/promtool" "" promtool
say "ready in ${KUBEBUILDER_ASSETS:+$KUBEBUILDER_ASSETS and }$root/$version"
