{{- define "example.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The pod as it would be without a sidecar: it uses the Redis that REDIS_URL names. */}}
{{- define "example.pod" -}}
automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
{{- if eq .Values.kind "Job" }}
restartPolicy: Never
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.user }}
  runAsGroup: {{ .Values.user }}
  seccompProfile: {type: RuntimeDefault}
containers:
  - name: app
    image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
    command: [sh, -c]
    args:
      - |
        round=0
        while {{ ternary "[ $round -lt 10 ]" "true" (eq .Values.kind "Job") }}; do
          round=$((round + 1))
          case $REDIS_URL in
            unix://*) set -- -s "${REDIS_URL#unix://}" ;;
            *) set -- -u "$REDIS_URL" ;;
          esac
          redis-cli "$@" SET example:clock "$(date)" EX 60
          redis-cli "$@" GET example:clock
          sleep 1
        done
    {{- with .Values.env }}
    env:
      {{- range $name, $value := . }}
      - name: {{ $name }}
        value: {{ $value | quote }}
      {{- end }}
    {{- end }}
    resources:
      requests: {cpu: 10m, memory: 16Mi}
      limits: {memory: 32Mi}
    securityContext:
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}
{{- end }}
