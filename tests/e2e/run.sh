#!/usr/bin/env bash
# run.sh: installs both charts in the cluster of KUBECONFIG, uses them, and removes everything again. Fails if anything is left.
#
# The cluster needs nodes, and must not have nimbus-operator. README.md describes the variables:
#   E2E_IMPORT    command that loads the image archive given as its last argument into each node, e.g. 'kind load image-archive'
#   E2E_REGISTRY  registry that has the images, instead of E2E_IMPORT
#   E2E_IMAGES    folder with the archives (target/image)
#   E2E_KILL      command that sends SIGKILL to the container whose ID is its last argument, e.g. 'ctr -n k8s.io tasks kill -s KILL'.
#                 Without it the pod is deleted by force, which Kubernetes begins with SIGTERM: the leader may still release its Lease
#   HELM          Helm to use (helm, else helm4 or helm3)
set -euo pipefail
cd "$(dirname "$0")/../.."

operator=nimbus-e2e sandbox=nimbus-e2e-sandbox tenants=nimbus-e2e-tenants
namespaces=("$operator" "$sandbox" "$tenants")
images=${E2E_IMAGES:-target/image}
work=$(mktemp -d)
started=${EPOCHREALTIME/[.,]/}

# Milliseconds since the start.
now() { echo $(((${EPOCHREALTIME/[.,]/} - started) / 1000)); }
say() {
  local at
  at=$(now)
  printf '%5d.%d s  %s\n' $((at / 1000)) $((at % 1000 / 100)) "$*"
}
fail() { echo "error: $*" >&2; exit 1; }

# until_true SECONDS WHAT COMMAND...: runs it each half second until it succeeds
until_true() {
  local deadline=$(($(now) + $1 * 1000)) what=$2
  shift 2
  until "$@"; do
    [ "$(now)" -lt "$deadline" ] || fail "not within the time: $what"
    sleep 0.5
  done
}

# What helps to find the cause. The cluster is left as it is.
diagnose() {
  local status=$? namespace
  if [ "$status" != 0 ]; then
    say "failed; the cluster is left as it is"
    for namespace in "${namespaces[@]}"; do
      kubectl -n "$namespace" get pods --output wide || true
      kubectl -n "$namespace" get events --sort-by=.lastTimestamp | tail -15 || true
    done
    kubectl -n "$operator" logs --selector app.kubernetes.io/name=nimbus-operator --prefix --tail 30 || true
    [ ! -e "$work/after" ] || diff "$work/before" "$work/after" || true
    kubectl get tenants,platforms --all-namespaces --output yaml | grep -A8 'conditions:\|message:' | tail -60 || true
  fi >&2
  rm -rf "$work"
  exit "$status"
}
trap diagnose EXIT

# Names of all objects that are in no namespace. Certificate requests of kubelets come and go.
cluster_scoped() {
  local resource
  for resource in $(kubectl api-resources --namespaced=false --verbs=list --output name | sort); do
    case $resource in certificatesigningrequests.* | componentstatuses | nodes.metrics.k8s.io) continue ;; esac
    kubectl get "$resource" --output name --ignore-not-found
  done | sort
}

# Names of all objects in a namespace but those that every namespace has, and events.
namespaced() {
  local resource
  for resource in $(kubectl api-resources --namespaced=true --verbs=list --output name | sort); do
    # Endpoints are deprecated, and EndpointSlices say the same.
    case $resource in endpoints | events | events.* | pods.metrics.k8s.io) continue ;; esac
    kubectl -n "$1" get "$resource" --output name --ignore-not-found
  done | grep -v -e '^configmap/kube-root-ca.crt$' -e '^serviceaccount/default$' | sort || true
}

