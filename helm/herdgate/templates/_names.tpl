{{/* Names and labels. All take the chart's `$`. */}}

{{- define "herdgate.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The release's name if that says what it is, else both: at most 40 characters, so that there is room for what is appended. */}}
{{- define "herdgate.fullname" -}}
{{- $name := include "herdgate.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "herdgate.labels" -}}
app.kubernetes.io/name: {{ include "herdgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: herdgate
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* herdgate.selector: takes a dict, `root` and `component`; these never change. */}}
{{- define "herdgate.selector" -}}
app.kubernetes.io/name: {{ include "herdgate.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "herdgate.monitoringLabels" -}}
{{ include "herdgate.labels" . }}
{{- with .Values.monitoring.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "herdgate.tokensSecret" -}}
{{- if .Values.tokens.existingSecret -}}
{{ .Values.tokens.existingSecret }}
{{- else if .Values.tokens.entries -}}
{{ include "herdgate.fullname" . }}-tokens
{{- end }}
{{- end }}

{{/* Name of the Secret with the injector's certificate. */}}
{{- define "herdgate.certificateSecret" -}}
{{- $certificate := .Values.injector.certificate }}
{{- if eq $certificate.source "existingSecret" }}{{ $certificate.existingSecret }}{{ else }}{{ include "herdgate.fullname" . }}-injector-tls{{ end }}
{{- end }}

{{/* What the restricted Pod Security Standard asks of a pod. */}}
{{- define "herdgate.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.sidecar.securityContext.runAsUser }}
runAsUser: {{ . | int64 }}
{{- end }}
{{- with .Values.sidecar.securityContext.runAsGroup }}
runAsGroup: {{ . | int64 }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}
