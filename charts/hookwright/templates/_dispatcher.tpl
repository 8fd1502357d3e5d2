{{/* Whether several dispatchers can be there: a disk has one, and so has one that is copied, as it is on one node. */}}
{{- define "hookwright.shared" -}}
{{- if and (eq .Values.store.kind "postgres") (not .Values.store.copyFrom.existingClaim) }}true{{ end -}}
{{- end -}}

{{- define "hookwright.dispatchers" -}}
{{- .Values.dispatcher.replicas | default (include "hookwright.shared" . | empty | ternary 1 2) | int -}}
{{- end -}}

{{/* Each revision is spread by itself, else what goes would have a part in where the next ones stand. */}}
{{- define "hookwright.dispatcherSpread" -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "hookwright.selector" (list $ "dispatcher") | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}

{{/* The settings of the dispatcher: one value is one variable. */}}
{{- define "hookwright.dispatcherEnv" -}}
- {name: HOOKWRIGHT_LOG_LEVEL, value: {{ .Values.logLevel }}}
- {name: HOOKWRIGHT_DATA, value: /data}
{{- with .Values.store }}
{{- if eq .kind "postgres" }}
- {name: HOOKWRIGHT_STORE_KIND, value: postgres}
- {name: HOOKWRIGHT_STORE_POSTGRES_URL_FILE, value: /database/url/url}
{{- if .postgres.caSecret.name }}
- {name: HOOKWRIGHT_STORE_POSTGRES_CA_FILE, value: /database/ca/ca.crt}
{{- end }}
- {name: HOOKWRIGHT_STORE_POSTGRES_SCHEMA, value: {{ .postgres.schema }}}
- {name: HOOKWRIGHT_STORE_POSTGRES_WAIT, value: {{ .postgres.wait }}}
{{- if .postgres.allowUnsafe }}
- {name: HOOKWRIGHT_STORE_POSTGRES_ALLOW_UNSAFE, value: "true"}
{{- end }}
{{- else if not $.Values.persistence.enabled }}
- {name: HOOKWRIGHT_DATA_KEPT, value: "false"}
{{- end }}
{{- end }}
- {name: HOOKWRIGHT_CONFIG, value: /config}
- {name: HOOKWRIGHT_LAST_GOOD, value: /last-good}
- {name: HOOKWRIGHT_TOKEN_FILE, value: /tokens/ingest/token}
- {name: HOOKWRIGHT_ADMIN_TOKEN_FILE, value: /tokens/admin/token}
{{- if .Values.admin.readTokenSecret }}
- {name: HOOKWRIGHT_ADMIN_READ_TOKEN_FILE, value: /tokens/admin-read/token}
{{- end }}
- {name: HOOKWRIGHT_INGEST_AUTH, value: {{ .Values.ingest.auth }}}
{{- with .Values.ingest.rate }}
- {name: HOOKWRIGHT_INGEST_RATE, value: {{ int64 . | quote }}}
{{- end }}
{{- $service := printf "%s-dispatcher" (include "hookwright.fullname" .) }}
{{- $namespace := include "hookwright.namespace" . }}
{{- $hosts := list $service }}
{{- range list "" ".svc" ".svc.cluster.local" }}
{{- $hosts = append $hosts (printf "%s.%s%s" $service $namespace .) }}
{{- end }}
- {name: HOOKWRIGHT_INGEST_HOSTS, value: {{ concat $hosts (include "hookwright.hosts" . | fromJsonArray) | join "," | quote }}}
- {name: HOOKWRIGHT_BACKLOG_WEBHOOK, value: {{ int64 .Values.backlog.webhook | quote }}}
{{- with .Values.backlog.webhookBytes }}
- {name: HOOKWRIGHT_BACKLOG_WEBHOOK_BYTES, value: {{ . }}}
{{- end }}
{{- with .Values.backlog.namespace }}
- {name: HOOKWRIGHT_BACKLOG_NAMESPACE, value: {{ int64 . | quote }}}
{{- end }}
{{- with .Values.backlog.namespaceBytes }}
- {name: HOOKWRIGHT_BACKLOG_NAMESPACE_BYTES, value: {{ . }}}
{{- end }}
- {name: HOOKWRIGHT_BACKLOG_TOTAL, value: {{ int64 .Values.backlog.total | quote }}}
- {name: HOOKWRIGHT_BACKLOG_BYTES, value: {{ .Values.backlog.bytes }}}
- {name: HOOKWRIGHT_DEAD_LETTERS_AGE, value: {{ .Values.deadLetters.age }}}
- {name: HOOKWRIGHT_DEAD_LETTERS_BYTES, value: {{ .Values.deadLetters.bytes }}}
- {name: HOOKWRIGHT_HISTORY_AGE, value: {{ .Values.history.age }}}
- {name: HOOKWRIGHT_HISTORY_BYTES, value: {{ .Values.history.bytes }}}
- {name: HOOKWRIGHT_HISTORY_BODIES, value: {{ .Values.history.bodies }}}
- {name: HOOKWRIGHT_DRAIN_DELAY, value: {{ .Values.drainDelay }}}
- {name: HOOKWRIGHT_DRAIN_TIMEOUT, value: {{ .Values.drainTimeout }}}
{{- with .Values.egress.allow }}
- {name: HOOKWRIGHT_EGRESS_ALLOW, value: {{ join "," . | quote }}}
{{- end }}
{{- with .Values.egress.deny }}
- {name: HOOKWRIGHT_EGRESS_DENY, value: {{ join "," . | quote }}}
{{- end }}
{{- with .Values.egress.allowHosts }}
- {name: HOOKWRIGHT_EGRESS_ALLOW_HOSTS, value: {{ join "," . | quote }}}
{{- end }}
{{- with .Values.egress.denyHosts }}
- {name: HOOKWRIGHT_EGRESS_DENY_HOSTS, value: {{ join "," . | quote }}}
{{- end }}
{{- with .Values.egress.connectTo }}
- {name: HOOKWRIGHT_EGRESS_CONNECT_TO, value: {{ join "," . | quote }}}
{{- end }}
{{- if .Values.egress.caFile.configMap }}
- {name: HOOKWRIGHT_EGRESS_CA_FILE, value: /authorities/ca.crt}
{{- end }}
{{- end -}}

{{- define "hookwright.databaseMounts" -}}
{{- if eq .Values.store.kind "postgres" -}}
- {name: database-url, mountPath: /database/url, readOnly: true}
{{- if .Values.store.postgres.caSecret.name }}
- {name: database-ca, mountPath: /database/ca, readOnly: true}
{{- end }}
{{- end -}}
{{- end -}}

{{/* What was stored in a data folder before goes into the database, once. */}}
{{- define "hookwright.dispatcherFirst" -}}
{{- with .Values.store -}}
{{- if .copyFrom.existingClaim -}}
{{- $args := list "store" "copy" "--from" "/copied" "--to-url-file" "/database/url/url" "--schema" .postgres.schema -}}
{{- if .postgres.caSecret.name -}}
{{- $args = concat $args (list "--ca-file" "/database/ca/ca.crt") -}}
{{- end -}}
{{- $mounts := printf "- {name: copied, mountPath: /copied}\n%s" (include "hookwright.databaseMounts" $) -}}
- args: {{ toJson $args }}
  {{- include "hookwright.container" (dict "root" $ "component" "dispatcher" "name" "copy" "mounts" $mounts "env" "[]") | nindent 2 }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hookwright.dispatcherMounts" -}}
- {name: data, mountPath: /data}
{{- with include "hookwright.databaseMounts" . }}
{{ . }}
{{- end }}
- {name: config, mountPath: /config, readOnly: true}
- {name: last-good, mountPath: /last-good}
- {name: ingest-token, mountPath: /tokens/ingest, readOnly: true}
- {name: admin-token, mountPath: /tokens/admin, readOnly: true}
{{- if .Values.admin.readTokenSecret }}
- {name: admin-read-token, mountPath: /tokens/admin-read, readOnly: true}
{{- end }}
{{- if .Values.egress.caFile.configMap }}
- {name: authorities, mountPath: /authorities, readOnly: true}
{{- end }}
{{- end -}}

{{- define "hookwright.dispatcherVolumes" -}}
{{- $name := include "hookwright.fullname" . -}}
{{- with .Values.store.postgres }}
{{- if eq $.Values.store.kind "postgres" }}
- name: database-url
  secret: {secretName: {{ .urlSecret.name }}, defaultMode: 0440, items: [{key: {{ .urlSecret.key }}, path: url}]}
{{- with .caSecret }}
{{- if .name }}
- name: database-ca
  secret: {secretName: {{ .name }}, defaultMode: 0440, items: [{key: {{ .key }}, path: ca.crt}]}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.store.copyFrom.existingClaim }}
