{{/* herdgate.egress: names and Redis, nothing else: where `sidecar.upstream` says, which overrides the configuration. A socket and the embedded store need no network. */}}
{{- define "herdgate.egress" -}}
{{- $policy := .Values.networkPolicy }}
{{- $url := .Values.sidecar.upstream | default .Values.config.upstream.url }}
{{- $address := regexReplaceAll "^redis://(.*@)?" $url "" }}
{{- $port := regexFind ":[0-9]+([/?]|$)" $address | regexFind "[0-9]+" | default "6379" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- if hasPrefix "redis://" $url }}
- ports:
    - {port: {{ $port }}, protocol: TCP}
  {{- with $policy.upstream }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
