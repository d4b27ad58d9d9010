{{- /* What every pod looks like, whatever makes it: OpenShift's restricted-v2 admits it as it is. */ -}}
{{- define "millrace.pod" -}}
{{- $values := index .root.Values .role -}}
{{- $fullname := include "millrace.fullname" .root -}}
metadata:
  labels:
    {{- include "millrace.selector" . | nindent 4 }}
    {{- with .root.Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # Settings are read at the start, so a change of them makes new pods.
    checksum/config: {{ include "millrace.config" . | sha256sum }}
    {{- with .root.Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  automountServiceAccountToken: false
  # Variables for every Service around would be taken for settings.
  enableServiceLinks: false
  terminationGracePeriodSeconds: 45
  {{- with .root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext: {{- include "millrace.podSecurity" . | nindent 4 }}
  {{- if ne .role "agent" }}
  topologySpreadConstraints:
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "millrace.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  containers:
    - name: {{ .role }}
      image: {{ include "millrace.image" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [{{ .role }}]
      env:
        - name: JDK_JAVA_OPTIONS
          value: {{ $values.jvmOptions | quote }}
        - name: MILLRACE_INSTANCE
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- if and (eq .role "query") (include "millrace.topicsAreTheStore" .root) }}
        - name: MILLRACE_STORAGE_KAFKA_PEERS_ADVERTISED_HOST
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        {{- end }}
        {{- if eq .role "agent" }}
        # Whose node it is on is said of every span that does not say so itself.
        - name: MILLRACE_AGENT_RESOURCE_NODE
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        {{- end }}
        {{- with .root.Values.env }}{{ toYaml . | nindent 8 }}{{ end }}
      ports:
        - name: health
          containerPort: 13133
        - name: metrics
          containerPort: 8888
        {{- with .ports }}{{ . | nindent 8 }}{{ end }}
      startupProbe:
        httpGet:
          path: /live
          port: health
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet:
          path: /live
          port: health
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet:
          path: /ready
          port: health
        periodSeconds: 5
        timeoutSeconds: 5
      resources: {{- toYaml $values.resources | nindent 8 }}
      securityContext: {{- include "millrace.containerSecurity" . | nindent 8 }}
      volumeMounts: {{- include "millrace.mounts" . | nindent 8 }}
  volumes: {{- include "millrace.volumes" . | nindent 4 }}
{{- end }}

{{- define "millrace.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "millrace.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "millrace.mounts" -}}
- name: config
  mountPath: /etc/millrace
  readOnly: true
- name: data
  mountPath: /var/lib/millrace
# Libraries unpack their native code there.
- name: tmp
  mountPath: /tmp
{{- if and .root.Values.strimzi.enabled (ne .role "agent") }}
- name: kafka-ca
  mountPath: /etc/millrace-kafka/ca
  readOnly: true
- name: kafka-user
  mountPath: /etc/millrace-kafka/user
  readOnly: true
{{- end }}
{{- if and (eq .role "query") (include "millrace.topicsAreTheStore" .root) }}
- name: peers
  mountPath: /etc/millrace-peers
  readOnly: true
{{- end }}
{{- range .root.Values.secrets }}
- name: secret-{{ .name }}
  mountPath: /etc/millrace-secrets/{{ .name }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "millrace.volumes" -}}
{{- $fullname := include "millrace.fullname" .root -}}
- name: config
  configMap:
    name: {{ $fullname }}-{{ .role }}
- name: data
  {{- with (index .root.Values .role).scratch }}
  emptyDir:
    sizeLimit: {{ . }}
  {{- else }}
  emptyDir: {}
  {{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- if and .root.Values.strimzi.enabled (ne .role "agent") }}
- name: kafka-ca
  secret:
    secretName: {{ .root.Values.strimzi.cluster }}-cluster-ca-cert
- name: kafka-user
  secret:
    secretName: {{ $fullname }}-{{ .role }}
{{- end }}
{{- if and (eq .role "query") (include "millrace.topicsAreTheStore" .root) }}
- name: peers
  secret:
    secretName: {{ .root.Values.query.peersSecret }}
{{- end }}
{{- range .root.Values.secrets }}
- name: secret-{{ .name }}
  secret:
    secretName: {{ .secret }}
{{- end }}
{{- end }}

{{- define "millrace.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "millrace.fullname" .root }}-{{ .role }}
  labels: {{- include "millrace.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{- include "millrace.selector" . | nindent 6 }}
{{- end }}