- name: copied
  persistentVolumeClaim: {claimName: {{ . }}}
{{- end }}
- name: data
  {{- if eq .Values.store.kind "postgres" }}
  emptyDir: {sizeLimit: 16Mi}
  {{- else if .Values.persistence.enabled }}
  persistentVolumeClaim: {claimName: {{ .Values.persistence.existingClaim | default (printf "%s-data" $name) | quote }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ .Values.persistence.size }}}
  {{- end }}
# Written by the controller, in as many parts as the configuration needs.
- name: config
  projected:
    defaultMode: 0440
    sources:
    {{- range until 8 }}
    - secret: {name: {{ $name }}-config-{{ . }}, optional: true}
    {{- end }}
# The configuration in force holds every credential in use: it is never kept on a disk.
- name: last-good
  emptyDir: {medium: Memory, sizeLimit: 32Mi}
- name: ingest-token
  {{- include "hookwright.tokenVolume" (list . "ingest") | nindent 2 }}
- name: admin-token
  {{- include "hookwright.tokenVolume" (list . "admin") | nindent 2 }}
{{- with .Values.admin.readTokenSecret }}
- name: admin-read-token
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- with .Values.egress.caFile }}
{{- if .configMap }}
- name: authorities
  configMap: {name: {{ .configMap }}, items: [{key: {{ .key }}, path: ca.crt}]}
{{- end }}
{{- end }}
{{- end -}}