gone() { [ -z "$(kubectl -n "$1" get "$2" --output name --ignore-not-found)" ]; }
nothing_is_in() { [ -z "$(namespaced "$1")" ]; }
only_what_is_kept_is_in() { namespaced "$1" > "$work/left" && cmp --silent "$work/kept" "$work/left"; }
same_as_before() { cluster_scoped > "$work/after" && cmp --silent "$work/before" "$work/after"; }
leader() { kubectl -n "$operator" get leases nimbus-operator-default --output 'jsonpath={.spec.holderIdentity}' | cut -d_ -f1; }
other_leads() { local leads; leads=$(leader) && [ -n "$leads" ] && [ "$leads" != "$1" ]; }
pods() { kubectl -n "$operator" get pods --selector app.kubernetes.io/name=nimbus-operator --output 'jsonpath={range .items[*]}{.metadata.uid}{"\n"}{end}' | sort; }
container_of() { kubectl -n "$operator" get pods "$1" --output 'jsonpath={.status.containerStatuses[0].containerID}'; }
other_container_runs() { local id; id=$(container_of "$1") && [ -n "$id" ] && [ "$id" != "$2" ]; }
# With one decimal.
seconds_since() { local took=$(($(now) - $1)); echo "$((took / 1000)).$((took % 1000 / 100))"; }
served() { kubectl get --raw "/api/v1/namespaces/$operator/pods/$1:8080/proxy/$2"; }

# The Tenant's name on the platform is changed, and the operator has to carry it out.
edit_and_wait() {
  kubectl -n "$tenants" patch tenants contoso --type merge --patch "{\"spec\":{\"general\":{\"name\":\"$1\"}}}" > "$work/out"
  local generation
  generation=$(kubectl -n "$tenants" get tenants contoso --output 'jsonpath={.metadata.generation}')
  kubectl -n "$tenants" wait tenants contoso --for "jsonpath={.status.observedGeneration}=$generation" --timeout 90s > "$work/out"
  kubectl -n "$tenants" wait tenants contoso --for condition=Ready --timeout 90s > "$work/out"
}

values=(--set clusterId=e2e --set "tenantNamespaces[0].name=$tenants" --set "image.registry=${E2E_REGISTRY:-}")

for command in kubectl "${HELM:=$(command -v helm helm4 helm3 | head -1)}"; do
  command -v "$command" > "$work/out" || fail "no program '${command:-helm}'"
done
kubectl version > "$work/out" || fail "no cluster answers: set KUBECONFIG"
kubectl wait nodes --all --for condition=Ready --timeout 60s > "$work/out" || fail "the cluster has no nodes that are Ready"
[ -z "$(kubectl get customresourcedefinitions --output name | grep nimbus.luware.com)" ] || fail "this cluster has nimbus-operator already"
for namespace in "${namespaces[@]}"; do
  gone default "namespaces/$namespace" || fail "this cluster has the namespace $namespace"
done
[ -n "${E2E_IMPORT:-}${E2E_REGISTRY:-}" ] || fail "set E2E_IMPORT, e.g. to 'kind load image-archive', or E2E_REGISTRY"
say "$("$HELM" version --short), Kubernetes $(kubectl version | sed -n 's/^Server Version: //p'), $(kubectl get nodes --output name | wc -l) nodes"
cluster_scoped > "$work/before"

if [ -n "${E2E_IMPORT:-}" ]; then
  architecture=$(kubectl get nodes --output 'jsonpath={.items[0].status.nodeInfo.architecture}')
  for program in nimbus-operator nimbus-sandbox; do
    archive=$(ls "$images/$program"-*-"$architecture".tar) || fail "no archive of $program in $images: run make image"
    $E2E_IMPORT "$archive" > "$work/out"
    say "imported $archive"
  done
fi

for namespace in "${namespaces[@]}"; do
  kubectl create namespace "$namespace" > "$work/out"
  kubectl label namespaces "$namespace" pod-security.kubernetes.io/enforce=restricted > "$work/out"
done
"$HELM" install nimbus-operator charts/nimbus-operator --namespace "$operator" "${values[@]}" --wait --timeout 3m > "$work/out"
say "installed the operator: $(pods | wc -l) pods are ready"
"$HELM" test nimbus-operator --namespace "$operator" --timeout 2m > "$work/out"
say "helm test passed"
"$HELM" install sandbox charts/nimbus-sandbox --namespace "$sandbox" --set "platform.operatorNamespace=$operator" \
  --set "image.registry=${E2E_REGISTRY:-}" --wait --timeout 3m > "$work/out"
kubectl wait platforms sandbox --for condition=Ready --timeout 90s > "$work/out"
say "installed the sandbox: its Platform is Ready"

kubectl create --filename - > "$work/out" << END
apiVersion: nimbus.luware.com/v1alpha1
kind: Tenant
metadata: {name: contoso, namespace: $tenants}
spec:
  platformRef: {name: sandbox}
  general: {name: Contoso, o365Domain: contoso.onmicrosoft.com, tenantId: 6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c}
