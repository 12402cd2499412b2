{{/* Refuses combinations of values that the schema cannot. */}}
{{- define "nimbus-operator.validate" -}}
{{- $values := .Values }}
{{- if and (not $values.clusterId) (not $values.clusterIdFrom.name) }}
{{- fail "clusterId is required: it identifies this cluster on the platform, must be unique per cluster and must never change, e.g. --set clusterId=prod-euwe. Or name a ConfigMap that holds it with clusterIdFrom.name." }}
{{- end }}
{{- if and $values.clusterId $values.clusterIdFrom.name }}
{{- fail "clusterId and clusterIdFrom.name exclude each other" }}
{{- end }}
{{- if and (gt (int $values.replicaCount) 1) (not $values.leaderElection.enabled) }}
{{- fail "replicaCount: more than one replica requires leaderElection.enabled" }}
{{- end }}
{{- if and $values.restrictToTenantNamespaces (not $values.tenantNamespaces) }}
{{- fail "restrictToTenantNamespaces requires tenantNamespaces" }}
{{- end }}
{{- range $list := list "tenantNamespaces" "partners" "platforms" }}
{{- $names := list }}
{{- range index $values $list }}
{{- if has .name $names }}
{{- fail (printf "%s names '%s' twice" $list .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}
{{- range $values.partners }}
{{- if and .namespaces (not .subjects) }}
{{- fail (printf "partners: '%s' has namespaces and no subjects" .name) }}
{{- end }}
{{- if and .namespaces (not $values.rbac.userRoles) }}
{{- fail (printf "partners: the namespaces of '%s' require rbac.userRoles, which has the role to bind there" .name) }}
{{- end }}
{{- end }}
{{- if and $values.systemAdmins (not $values.rbac.userRoles) }}
{{- fail "systemAdmins requires rbac.userRoles, which has the role to bind" }}
{{- end }}
{{- if and (not $values.serviceAccount.create) (not $values.serviceAccount.name) }}
{{- fail "serviceAccount.create: false requires serviceAccount.name" }}
{{- end }}
{{- if and (not $values.policies.install) (or $values.policies.additionalOperators $values.policies.additionalOperatorNamespaces $values.policies.technicalFields) }}
{{- fail "policies.additionalOperators, policies.additionalOperatorNamespaces and policies.technicalFields require policies.install" }}
{{- end }}
{{- if and $values.finalizerPolicy.enabled (semverCompare "<1.36.0-0" .Capabilities.KubeVersion.Version) }}
{{- fail (printf "finalizerPolicy.enabled requires Kubernetes 1.36; this is %s" .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- if and $values.serviceMonitor.enabled $values.podMonitor.enabled }}
{{- fail "serviceMonitor.enabled and podMonitor.enabled exclude each other: every metric would be scraped twice" }}
{{- end }}
{{- if and $values.serviceMonitor.enabled (not $values.metrics.service.enabled) }}
{{- fail "serviceMonitor.enabled requires metrics.service.enabled; use podMonitor.enabled without a Service" }}
{{- end }}
{{- if not (regexMatch "^[a-z]" (include "nimbus-operator.fullname" .)) }}
{{- fail (printf "the release '%s' begins with a digit, which no Service can: set fullnameOverride" .Release.Name) }}
{{- end }}
{{- include "nimbus-operator.validateElection" $values.leaderElection }}
{{- include "nimbus-operator.validateLabels" . }}
{{- include "nimbus-operator.validateExtras" . }}
{{- end }}

{{/* Milliseconds of a duration such as 15s. */}}
{{- define "nimbus-operator.milliseconds" -}}
{{- $unit := regexFind "[a-z]+$" . }}
{{- mul (trimSuffix $unit . | int64) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit) }}
{{- end }}

{{/* The operator refuses the same, but in a pod that starts again and again. */}}
{{- define "nimbus-operator.validateElection" -}}
{{- if .enabled }}
{{- $lease := include "nimbus-operator.milliseconds" .leaseDuration | int64 }}
{{- $deadline := include "nimbus-operator.milliseconds" .renewDeadline | int64 }}
{{- $retry := include "nimbus-operator.milliseconds" .retryPeriod | int64 }}
{{- if or (lt $lease 2000) (gt $lease 600000) }}
{{- fail (printf "leaderElection.leaseDuration: '%s' is not from 2s to 10m" .leaseDuration) }}
{{- end }}
{{- if lt $lease (add $deadline (max $retry 1000)) }}
{{- fail (printf "leaderElection.renewDeadline: '%s' is not shorter than leaseDuration, '%s', by retryPeriod, '%s', and 1s at least" .renewDeadline .leaseDuration .retryPeriod) }}
{{- end }}
{{- if or (le $retry 0) (le (mul $deadline 10) (mul $retry 12)) }}
{{- fail (printf "leaderElection.retryPeriod: '%s' is 0, or renewDeadline, '%s', is not longer than 1.2 times of it" .retryPeriod .renewDeadline) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A label that the chart sets would be there twice, or no longer be what the Deployment selects. */}}
{{- define "nimbus-operator.validateLabels" -}}
{{- $own := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version" "app.kubernetes.io/part-of" "app.kubernetes.io/managed-by" "helm.sh/chart" }}
{{- $values := .Values }}
{{- $all := dict "commonLabels" $values.commonLabels "podLabels" $values.podLabels "serviceAccount.labels" $values.serviceAccount.labels "serviceMonitor.labels" $values.serviceMonitor.labels "podMonitor.labels" $values.podMonitor.labels "prometheusRule.labels" $values.prometheusRule.labels "dashboards.labels" $values.dashboards.labels }}
{{- range $path, $labels := $all }}
{{- range $key, $_ := $labels }}
{{- if has $key $own }}
{{- fail (printf "%s: '%s' is a label that the chart sets" $path $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What has a value of its own is not set by another way: it would pass the checks of that value, or be there twice. */}}
{{- define "nimbus-operator.validateExtras" -}}
{{- $flags := dict
  "--cluster-id" "clusterId"
  "--instance" "instance"
  "--namespace" "restrictToTenantNamespaces"
  "-n" "restrictToTenantNamespaces"
  "--operator-namespace" "the namespace of the release"
  "--pod-name" "nothing: the pod has its name"
  "--watch-secrets" "tenantNamespaces[].watchSecrets"
  "--concurrency" "concurrency"
  "--trusted-acs-origin" "trustedOrigins.acs"
  "--trusted-login-origin" "trustedOrigins.login"
  "--federated-token-file" "federatedToken.enabled"
  "--listen" "metrics.address and metrics.port"
  "--metrics-per-tenant" "metrics.perTenant"
  "--log" "logging.filter"
  "--log-filter-file" "logging.filter"
  "--log-format" "logging.format"
  "--leader-elect" "leaderElection.enabled"
  "--lease-duration" "leaderElection.leaseDuration"
  "--renew-deadline" "leaderElection.renewDeadline"
  "--retry-period" "leaderElection.retryPeriod" }}
{{- range .Values.extraArgs }}
{{- $flag := ternary (regexFind "^--[^=]*" .) (trunc 2 .) (hasPrefix "--" .) }}
{{- with get $flags $flag }}
{{- fail (printf "extraArgs: '%s' has a value of its own in this chart: use %s" $flag .) }}
{{- end }}
{{- end }}
{{- $variables := dict "AZURE_FEDERATED_TOKEN_FILE" "federatedToken.enabled" "SSL_CERT_FILE" "caBundle.configMapName" "SSL_CERT_DIR" "caBundle.configMapName" "NIMBUS_CLUSTER_ID" "clusterId" "NIMBUS_INSTANCE" "instance" "POD_NAMESPACE" "the namespace of the release" "POD_NAME" "nothing: the pod has its name" }}
{{- $names := list }}
{{- range .Values.extraEnv }}
{{- $name := .name }}
{{- if or (hasKey $variables $name) (hasPrefix "NIMBUS_" $name) (hasPrefix "POD_" $name) }}
{{- fail (printf "extraEnv: '%s' has a value of its own in this chart: use %s" $name (default "that value, or extraArgs where there is none" (get $variables $name))) }}
{{- end }}
{{- if has $name $names }}
{{- fail (printf "extraEnv names '%s' twice" $name) }}
{{- end }}
{{- $names = append $names $name }}
{{- end }}
{{- end }}
