{{/*
herdgate.pod: a pod's spec with the sidecar in it, a map as YAML. This is what an app's chart calls:

  spec:
    {{- include "herdgate.pod" (dict "root" $ "values" .Values.herdgate "pod" (include "app.pod" . | fromYaml)) | nindent 4 }}

`pod` is the spec without the sidecar. Fails, in one sentence, on a pod that can't take one (see the README).
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
{{- with include "herdgate.allVolumes" (set $call "pod" $pod) }}
{{- $_ := set $pod "volumes" (fromYamlArray .) }}
{{- end }}
{{- toYaml $pod }}
{{- end }}

{{/* herdgate.checkPod: fails on a pod that can't take the sidecar. Writes nothing. */}}
{{- define "herdgate.checkPod" -}}
{{- $values := .values }}
{{- $pod := .pod }}
{{- $plain := eq .form "plain" }}
{{- $known := list }}
{{- range $list := list "initContainers" "containers" }}
{{- range index $pod $list }}
{{- if not (and $plain (eq $list "initContainers")) }}{{ $known = append $known .name }}{{ end }}
{{- $image := regexReplaceAll "[:@].*$" (base (toString .image)) "" }}
{{- if or (eq .name $values.name) (eq $image (base $values.image.repository)) }}
{{- fail (printf "herdgate: the pod has a sidecar already, container %q in its %s; a pod takes one" .name $list) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $values.appEnv.containers }}
{{- if not (has . $known) }}
{{- fail (printf "herdgate: appEnv.containers names %q, and no container of the pod that could use the sidecar is called so (%s)" . (join ", " $known)) }}
{{- end }}
{{- end }}
{{- include "herdgate.checkHost" . }}
{{- if and $plain (has (toString $pod.restartPolicy) (list "Never" "OnFailure")) }}
{{- fail (printf "herdgate: form is plain and the pod's restartPolicy is %s: the sidecar would keep the Job from ending; use form: native, from Kubernetes 1.29 on" $pod.restartPolicy) }}
{{- end }}
{{- $grace := $pod.terminationGracePeriodSeconds | default 30 | int }}
{{- if and $plain (ge (int $values.shutdownDelaySeconds) $grace) }}
{{- fail (printf "herdgate: shutdownDelaySeconds (%v) leaves nothing of the pod's terminationGracePeriodSeconds (%d); lower it" $values.shutdownDelaySeconds $grace) }}
{{- end }}
{{- end }}

{{/* herdgate.checkHost: fails where the sidecar would meet the node, a port that is in use, or a volume of its name. Writes nothing. */}}
{{- define "herdgate.checkHost" -}}
{{- $values := .values }}
{{- $pod := .pod }}
{{- if $pod.hostNetwork }}
{{- fail "herdgate: the pod has hostNetwork, and the sidecar's ports would be the node's; such a pod can't take one" }}
{{- end }}
{{- if eq (toString ($pod.os | default dict).name) "windows" }}
{{- fail "herdgate: the pod's os is windows, where the sidecar doesn't run" }}
{{- end }}
{{- $ports := dict (toString $values.telemetry.port) "telemetry.port" }}
{{- if eq $values.connection "port" }}{{ $_ := set $ports (toString $values.port) "port" }}{{ end }}
{{- if $values.admin.enabled }}{{ $_ := set $ports (toString $values.admin.port) "admin.port" }}{{ end }}
{{- range $list := list "initContainers" "containers" }}
{{- range $container := index $pod $list }}
{{- /* An init container that ends before the app starts has its ports to itself, as the injector sees it. */}}
{{- if or (eq $list "containers") (eq (toString $container.restartPolicy) "Always") }}
{{- range $container.ports }}
{{- $port := toString .containerPort }}
{{- if hasKey $ports $port }}
{{- fail (printf "herdgate: container %q has port %s, which the sidecar needs; change that, or the value %s" $container.name $port (get $ports $port)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* herdgate.allVolumes: the pod's volumes and the sidecar's, a list as YAML; fails on one of the sidecar's names with other content. */}}
{{- define "herdgate.allVolumes" -}}
{{- $all := .pod.volumes | default list }}
{{- range $ours := include "herdgate.volumes" . | fromYamlArray }}
{{- $there := false }}
{{- range $all }}
{{- if eq .name $ours.name }}
{{- if ne (toYaml (mergeOverwrite (deepCopy .) $ours)) (toYaml .) }}
{{- fail (printf "herdgate: the pod has another volume %q, a name that the sidecar needs; give it one of its own" .name) }}
{{- end }}
{{- $there = true }}
{{- end }}
{{- end }}
{{- if not $there }}{{ $all = append $all $ours }}{{ end }}
{{- end }}
{{- with $all }}{{ toYaml . }}{{ end }}
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

{{/*
herdgate.podAnnotations: what makes kubectl take the app's first container where none is named, a map as YAML; takes what herdgate.pod takes. Nothing in
the native form, whose sidecar is no such container.
*/}}
{{- define "herdgate.podAnnotations" -}}
{{- if eq (include "herdgate.form" .) "plain" -}}
kubectl.kubernetes.io/default-container: {{ (first .pod.containers).name }}
{{- end }}
{{- end }}

{{/* herdgate.podLabels: the label by which a NetworkPolicy finds pods with a sidecar. */}}
{{- define "herdgate.podLabels" -}}
herdgate.dev/sidecar: "true"
{{- end }}