END
kubectl -n "$tenants" wait tenants contoso --for condition=Ready --timeout 90s > "$work/out"
say "the Tenant is Ready"

for pod in $(kubectl -n "$operator" get pods --selector app.kubernetes.io/name=nimbus-operator --output 'jsonpath={.items[*].metadata.name}'); do
  served "$pod" livez > "$work/out"
  served "$pod" readyz > "$work/out"
  served "$pod" metrics > "$work/metrics"
  grep -q '^nimbus_build_info' "$work/metrics" || fail "$pod has no metrics"
done
say "probes and metrics answer"

killed=$(leader)
container=$(container_of "$killed")
before=$(now)
if [ -n "${E2E_KILL:-}" ]; then
  $E2E_KILL "${container#*://}" > "$work/out"
else
  kubectl -n "$operator" delete pods "$killed" --grace-period=0 --force --wait=false > "$work/out" 2>&1
fi
until_true 20 "another replica leads" other_leads "$killed"
say "killed $killed; $(leader) leads $(seconds_since "$before") s later"
edit_and_wait "Contoso after a crash"
if [ -n "${E2E_KILL:-}" ]; then
  until_true 60 "the container is started again" other_container_runs "$killed" "$container"
  kubectl -n "$operator" wait pods "$killed" --for condition=Ready --timeout 60s > "$work/out"
fi
kubectl -n "$operator" rollout status deployments nimbus-operator --timeout 2m > "$work/out"
say "an edit was carried out, and there are as many replicas as before"

deleted=$(leader)
before=$(now)
kubectl -n "$operator" delete pods "$deleted" --wait=false > "$work/out"
# It begins once the pod is told to end, and nothing is under way.
until_true 10 "another replica leads" other_leads "$deleted"
say "deleted $deleted; $(leader) leads $(seconds_since "$before") s later"
edit_and_wait "Contoso after a deletion"
kubectl -n "$operator" rollout status deployments nimbus-operator --timeout 2m > "$work/out"
say "an edit was carried out, and the pod was replaced"

before=$(pods)
"$HELM" upgrade nimbus-operator charts/nimbus-operator --namespace "$operator" "${values[@]}" --set logging.filter=debug --wait > "$work/out"
[ "$before" = "$(pods)" ] || fail "another log filter restarted pods"
"$HELM" upgrade nimbus-operator charts/nimbus-operator --namespace "$operator" "${values[@]}" --set replicaCount=3 --wait > "$work/out"
[ -z "$(comm -23 <(echo "$before") <(pods))" ] || fail "another number of replicas restarted pods"
say "upgraded the log filter and the number of replicas: no pod was restarted"
"$HELM" upgrade nimbus-operator charts/nimbus-operator --namespace "$operator" "${values[@]}" --set concurrency=8 --wait --timeout 3m > "$work/out"
edit_and_wait "Contoso after an upgrade"
say "upgraded the concurrency: pods were replaced, and an edit was carried out"

kubectl -n "$tenants" delete tenants --all --timeout 90s > "$work/out"
kubectl delete platforms sandbox --timeout 90s > "$work/out"
say "deleted the Tenant and the Platform"
"$HELM" uninstall sandbox --namespace "$sandbox" --wait > "$work/out"
"$HELM" uninstall nimbus-operator --namespace "$operator" --wait > "$work/out"
until_true 60 "the objects of the sandbox are gone" nothing_is_in "$sandbox"
printf '%s\n' configmap/nimbus-operator-cluster-id lease.coordination.k8s.io/nimbus-operator-default > "$work/kept"
until_true 60 "only what is kept is left in $operator" only_what_is_kept_is_in "$operator"
say "uninstalled both: the CRDs, the cluster ID and the Lease are kept"

kubectl delete customresourcedefinitions tenants.nimbus.luware.com platforms.nimbus.luware.com partners.nimbus.luware.com > "$work/out"
for namespace in "${namespaces[@]}"; do
  kubectl delete namespaces "$namespace" --timeout 2m > "$work/out"
done
say "deleted what is kept, and the namespaces"
until_true 60 "nothing is left in the cluster" same_as_before
say "passed: nothing is left"
