{{/*
herdgate.yaml: a whole configuration. Takes a dict: `root` and `policies`, a list.
*/}}
{{- define "herdgate.yaml" -}}
# Made by Helm: change the values of release {{ .root.Release.Name }}, not this.
{{ toYaml .root.Values.config }}
{{- if .policies }}
policies:
  {{- range .policies }}
  - {{ include "herdgate.policy" . | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- end }}

{{/* herdgate.policy: one policy. YAML as Helm reads it takes off for false, which is no mode. */}}
{{- define "herdgate.policy" -}}
{{- $policy := deepCopy . }}
{{- range $owner := list $policy ($policy.refresh | default dict) }}
{{- if and (hasKey $owner "mode") (kindIs "bool" $owner.mode) }}{{ $_ := set $owner "mode" "off" }}{{ end }}
{{- end }}
{{- toYaml $policy }}
{{- end }}

{{/* herdgate.appNamespaces: where the apps are, a list as JSON. */}}
{{- define "herdgate.appNamespaces" -}}
{{- .Values.configStore.namespaces | default (list .Release.Namespace) | toJson }}
{{- end }}

{{/* herdgate.namespaces: where configurations and tokens go, a list as JSON. */}}
{{- define "herdgate.namespaces" -}}
{{- $namespaces := include "herdgate.appNamespaces" . | fromJsonArray }}
{{- if .Values.deployment.enabled }}{{ $namespaces = append $namespaces .Release.Namespace }}{{ end }}
{{- $namespaces | uniq | toJson }}
{{- end }}

{{/* herdgate.storedMeta: labels and annotations of what pods mount, by which it can be found, and stays. */}}
{{- define "herdgate.storedMeta" -}}
labels:
  {{- include "herdgate.labels" . | nindent 2 }}
  app.kubernetes.io/component: configuration
{{- if .Values.configStore.keep }}
annotations:
  # Pods mount this. Without it they could not start again, on another node for example.
  helm.sh/resource-policy: keep
{{- end }}
{{- end }}

{{/* herdgate.configKey: the value of the sidecar that names this chart's configurations: configMap or secret. */}}
{{- define "herdgate.configKey" -}}
{{- ternary "secret" "configMap" (eq .Values.configStore.kind "Secret") }}
{{- end }}

{{/* herdgate.sidecarValues: the sidecar's values with the configuration and tokens of this release, as YAML. Takes a dict: `root` and `name`, an object's name. */}}
{{- define "herdgate.sidecarValues" -}}
{{- $root := .root }}
{{- $values := deepCopy $root.Values.sidecar }}
{{- if not (or $values.config.configMap $values.config.secret) }}
{{- $_ := set $values.config (include "herdgate.configKey" $root) .name }}
{{- end }}
{{- with include "herdgate.tokensSecret" $root }}{{ $_ := set $values.admin "tokensSecret" . }}{{ end }}
{{- toYaml $values }}
{{- end }}

{{/* herdgate.checkValues: fails on values that are fine alone and wrong together. Writes nothing. */}}
{{- define "herdgate.checkValues" -}}
{{- $values := .Values }}
{{- include "herdgate.check" (dict "root" . "values" $values.sidecar) }}
{{- if and (ne $values.configStore.kind "Secret") (include "herdgate.holdsPassword" $values.config.upstream.url) }}
{{- fail "herdgate: config.upstream.url holds a password, which does not belong into a ConfigMap; set configStore.kind: Secret" }}
{{- end }}
{{- if and $values.tokens.existingSecret $values.tokens.entries }}
{{- fail "herdgate: tokens.existingSecret and tokens.entries are both set; which of them counts would be a guess, so leave one empty" }}
{{- end }}
{{- if and (hasPrefix "memory://" $values.config.upstream.url) (not $values.sidecar.cache.store) }}
{{- fail "herdgate: config.upstream.url is memory://, so sidecar.cache.store must say how much the embedded store may hold" }}
{{- end }}
{{- if $values.sidecar.appEnv.containers }}
{{- fail "herdgate: sidecar.appEnv.containers is set, and this chart does not know the containers of your pods: the injector tells all of them; it is for the library chart" }}
{{- end }}
{{- range $set, $policies := $values.policySets }}
{{- include "herdgate.checkPolicies" (dict "set" $set "policies" $policies "store" $values.sidecar.cache.store) }}
{{- end }}
{{- if and $values.deployment.enabled (not (hasKey $values.policySets $values.deployment.policySet)) }}
{{- fail (printf "herdgate: deployment.policySet is %q, which is not among policySets" $values.deployment.policySet) }}
{{- end }}
{{- if and $values.monitoring.serviceMonitor.enabled (not $values.deployment.enabled) }}
{{- fail "herdgate: monitoring.serviceMonitor.enabled needs deployment.enabled, because sidecars have no Service; use monitoring.podMonitor for them" }}
{{- end }}
{{- $scale := $values.deployment.autoscaling }}
{{- if and $scale.enabled (gt (int $scale.minReplicas) (int $scale.maxReplicas)) }}
{{- fail (printf "herdgate: deployment.autoscaling.minReplicas (%v) is above maxReplicas (%v)" $scale.minReplicas $scale.maxReplicas) }}
{{- end }}
{{- if $values.injector.enabled }}{{ include "herdgate.checkInjector" . }}{{ end }}
{{- end }}

