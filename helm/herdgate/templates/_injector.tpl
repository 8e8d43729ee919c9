{{/* herdgate.injectedConfig: the object whose configuration pods get that name none. */}}
{{- define "herdgate.injectedConfig" -}}
{{- $own := .Values.sidecar.config }}
{{- $own.configMap | default $own.secret | default .Values.injector.policies | default (printf "%s-default" (include "herdgate.fullname" .)) }}
{{- end }}

{{/* herdgate.canAskFirst: something if the API server takes conditions of a webhook: on by default from Kubernetes 1.28 on. */}}
{{- define "herdgate.canAskFirst" -}}
{{- if semverCompare ">=1.28.0-0" .Capabilities.KubeVersion.Version }}yes{{ end }}
{{- end }}

{{/* herdgate.skippedNamespaces: those whose pods the webhook never looks at, a list as JSON. */}}
{{- define "herdgate.skippedNamespaces" -}}
{{- list "kube-system" "kube-public" "kube-node-lease" .Release.Namespace | uniq | toJson }}
{{- end }}

{{/* herdgate.injectedNamespaces: those of the configurations whose pods it looks at, as far as the chart can tell, a list as JSON. */}}
{{- define "herdgate.injectedNamespaces" -}}
{{- $seen := list }}
{{- $skipped := include "herdgate.skippedNamespaces" . | fromJsonArray }}
{{- range include "herdgate.appNamespaces" . | fromJsonArray }}
{{- if not (has . $skipped) }}{{ $seen = append $seen . }}{{ end }}
{{- end }}
{{- toJson $seen }}
{{- end }}

{{/*
herdgate.injection: what the injector puts into pods, made by the library chart's own templates, so that both ways give the same sidecar. Its form:
sidecar/inject/sidecar_template.h. The injector sets the image, and in the native form the container's restartPolicy.
*/}}
{{- define "herdgate.injection" -}}
{{- $values := include "herdgate.sidecarValues" (dict "root" . "name" (include "herdgate.injectedConfig" .)) | fromYaml }}
{{- $call := dict "root" . "values" $values "form" "native" -}}
container:
  {{- omit (include "herdgate.container" $call | fromYaml) "image" "restartPolicy" | toYaml | nindent 2 }}
plain:
  {{- pick (include "herdgate.container" (dict "root" . "values" $values "form" "plain") | fromYaml) "args" | toYaml | nindent 2 }}
{{- with include "herdgate.volumes" $call }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- if $values.appEnv.name }}
env:
  {{- include "herdgate.appEnv" $call | nindent 2 }}
{{- end }}
{{- if eq $values.connection "socket" }}
volumeMounts:
  {{- include "herdgate.appMounts" $call | nindent 2 }}
{{- end }}
{{- end }}

{{/*
herdgate.chartCertificate: the chart's own certificate, a map as YAML of `ca`, `cert`, `key`, each base64. The one in the cluster stays, so that an
upgrade changes nothing. One call a render: the next would make another.
*/}}
{{- define "herdgate.chartCertificate" -}}
{{- $secret := include "herdgate.certificateSecret" . }}
{{- $host := printf "%s-injector.%s.svc" (include "herdgate.fullname" .) .Release.Namespace }}
{{- $there := lookup "v1" "Secret" .Release.Namespace $secret }}
{{- if and $there (hasKey ($there.data | default dict) "ca.crt") }}
ca: {{ index $there.data "ca.crt" }}
cert: {{ index $there.data "tls.crt" }}
key: {{ index $there.data "tls.key" }}
{{- else }}
{{- $days := int .Values.injector.certificate.days }}
{{- $ca := genCA (printf "%s-ca" $secret) $days }}
{{- $pair := genSignedCert $host nil (list $host (trimSuffix ".svc" $host) (printf "%s.cluster.local" $host)) $days $ca }}
ca: {{ b64enc $ca.Cert }}
cert: {{ b64enc $pair.Cert }}
key: {{ b64enc $pair.Key }}
{{- end }}
{{- end }}
