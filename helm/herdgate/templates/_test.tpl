{{/* herdgate.testHook: takes the weight. */}}
{{- define "herdgate.testHook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* herdgate.testMeta: labels and annotations of a pod that runs it; without a mesh's proxy, which would not end with it. */}}
{{- define "herdgate.testMeta" -}}
labels:
  {{- include "herdgate.labels" . | nindent 2 }}
  app.kubernetes.io/component: test
  sidecar.istio.io/inject: "false"
annotations:
  {{- include "herdgate.testHook" "0" | nindent 2 }}
  linkerd.io/inject: disabled
{{- end }}

{{/* herdgate.testPod: the spec of a pod that runs files/test.sh. Takes a dict: `root` and `env`, a map. */}}
{{- define "herdgate.testPod" -}}
{{- $root := .root }}
{{- $name := printf "%s-test" (include "herdgate.fullname" $root) -}}
restartPolicy: Never
activeDeadlineSeconds: 120
{{ include "herdgate.podBasics" $root }}
containers:
  - name: test
    image: {{ printf "%s:%s" $root.Values.test.image.repository $root.Values.test.image.tag | quote }}
    command: [sh, /test/test.sh]
    env:
      - name: KEY
        value: herdgate-test:{{ $root.Release.Revision }}
      {{- range $key, $value := .env }}
      - name: {{ $key }}
        value: {{ $value | quote }}
      {{- end }}
    resources:
      {{- include "herdgate.resources" $root.Values.test | nindent 6 }}
    securityContext:
      {{- include "herdgate.securityContext" $root.Values.sidecar | nindent 6 }}
    volumeMounts:
      - {name: test, mountPath: /test, readOnly: true}
volumes:
  - name: test
    configMap: {name: {{ $name }}}
{{- end }}
