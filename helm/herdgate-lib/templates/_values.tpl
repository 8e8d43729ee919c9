{{/*
Helpers that read values. All take a dict with `root` (the chart's `$`) and `values` (those of herdgate-lib).
*/}}

{{/* The version of Herdgate that this chart was made for. A test holds it to Chart.yaml. */}}
{{- define "herdgate.version" -}}0.1.0{{- end }}

{{/*
herdgate.bytes: a size in bytes. Takes a dict: `size` (a Kubernetes quantity such as 128Mi, or one of Herdgate's such as 48MiB) and `name`, the value's
name for the message.
*/}}
{{- define "herdgate.bytes" -}}
{{- $size := toString .size }}
{{- if not (regexMatch "^[0-9]+([.][0-9]+)?([KMGT]iB?|[kMGT])?$" $size) }}
{{- fail (printf "herdgate: %s: %q is not a size such as 128Mi" .name $size) }}
{{- end }}
{{- $number := regexFind "^[0-9.]+" $size | float64 }}
{{- $unit := regexFind "[KMGTk]?i?B?$" $size | trimSuffix "B" }}
{{- $factors := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- mulf $number (get $factors $unit) | floor | int64 }}
{{- end }}

{{/* herdgate.image: the reference of the image. */}}
{{- define "herdgate.image" -}}
{{- with .values.image }}
{{- printf "%s:%s" .repository (.tag | default (include "herdgate.version" .)) }}
{{- with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}

{{/* herdgate.form: native or plain. */}}
{{- define "herdgate.form" -}}
{{- $can := semverCompare ">=1.29.0-0" .root.Capabilities.KubeVersion.Version }}
{{- if and (eq .values.form "native") (not $can) }}
{{- fail (printf "herdgate: form is native, which Kubernetes %s can't run; 1.29 is the first, use form: plain" .root.Capabilities.KubeVersion.Version) }}
{{- end }}
{{- if eq .values.form "auto" }}{{ ternary "native" "plain" $can }}{{ else }}{{ .values.form }}{{ end }}
{{- end }}

{{/* herdgate.url: the URL for the app. */}}
{{- define "herdgate.url" -}}
{{- if eq .values.connection "socket" -}}
{{ .values.socket.scheme }}://{{ .values.socket.path }}
{{- else -}}
redis://127.0.0.1:{{ .values.port }}
{{- end }}
{{- end }}

{{/* herdgate.checkMemory: fails if what may be held does not fit the memory limit. Writes nothing. */}}
{{- define "herdgate.checkMemory" -}}
{{- $cache := .values.cache }}
{{- $held := include "herdgate.bytes" (dict "size" $cache.near "name" "cache.near") | int64 }}
{{- $named := printf "cache.near (%s)" $cache.near }}
{{- if $cache.store }}
{{- $held = add $held (include "herdgate.bytes" (dict "size" $cache.store "name" "cache.store") | int64) }}
{{- $named = printf "%s, cache.store (%s)" $named $cache.store }}
{{- else if hasPrefix "memory://" .values.upstream }}
{{- fail "herdgate: upstream is memory://, so cache.store must say how much the embedded store may hold" }}
{{- end }}
{{- $held = add $held (include "herdgate.bytes" (dict "size" $cache.reserve "name" "cache.reserve") | int64) }}
{{- $limit := .values.resources.limits.memory }}
{{- if gt $held (include "herdgate.bytes" (dict "size" $limit "name" "resources.limits.memory") | int64) }}
{{- fail (printf "herdgate: %s and cache.reserve (%s) do not fit resources.limits.memory (%s); lower cache.near or raise the limit" $named $cache.reserve $limit) }}
{{- end }}
{{- end }}

{{/* herdgate.holdsPassword: something if a URL holds one, written as it should be or not: a colon with an @ behind it. */}}
{{- define "herdgate.holdsPassword" -}}
{{- if regexMatch "^[a-z+]+://.*:.*@" . }}yes{{ end }}
{{- end }}

{{/* herdgate.check: fails on values that are fine alone and wrong together. Writes nothing. */}}
{{- define "herdgate.check" -}}
{{- $values := .values }}
{{- include "herdgate.checkMemory" . }}
{{- if and $values.config.configMap $values.config.secret }}
{{- fail "herdgate: config.configMap and config.secret are both set; the configuration is one file, so name one of them" }}
{{- end }}
{{- if include "herdgate.holdsPassword" $values.upstream }}
{{- fail "herdgate: upstream holds a password, which anybody who sees the pod would read; put herdgate.yaml into a Secret and name it in config.secret" }}
{{- end }}
{{- $ports := dict }}
{{- range $name, $port := dict "port" $values.port "telemetry.port" $values.telemetry.port "admin.port" (ternary $values.admin.port 0 $values.admin.enabled) }}
{{- $key := toString $port }}
{{- if hasKey $ports $key }}
{{- fail (printf "herdgate: %s and %s are both %s; each needs a port of its own" (get $ports $key) $name $key) }}
{{- end }}
{{- $_ := set $ports $key $name }}
{{- end }}
{{- end }}
