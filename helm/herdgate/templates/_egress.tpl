{{/* herdgate.egress: names and Redis, nothing else. */}}
{{- define "herdgate.egress" -}}
{{- $policy := .Values.networkPolicy }}
{{- $address := regexReplaceAll "^[a-z+]+://([^@/]*@)?" .Values.config.upstream.url "" }}
{{- $port := regexFind ":[0-9]+([/?]|$)" $address | regexFind "[0-9]+" | default "6379" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
- ports:
    - {port: {{ $port }}, protocol: TCP}
  {{- with $policy.upstream }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
