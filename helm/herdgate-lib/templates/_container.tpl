{{/*
herdgate.container: the sidecar's container, a map as YAML. Takes a dict: `root`, `values`, and
  form     native, plain, or alone: a Deployment of its own, where clients come from outside the pod
  noToken  true: the pod mounts no service account token, so none has to be kept out
*/}}
{{- define "herdgate.container" -}}
{{- include "herdgate.check" . }}
{{- $values := .values }}
{{- $form := .form | default (include "herdgate.form" .) -}}
name: {{ $values.name }}
image: {{ include "herdgate.image" . | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
{{- if eq $form "native" }}
restartPolicy: Always
{{- end }}
args:
  {{- include "herdgate.args" (dict "values" $values "form" $form) | nindent 2 }}
{{- with $values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - name: hg-telemetry
    containerPort: {{ $values.telemetry.port }}
    protocol: TCP
{{- if eq $form "alone" }}
  - name: redis
    containerPort: {{ $values.port }}
    protocol: TCP
{{- end }}
{{- range $probe, $path := dict "startup" "/startupz" "liveness" "/livez" "readiness" "/readyz" }}
{{ $probe }}Probe:
  httpGet:
    path: {{ $path }}
    port: hg-telemetry
  {{- toYaml (index $values.probes $probe) | nindent 2 }}
{{- end }}
resources:
  {{- include "herdgate.resources" $values | nindent 2 }}
securityContext:
  {{- include "herdgate.securityContext" $values | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
{{- with include "herdgate.mounts" (dict "values" $values "form" $form "noToken" .noToken) }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* herdgate.args: the flags of `herdgate serve`. Flags override the file, so that ports and limits are what the pod was made for. */}}
{{- define "herdgate.args" -}}
{{- $values := .values -}}
- serve
{{- if or $values.config.configMap $values.config.secret }}
- --config=/etc/herdgate/config/herdgate.yaml
{{- end }}
{{- if eq .form "alone" }}
- --listen=tcp://0.0.0.0:{{ $values.port }}
{{- else if eq $values.connection "socket" }}
- --listen=unix://{{ $values.socket.path }}
{{- else }}
- --listen=tcp://127.0.0.1:{{ $values.port }}
{{- end }}
{{- with $values.upstream }}
- {{ printf "--upstream=%s" . | quote }}
{{- end }}
- --telemetry=0.0.0.0:{{ $values.telemetry.port }}
- --admin={{ ternary (printf "127.0.0.1:%v" $values.admin.port) "off" $values.admin.enabled }}
{{- if and $values.admin.enabled $values.admin.tokensSecret }}
- --admin-tokens-file=/etc/herdgate/tokens/tokens
{{- end }}
- --near-max-bytes={{ $values.cache.near }}
{{- with $values.cache.store }}
- --memory-max-bytes={{ . }}
{{- end }}
- --drain={{ $values.drain }}
{{- /* No preStop hook in any form: the native form needs none, and in the others Herdgate waits by itself, because its image has nothing that could. */}}
{{- if ne .form "native" }}
- --shutdown-delay={{ $values.shutdownDelaySeconds }}s
{{- end }}
{{- range $values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{/* herdgate.resources: no CPU limit unless one is asked for. */}}
{{- define "herdgate.resources" -}}
requests:
  cpu: {{ .resources.requests.cpu }}
  memory: {{ .resources.requests.memory }}
limits:
  {{- with .resources.limits.cpu }}
  cpu: {{ . }}
  {{- end }}
  memory: {{ .resources.limits.memory }}
{{- end }}

{{/* herdgate.securityContext: what the restricted Pod Security Standard asks of a container, so that it holds whatever the pod says. */}}
{{- define "herdgate.securityContext" -}}
runAsNonRoot: true
{{- with .securityContext.runAsUser }}
runAsUser: {{ . | int64 }}
{{- end }}
{{- with .securityContext.runAsGroup }}
runAsGroup: {{ . | int64 }}
{{- end }}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/*
herdgate.mounts: whole folders and never subPath, because only those change when a ConfigMap or Secret does. The empty volume over the folder of
service account tokens makes Kubernetes mount none: the sidecar needs none, whatever the app does.
*/}}
{{- define "herdgate.mounts" -}}
{{- $values := .values }}
{{- $mounts := list }}
{{- if or $values.config.configMap $values.config.secret }}
{{- $mounts = append $mounts (dict "name" "herdgate-config" "mountPath" "/etc/herdgate/config" "readOnly" true) }}
{{- end }}
{{- if and $values.admin.enabled $values.admin.tokensSecret }}
{{- $mounts = append $mounts (dict "name" "herdgate-tokens" "mountPath" "/etc/herdgate/tokens" "readOnly" true) }}
{{- end }}
{{- if ne .form "alone" }}
{{- if eq $values.connection "socket" }}
{{- $mounts = append $mounts (dict "name" "herdgate-socket" "mountPath" (dir $values.socket.path)) }}
{{- end }}
{{- if not .noToken }}
{{- $mounts = append $mounts (dict "name" "herdgate-no-token" "mountPath" "/var/run/secrets/kubernetes.io/serviceaccount" "readOnly" true) }}
{{- end }}
{{- end }}
{{- with concat $mounts $values.extraVolumeMounts }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* herdgate.volumes: the volumes of those mounts, a list as YAML; takes what herdgate.container takes. */}}
{{- define "herdgate.volumes" -}}
{{- $values := .values }}
{{- $volumes := list }}
{{- if $values.config.configMap }}
{{- $volumes = append $volumes (dict "name" "herdgate-config" "configMap" (dict "name" $values.config.configMap "defaultMode" 0444)) }}
{{- else if $values.config.secret }}
{{- $volumes = append $volumes (dict "name" "herdgate-config" "secret" (dict "secretName" $values.config.secret "defaultMode" 0444)) }}
{{- end }}
{{- if and $values.admin.enabled $values.admin.tokensSecret }}
{{- $volumes = append $volumes (dict "name" "herdgate-tokens" "secret" (dict "secretName" $values.admin.tokensSecret "defaultMode" 0444)) }}
{{- end }}
{{- if ne (.form | default "") "alone" }}
{{- if eq $values.connection "socket" }}
{{- $volumes = append $volumes (dict "name" "herdgate-socket" "emptyDir" (dict "medium" "Memory" "sizeLimit" $values.socket.sizeLimit)) }}
{{- end }}
{{- if not .noToken }}
{{- $volumes = append $volumes (dict "name" "herdgate-no-token" "emptyDir" (dict "sizeLimit" "1Mi")) }}
{{- end }}
{{- end }}
{{- with concat $volumes $values.extraVolumes }}{{ toYaml . }}{{ end }}
{{- end }}
