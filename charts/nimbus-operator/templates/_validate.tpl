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
{{- range $values.extraArgs }}
{{- if regexMatch "^(--(cluster-id|instance|namespace|operator-namespace|watch-secrets|listen|leader-elect|lease-duration|renew-deadline|retry-period|log-filter-file)(=|$)|-n)" . }}
{{- fail (printf "extraArgs: '%s' has a value of its own in this chart" .) }}
{{- end }}
{{- end }}
{{- end }}
