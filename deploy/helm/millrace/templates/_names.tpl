{{- define "millrace.fullname" -}}
{{- if contains "millrace" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-millrace" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- /* The labels that never change: what selectors use. */ -}}
{{- define "millrace.selector" -}}
app.kubernetes.io/name: millrace
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .role }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "millrace.labels" -}}
{{ include "millrace.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "millrace.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* The names of ports have 15 letters at most. */ -}}
{{- define "millrace.portName" -}}
{{ . | replace "jaeger-udp-" "udp-" }}
{{- end }}

{{- define "millrace.topic" -}}
{{ .root.Values.topics.prefix }}{{ (index .root.Values.topics .key).name }}
{{- end }}

{{- /* 7d in milliseconds. */ -}}
{{- define "millrace.millis" -}}
{{- $text := toString . -}}
{{- if not (regexMatch "^[0-9]+(ms|s|m|h|d)$" $text) }}{{ fail (printf "retention: %s (expected: a number and ms, s, m, h or d)" $text) }}{{ end -}}
{{- $number := regexFind "^[0-9]+" $text | int64 -}}
{{- $unit := regexFind "[a-z]+$" $text -}}
{{- mul $number (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) $unit) -}}
{{- end }}

{{- define "millrace.bootstrapServers" -}}
{{- if .Values.strimzi.enabled }}{{ .Values.strimzi.cluster }}-kafka-bootstrap:9093{{ else }}{{ required "bootstrapServers: empty (expected: host:port of Kafka, or strimzi.enabled: true)" .Values.bootstrapServers }}{{ end }}
{{- end }}

{{- /* The topics are the store: queries hold it, and nobody ingests. */ -}}
{{- define "millrace.topicsAreTheStore" -}}
{{- if eq (dig "storage" "type" "local" .Values.config) "kafka" }}yes{{ end }}
{{- end }}

{{- define "millrace.ingests" -}}
{{- if and .Values.ingester.enabled (not (include "millrace.topicsAreTheStore" .)) }}yes{{ end }}
{{- end }}

{{- /* The topics there are, a comma after each: without aggregator, ingester and query, those that collectors write. */ -}}
{{- define "millrace.topicKeys" -}}
spans,
{{- if or .Values.aggregator.enabled .Values.query.enabled (include "millrace.ingests" .) -}}
traces-complete,sampling-decisions,sampling-control,dependencies,
{{- end -}}
ledger,dead-letters
{{- end }}

{{- /* The topic of a site, which has the same name here and there. */ -}}
{{- define "millrace.siteTopic" -}}
{{ .site }}.{{ .root.Values.topics.spans.name }}
{{- end }}
