{{- define "nimbus-sandbox.fullname" -}}
{{- ternary .Release.Name (printf "%s-nimbus-sandbox" .Release.Name) (contains "sandbox" .Release.Name) | replace "." "-" | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "nimbus-sandbox.selectorLabels" -}}
app.kubernetes.io/name: nimbus-sandbox
app.kubernetes.io/instance: {{ .Release.Name | toYaml }}
{{- end }}

{{- define "nimbus-sandbox.labels" -}}
{{ include "nimbus-sandbox.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: nimbus
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "nimbus-sandbox.image" -}}
{{- with .Values.image }}
{{- with .registry }}{{ . }}/{{ end }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{/* The host name that clients use. */}}
{{- define "nimbus-sandbox.host" -}}
{{ include "nimbus-sandbox.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end }}
