{{- /* The ports that collectors and agents take spans in by. */ -}}
{{- define "millrace.receiverPorts" -}}
{{- range $receiver, $setting := .Values.collector.receivers }}
{{- if $setting.enabled }}
- name: {{ include "millrace.portName" $receiver }}
  containerPort: {{ $setting.port }}
  protocol: {{ ternary "UDP" "TCP" (contains "-udp-" $receiver) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "millrace.receiverServicePorts" -}}
{{- range $receiver, $setting := .Values.collector.receivers }}
{{- if $setting.enabled }}
- name: {{ include "millrace.portName" $receiver }}
  port: {{ $setting.port }}
  targetPort: {{ include "millrace.portName" $receiver }}
  protocol: {{ ternary "UDP" "TCP" (contains "-udp-" $receiver) }}
{{- end }}
{{- end }}
{{- end }}
