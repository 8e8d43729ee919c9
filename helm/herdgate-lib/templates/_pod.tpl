{{/*
herdgate.pod: a pod's spec with the sidecar in it, a map as YAML. This is what an app's chart calls:

  spec:
    {{- include "herdgate.pod" (dict "root" $ "values" .Values.herdgate "pod" (include "app.pod" . | fromYaml)) | nindent 4 }}

`pod` is the spec without the sidecar. Fails, in one sentence, on a pod that has a sidecar already, on a Job that the plain form would hold, and on a
container that names its Redis itself.
*/}}
{{- define "herdgate.pod" -}}
{{- $pod := deepCopy .pod }}
{{- $values := .values }}
{{- if $pod.Error }}{{ fail (printf "herdgate: the pod's spec is not YAML: %s" $pod.Error) }}{{ end }}
{{- $form := include "herdgate.form" . }}
{{- include "herdgate.checkPod" (dict "pod" $pod "values" $values "form" $form) }}
{{- $noToken := eq (toString $pod.automountServiceAccountToken) "false" }}
{{- $call := dict "root" .root "values" $values "form" $form "noToken" $noToken }}
{{- $sidecar := include "herdgate.container" $call | fromYaml }}
{{- $app := list }}
{{- range $pod.containers }}{{ $app = append $app (include "herdgate.appContainer" (dict "container" . "values" $values) | fromYaml) }}{{ end }}
{{- if eq $form "native" }}
{{- /* First, so that the app's own init containers have their cache too. */}}
{{- $inits := list $sidecar }}
{{- range $pod.initContainers }}{{ $inits = append $inits (include "herdgate.appContainer" (dict "container" . "values" $values) | fromYaml) }}{{ end }}
{{- $_ := set $pod "initContainers" $inits }}
{{- $_ := set $pod "containers" $app }}
{{- else }}
{{- /* First, because the kubelet starts containers in this order. */}}
{{- $_ := set $pod "containers" (prepend $app $sidecar) }}
{{- end }}
{{- with include "herdgate.volumes" $call }}
{{- $_ := set $pod "volumes" (concat ($pod.volumes | default list) (fromYamlArray .)) }}
{{- end }}
{{- toYaml $pod }}
{{- end }}

{{/* herdgate.checkPod: fails on a pod that can't take the sidecar. Writes nothing. */}}
{{- define "herdgate.checkPod" -}}
{{- $values := .values }}
{{- $pod := .pod }}
{{- $plain := eq .form "plain" }}
{{- range $list := list "initContainers" "containers" }}
{{- range index $pod $list }}
{{- $image := regexReplaceAll "[:@].*$" (base (toString .image)) "" }}
{{- if or (eq .name $values.name) (eq $image (base $values.image.repository)) }}
{{- fail (printf "herdgate: the pod has a sidecar already, container %q in its %s; a pod takes one" .name $list) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $plain (has (toString $pod.restartPolicy) (list "Never" "OnFailure")) }}
{{- fail (printf "herdgate: form is plain and the pod's restartPolicy is %s: the sidecar would keep the Job from ending; use form: native, from Kubernetes 1.29 on" $pod.restartPolicy) }}
{{- end }}
{{- $grace := $pod.terminationGracePeriodSeconds | default 30 | int }}
{{- if and $plain (ge (int $values.shutdownDelaySeconds) $grace) }}
{{- fail (printf "herdgate: shutdownDelaySeconds (%v) leaves nothing of the pod's terminationGracePeriodSeconds (%d); lower it" $values.shutdownDelaySeconds $grace) }}
{{- end }}
{{- end }}

{{/* herdgate.appContainer: one of the app's containers with the URL, and the socket, added. */}}
{{- define "herdgate.appContainer" -}}
{{- $container := deepCopy .container }}
{{- $values := .values }}
{{- $chosen := or (empty $values.appEnv.containers) (has $container.name $values.appEnv.containers) }}
{{- if and $chosen $values.appEnv.name }}
{{- range $container.env }}
{{- if eq .name $values.appEnv.name }}
{{- fail (printf "herdgate: container %q sets %s itself and would not use the sidecar; take it out, or change appEnv.name" $container.name .name) }}
{{- end }}
{{- end }}
{{- $_ := set $container "env" (concat (include "herdgate.appEnv" . | fromYamlArray) ($container.env | default list)) }}
{{- end }}
{{- if and $chosen (eq $values.connection "socket") }}
{{- $_ := set $container "volumeMounts" (concat ($container.volumeMounts | default list) (include "herdgate.appMounts" . | fromYamlArray)) }}
{{- end }}
{{- toYaml $container }}
{{- end }}

{{/* herdgate.appEnv: the environment of a container that uses the sidecar, a list as YAML; for those who put a pod together by hand. */}}
{{- define "herdgate.appEnv" -}}
- name: {{ .values.appEnv.name }}
  value: {{ include "herdgate.url" . | quote }}
{{- end }}

{{/* herdgate.appMounts: what such a container mounts for `connection: socket`, a list as YAML. */}}
{{- define "herdgate.appMounts" -}}
- name: herdgate-socket
  mountPath: {{ dir .values.socket.path }}
  readOnly: true
{{- end }}

{{/* herdgate.podLabels: the label by which a NetworkPolicy finds pods with a sidecar. */}}
{{- define "herdgate.podLabels" -}}
herdgate.dev/sidecar: "true"
{{- end }}
