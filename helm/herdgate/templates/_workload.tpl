{{/* What the chart's own Deployments have in common. */}}

{{/* herdgate.podBasics: what every pod of the chart says of itself; takes the chart's `$`. */}}
{{- define "herdgate.podBasics" -}}
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "herdgate.podSecurity" . | nindent 2 }}
{{- end }}

{{/*
herdgate.helperMeta: labels and annotations of pods that talk to no app: a mesh's proxy would keep the Job and the tests from ending, and, with strict mTLS,
the API server from the injector. Takes a dict: `root`, `component`, and `labels`, the user's.
*/}}
{{- define "herdgate.helperMeta" -}}
labels:
  {{- mergeOverwrite (dict "sidecar.istio.io/inject" "false") (deepCopy .labels) (include "herdgate.selector" . | fromYaml) | toYaml | nindent 2 }}
annotations:
  linkerd.io/inject: disabled
{{- end }}

{{/* herdgate.placement: where pods go; takes the values of one Deployment. */}}
{{- define "herdgate.placement" -}}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* herdgate.spread: pods on different nodes where that is possible; takes the selector's labels. */}}
{{- define "herdgate.spread" -}}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- . | nindent 14 }}
{{- end }}

{{/* herdgate.disruptionBudget: takes a dict: `root`, `name`, `component`, `maxUnavailable`. A pod that isn't well never keeps a node from being drained. */}}
{{- define "herdgate.disruptionBudget" }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "herdgate.labels" .root | nindent 4 }}
spec:
  maxUnavailable: {{ .maxUnavailable }}
  {{- if semverCompare ">=1.27.0-0" .root.Capabilities.KubeVersion.Version }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  {{- end }}
  selector:
    matchLabels:
      {{- include "herdgate.selector" . | nindent 6 }}
{{- end }}