{{/* herdgate.checkPolicies: what can be told of policies without the program; the rest is told by the Job that runs `herdgate check`. */}}
{{- define "herdgate.checkPolicies" -}}
{{- $set := .set }}
{{- $store := .store }}
{{- $names := dict }}
{{- range .policies }}
{{- $place := printf "policySets.%s: policy '%s'" $set .name }}
{{- if hasKey $names .name }}{{ fail (printf "herdgate: %s is there twice; each needs a name of its own" $place) }}{{ end }}
{{- $_ := set $names .name true }}
{{- $ttl := .ttl | default dict }}
{{- if and (eq (toString $ttl.missing) "apply") (not $ttl.default) }}
{{- fail (printf "herdgate: %s: ttl.missing: apply needs ttl.default" $place) }}
{{- end }}
{{- $offline := .offline | default dict }}
{{- if and (eq (toString $offline.fallback) "memory") (not $store) }}
{{- fail (printf "herdgate: %s: offline.fallback: memory needs sidecar.cache.store, which says how much it may hold" $place) }}
{{- end }}
{{- end }}
{{- end }}

{{/* herdgate.checkInjector: no webhook whose pods would find no configuration, and none without a certificate that can be checked. */}}
{{- define "herdgate.checkInjector" -}}
{{- include "herdgate.checkInjectedConfig" . }}
{{- $injector := .Values.injector }}
{{- if and (eq $injector.failurePolicy "Fail") (not (or $injector.namespaceSelector.matchLabels $injector.namespaceSelector.matchExpressions)) (not (include "herdgate.canAskFirst" .)) }}
{{- fail (printf "herdgate: injector.failurePolicy is Fail and injector.namespaceSelector is empty: on Kubernetes %s, which can't ask about annotated pods alone, no pod of any namespace would start while the injector is down; select namespaces" .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- $certificate := .Values.injector.certificate }}
{{- if eq $certificate.source "existingSecret" }}
{{- if not $certificate.existingSecret }}
{{- fail "herdgate: injector.certificate.existingSecret is empty, and the injector can't serve without a certificate; name a Secret, or set injector.certificate.source" }}
{{- end }}
{{- if not $certificate.caBundle }}
{{- fail "herdgate: injector.certificate.caBundle is empty, so the API server could not tell whether the injector is the right one; give the authority's certificate" }}
{{- end }}
{{- else if or $certificate.existingSecret $certificate.caBundle }}
{{- fail (printf "herdgate: injector.certificate.source is %s, but existingSecret or caBundle is set; say source: existingSecret, or leave them empty" $certificate.source) }}
{{- end }}
{{- if and (eq $certificate.source "certManager") (not $certificate.issuer.name) (lt (int $certificate.days) 365) }}
{{- fail (printf "herdgate: injector.certificate.days (%v) is too few for an authority, which must outlive the certificates of 90 days that it signs; give it a year or more" $certificate.days) }}
{{- end }}
{{- if and (eq $certificate.source "chart") $certificate.issuer.name }}
{{- fail "herdgate: injector.certificate.issuer.name is set, but source is chart; say source: certManager" }}
{{- end }}
{{- end }}

{{/*
herdgate.checkInjectedConfig: pods get the name of a configuration, and one that is not in their namespace keeps them from starting. A name that begins as
this chart's do must be of `policySets`; any other is of the user, who puts it where it belongs.
*/}}
{{- define "herdgate.checkInjectedConfig" -}}
{{- $own := .Values.sidecar.config }}
{{- if and .Values.injector.policies (or $own.configMap $own.secret) }}
{{- fail "herdgate: injector.policies and sidecar.config are both set; the configuration is one file, so leave one of them empty" }}
{{- end }}
{{- $named := include "herdgate.injectedConfig" . }}
{{- $prefix := printf "%s-" (include "herdgate.fullname" .) }}
{{- if hasPrefix $prefix $named }}
{{- $set := trimPrefix $prefix $named }}
{{- if not (hasKey .Values.policySets $set) }}
{{- $policies := .Values.injector.policies }}
{{- $value := ternary (printf "injector.policies is %q" $policies) "injector.policies is empty, which means policySets.default" (not (empty $policies)) }}
{{- fail (printf "herdgate: %s, and %q is not among policySets; name one of them with %q before it, or an object of your own that begins otherwise" $value $set $prefix) }}
{{- end }}
{{- if not (include "herdgate.injectedNamespaces" . | fromJsonArray) }}
{{- $all := .Values.configStore.namespaces }}
{{- $value := ternary "holds no namespace whose pods the injector looks at" "is empty" (not (empty $all)) }}
{{- fail (printf "herdgate: configStore.namespaces %s, and no pod with a sidecar would find its configuration; name the apps' namespaces (never looked at: %s)" $value (include "herdgate.skippedNamespaces" . | fromJsonArray | join ", ")) }}
{{- end }}
{{- end }}
{{- end }}
