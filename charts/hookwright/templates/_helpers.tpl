{{/* What the names of all objects begin with, and HOOKWRIGHT_RELEASE. */}}
{{- define "hookwright.fullname" -}}
{{- $default := ternary .Release.Name (printf "%s-hookwright" .Release.Name) (contains "hookwright" .Release.Name) -}}
{{- .Values.fullnameOverride | default $default | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels by which pods are chosen; they never change. Argument: (list $ COMPONENT). */}}
{{- define "hookwright.selector" -}}
app.kubernetes.io/name: hookwright
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of every object. Argument: (list $ COMPONENT). */}}
{{- define "hookwright.labels" -}}
{{ include "hookwright.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "hookwright.image" -}}
{{- with .Values.image -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Where a component's pods may run. Argument: the component's values. */}}
{{- define "hookwright.scheduling" -}}
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
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What the controller may do with objects of users, in a ClusterRole or in the Role of a watched namespace. */}}
{{- define "hookwright.watchRules" -}}
- apiGroups: [hookwright.io]
  resources: [webhooks, webhooktests]
  verbs: [get, list, watch]
- apiGroups: [hookwright.io]
  resources: [webhooks/status, webhooktests/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}
