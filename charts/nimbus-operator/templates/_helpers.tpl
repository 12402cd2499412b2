{{/* The name of the chart. */}}
{{- define "nimbus-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The full name of the release; with suffixes it still fits 63 characters. */}}
{{- define "nimbus-operator.fullname" -}}
{{- $name := include "nimbus-operator.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | replace "." "-" | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Labels that select the pods. */}}
{{- define "nimbus-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "nimbus-operator.name" . | toYaml }}
app.kubernetes.io/instance: {{ .Release.Name | toYaml }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "nimbus-operator.labels" -}}
{{ include "nimbus-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: nimbus
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of every object with further ones, which take precedence over the common ones: a list of the root and these. */}}
{{- define "nimbus-operator.labelsWith" -}}
{{- merge (deepCopy (default dict (index . 1))) (include "nimbus-operator.labels" (index . 0) | fromYaml) | toYaml }}
{{- end }}

{{/* Annotations of what outlives the release: for Helm; for Argo CD, which minds that of Helm at a deletion and not at a prune; for Flux. */}}
{{- define "nimbus-operator.kept" -}}
helm.sh/resource-policy: keep
argocd.argoproj.io/sync-options: Prune=false,Delete=false
kustomize.toolkit.fluxcd.io/prune: disabled
{{- end }}

{{- define "nimbus-operator.serviceAccountName" -}}
{{- default (include "nimbus-operator.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{/* The user name by which RBAC and the admission policies know the operator. */}}
{{- define "nimbus-operator.account" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "nimbus-operator.serviceAccountName" . }}
{{- end }}

{{- define "nimbus-operator.image" -}}
{{- with .Values.image }}
{{- with .registry }}{{ . }}/{{ end }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{/* The ConfigMap with the cluster ID. One per namespace: another release there cannot bring another ID. */}}
{{- define "nimbus-operator.clusterIdConfigMap" -}}
{{- default "nimbus-operator-cluster-id" .Values.clusterIdFrom.name }}
{{- end }}

{{/* Subjects of a binding, with the API group that RBAC requires. */}}
{{- define "nimbus-operator.subjects" -}}
{{- range . }}
- kind: {{ .kind }}
  name: {{ .name | quote }}
  {{- if eq .kind "ServiceAccount" }}
  namespace: {{ required (printf "the subject ServiceAccount %s needs a namespace" .name) .namespace | toYaml }}
  {{- else }}
  apiGroup: rbac.authorization.k8s.io
  {{- end }}
{{- end }}
{{- end }}

{{/* The operator as the subject of a binding. */}}
{{- define "nimbus-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "nimbus-operator.serviceAccountName" . | toYaml }}
  namespace: {{ .Release.Namespace | toYaml }}
{{- end }}

{{/* What to do with events, which show people what the operator did. */}}
{{- define "nimbus-operator.eventRules" -}}
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [get, list, watch]
{{- end }}

{{/* Arguments of the operator: a list of the command and the root. */}}
{{- define "nimbus-operator.args" -}}
- {{ index . 0 }}
{{- with index . 1 }}
- --instance={{ .Values.instance }}
- --concurrency={{ .Values.concurrency }}
- --log-format={{ .Values.logging.format }}
- --log-filter-file=/etc/nimbus/logging/filter
{{- with .Values.metrics }}
- --listen={{ if contains ":" .address }}[{{ .address }}]{{ else }}{{ .address }}{{ end }}:{{ .port }}
{{- end }}
{{- with .Values.leaderElection }}
{{- if .enabled }}
- --leader-elect
- --lease-duration={{ .leaseDuration }}
- --renew-deadline={{ .renewDeadline }}
- --retry-period={{ .retryPeriod }}
{{- end }}
{{- end }}
{{- if .Values.metrics.perTenant }}
- --metrics-per-tenant
{{- end }}
{{- if .Values.restrictToTenantNamespaces }}
{{- $names := list }}
{{- range .Values.tenantNamespaces }}{{ $names = append $names .name }}{{ end }}
- --namespace={{ join "," $names }}
{{- end }}
{{- $watched := list }}
{{- range .Values.tenantNamespaces }}{{ if .watchSecrets }}{{ $watched = append $watched .name }}{{ end }}{{ end }}
{{- with $watched }}
- --watch-secrets={{ join "," . }}
{{- end }}
{{- with .Values.trustedOrigins.acs }}
- --trusted-acs-origin={{ join "," . }}
{{- end }}
{{- with .Values.trustedOrigins.login }}
- --trusted-login-origin={{ join "," . }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* What its arguments and its environment name. */}}
{{- define "nimbus-operator.volumeMounts" -}}
- name: logging
  mountPath: /etc/nimbus/logging
  readOnly: true
{{- if .Values.federatedToken.enabled }}
- name: federated-token
  mountPath: /var/run/secrets/nimbus/federated
  readOnly: true
{{- end }}
{{- if .Values.caBundle.configMapName }}
- name: ca
  mountPath: /etc/nimbus/ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "nimbus-operator.volumes" -}}
- name: logging
  configMap:
    name: {{ printf "%s-logging" (include "nimbus-operator.fullname" .) | toYaml }}
    optional: true
{{- if .Values.federatedToken.enabled }}
- name: federated-token
  projected:
    sources:
      - serviceAccountToken:
          path: token
          audience: {{ .Values.federatedToken.audience | toYaml }}
          expirationSeconds: {{ .Values.federatedToken.expirationSeconds }}
{{- end }}
{{- if .Values.caBundle.configMapName }}
- name: ca
  configMap:
    name: {{ .Values.caBundle.configMapName | toYaml }}
{{- end }}
{{- end }}

{{/* Environment of the operator. */}}
{{- define "nimbus-operator.env" -}}
- name: NIMBUS_CLUSTER_ID
  valueFrom:
    configMapKeyRef:
      name: {{ include "nimbus-operator.clusterIdConfigMap" . | toYaml }}
      key: {{ ternary .Values.clusterIdFrom.key "cluster-id" (ne .Values.clusterIdFrom.name "") | toYaml }}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- if .Values.federatedToken.enabled }}
- name: AZURE_FEDERATED_TOKEN_FILE
  value: /var/run/secrets/nimbus/federated/token
{{- end }}
{{- if .Values.caBundle.configMapName }}
- name: SSL_CERT_FILE
  value: /etc/nimbus/ca/{{ .Values.caBundle.key }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
