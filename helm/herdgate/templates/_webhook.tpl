{{/* herdgate.webhook: the certificate, by whichever way it comes, and the webhook that trusts it. */}}
{{- define "herdgate.webhook" }}
{{- $injector := .Values.injector }}
{{- $source := $injector.certificate.source }}
{{- $full := include "herdgate.fullname" . }}
{{- $secret := include "herdgate.certificateSecret" . }}
{{- $bundle := b64enc $injector.certificate.caBundle }}
{{- if eq $source "chart" }}
{{- $made := include "herdgate.chartCertificate" . | fromYaml }}
{{- $bundle = $made.ca }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ $secret }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "herdgate.labels" . | nindent 4 }}
type: kubernetes.io/tls
data:
  ca.crt: {{ $made.ca }}
  tls.crt: {{ $made.cert }}
  tls.key: {{ $made.key }}
{{- else if eq $source "certManager" }}
{{- include "herdgate.certManager" . }}
{{- end }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: {{ $full }}-injector-{{ .Release.Namespace }}
  labels:
    {{- include "herdgate.labels" . | nindent 4 }}
  {{- if eq $source "certManager" }}
  annotations:
    cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ $secret }}
  {{- end }}
webhooks:
  - name: inject.herdgate.dev
    admissionReviewVersions: [v1]
    clientConfig:
      {{- if ne $source "certManager" }}
      caBundle: {{ $bundle }}
      {{- end }}
      service:
        name: {{ $full }}-injector
        namespace: {{ .Release.Namespace }}
        path: /mutate
        port: 443
    failurePolicy: {{ $injector.failurePolicy }}
    reinvocationPolicy: IfNeeded
    sideEffects: None
    timeoutSeconds: {{ $injector.timeoutSeconds }}
    rules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE]
        resources: [pods]
        scope: Namespaced
    namespaceSelector:
      {{- with $injector.namespaceSelector.matchLabels }}
      matchLabels:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: NotIn
          values: {{ include "herdgate.skippedNamespaces" . }}
        {{- with $injector.namespaceSelector.matchExpressions }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- if include "herdgate.canAskFirst" . }}
    # A pod that doesn't ask is created without a question to the injector, whether that is up or not.
    matchConditions:
      - name: asked
        expression: has(object.metadata.annotations) && 'herdgate.dev/inject' in object.metadata.annotations
    {{- end }}
{{- end }}

{{/*
herdgate.certManager: the certificate as cert-manager makes it. If no issuer is named, an authority of the chart's own signs it: a certificate that signed
itself would be another authority at each renewal, and the API server would trust one of them while a pod still has the other.
*/}}
{{- define "herdgate.certManager" }}
{{- $full := include "herdgate.fullname" . }}
{{- $secret := include "herdgate.certificateSecret" . }}
{{- $issuer := .Values.injector.certificate.issuer }}
{{- $authority := printf "%s-injector-ca" $full }}
{{- if not $issuer.name }}
{{- range $name, $spec := dict (printf "%s-root" $authority) (dict "selfSigned" dict) $authority (dict "ca" (dict "secretName" $authority)) }}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: {{ $name }}
  namespace: {{ $.Release.Namespace }}
  labels:
    {{- include "herdgate.labels" $ | nindent 4 }}
spec:
  {{- toYaml $spec | nindent 2 }}
{{- end }}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ $authority }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "herdgate.labels" . | nindent 4 }}
spec:
  secretName: {{ $authority }}
  isCA: true
  commonName: {{ $authority }}
  duration: {{ mul 24 .Values.injector.certificate.days }}h
  issuerRef:
    name: {{ $authority }}-root
    kind: Issuer
  privateKey:
    # With the same key, a renewed authority is still that of the certificates that it signed before.
    rotationPolicy: Never
{{- end }}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ $secret }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "herdgate.labels" . | nindent 4 }}
spec:
  secretName: {{ $secret }}
  dnsNames:
    - {{ $full }}-injector.{{ .Release.Namespace }}.svc
    - {{ $full }}-injector.{{ .Release.Namespace }}
  issuerRef:
    name: {{ $issuer.name | default $authority }}
    kind: {{ ternary $issuer.kind "Issuer" (not (empty $issuer.name)) }}
  privateKey:
    rotationPolicy: Always
{{- end }}
