{{- /*
The settings of a role: what the cluster demands, then those for all, then those for the role. The
later one wins.
*/ -}}
{{- define "millrace.config" -}}
{{- if eq .role "agent" }}{{ include "millrace.agentConfig" . }}{{ else }}{{ include "millrace.serverConfig" . }}{{ end -}}
{{- end }}

{{- /* An agent knows neither Kafka nor a store, only collectors. */ -}}
{{- define "millrace.agentConfig" -}}
{{- $everywhere := "0.0.0.0" -}}
{{- $settings := dict
    "data-dir" "/var/lib/millrace"
    "health" (dict "host" $everywhere)
    "metrics" (dict "host" $everywhere)
    "collector" (dict "host" $everywhere "receivers" (deepCopy .root.Values.collector.receivers))
    "agent" (dict "collectors" (printf "%s-collector:4317" (include "millrace.fullname" .root)))
    "log" (deepCopy (.root.Values.config.log | default dict)) -}}
{{- toYaml (mergeOverwrite $settings (deepCopy .root.Values.agent.config)) -}}
{{- end }}

{{- define "millrace.serverConfig" -}}
{{- $values := .root.Values -}}
{{- if eq (dig "storage" "type" "local" $values.config) "local" }}{{ fail "config.storage.type: local (expected: elasticsearch, cassandra or kafka, which several processes can share)" }}{{ end -}}
{{- $everywhere := "0.0.0.0" -}}
{{- $settings := dict
    "data-dir" "/var/lib/millrace"
    "kafka" (dict "bootstrap-servers" (include "millrace.bootstrapServers" .root))
    "topics" (deepCopy $values.topics)
    "health" (dict "host" $everywhere)
    "metrics" (dict "host" $everywhere) -}}
{{- if $values.mirror.enabled -}}
{{- $sites := list -}}
{{- range $values.mirror.sites }}{{ $sites = append $sites .name }}{{ end -}}
{{- $settings = mergeOverwrite $settings (dict "sites" (join "," $sites)) -}}
{{- end -}}
{{- if $values.strimzi.enabled -}}
{{- $settings = mergeOverwrite $settings (dict "kafka" (dict
    "replication-factor" $values.strimzi.replication
    "properties" (dict
      "security.protocol" "SSL"
      "ssl.truststore.type" "PEM"
      "ssl.truststore.location" "/etc/millrace-kafka/ca/ca.crt"
      "ssl.keystore.type" "PKCS12"
      "ssl.keystore.location" "/etc/millrace-kafka/user/user.p12"
      "ssl.keystore.password" "${directory:/etc/millrace-kafka/user:user.password}"))) -}}
{{- end -}}
{{- $role := dict -}}
{{- if eq .role "collector" -}}
{{- $role = dict "collector" (dict "host" $everywhere "receivers" (deepCopy $values.collector.receivers)) -}}
{{- else if eq .role "aggregator" -}}
{{- $role = dict "aggregator" (dict "group" $values.aggregator.group "threads" $values.aggregator.threads) -}}
{{- else if eq .role "ingester" -}}
{{- $role = dict "ingester" (dict "group" $values.ingester.group) -}}
{{- else if eq .role "query" -}}
{{- $role = dict
    "aggregator" (dict "group" $values.aggregator.group)
    "ingester" (dict "group" $values.ingester.group)
    "query" (dict "host" $everywhere "processes" (printf "http://%s-pods:8888/metrics" (include "millrace.fullname" .root))) -}}
{{- if include "millrace.topicsAreTheStore" .root -}}
{{- $role = mergeOverwrite $role (dict "storage" (dict "kafka" (dict "peers" (dict
    "host" $everywhere
    "secret-file" "/etc/millrace-peers/secret")))) -}}
{{- end -}}
{{- end -}}
{{- toYaml (mergeOverwrite $settings (deepCopy $values.config) $role (deepCopy ((index $values .role).config | default dict))) -}}
{{- end }}

{{- define "millrace.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "millrace.fullname" .root }}-{{ .role }}
  labels: {{- include "millrace.labels" . | nindent 4 }}
data:
  millrace.yaml: |
    {{- include "millrace.config" . | nindent 4 }}
{{- end }}
