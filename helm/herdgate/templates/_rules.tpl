{{/* herdgate.rules: the groups of files/rules, with alerts left out and links completed as the values say. */}}
{{- define "herdgate.rules" -}}
{{- $values := .Values.monitoring.prometheusRule }}
{{- $known := list }}
{{- $groups := list }}
{{- range $path, $_ := .Files.Glob "files/rules/*.yaml" }}
{{- range ($.Files.Get $path | fromYaml).groups }}
{{- $rules := list }}
{{- range .rules }}
{{- if .alert }}{{ $known = append $known .alert }}{{ end }}
{{- if and $values.runbookBase .annotations }}
{{- $_ := set .annotations "runbook_url" (printf "%s%s" $values.runbookBase .annotations.runbook_url) }}
{{- end }}
{{- if not (and .alert (has .alert $values.disabledAlerts)) }}{{ $rules = append $rules . }}{{ end }}
{{- end }}
{{- $_ := set . "rules" $rules }}
{{- if $rules }}{{ $groups = append $groups . }}{{ end }}
{{- end }}
{{- end }}
{{- range $values.disabledAlerts }}
{{- if not (has . $known) }}{{ fail (printf "herdgate: monitoring.prometheusRule.disabledAlerts: there is no alert %q" .) }}{{ end }}
{{- end }}
{{- toYaml $groups }}
{{- end }}

{{/* herdgate.scrapeLimits: what Prometheus takes of one scrape; takes the values of a monitor. */}}
{{- define "herdgate.scrapeLimits" }}
{{- with .sampleLimit }}
  sampleLimit: {{ int64 . }}
{{- end }}
{{- with .labelValueLengthLimit }}
  labelValueLengthLimit: {{ int64 . }}
{{- end }}
{{- end }}
