{{/* What the names of all objects begin with, and HOOKWRIGHT_RELEASE. A release's name may hold dots and begin with a
     digit, that of a Service may not. */}}
{{- define "hookwright.fullname" -}}
{{- $kind := .Values.nameOverride | default "hookwright" -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- $default := ternary $release (printf "%s-%s" $release $kind) (contains $kind $release) -}}
{{- if regexMatch "^[0-9]" $default -}}
{{- $default = printf "%s-%s" $kind $release -}}
{{- end -}}
{{- .Values.fullnameOverride | default $default | trunc 40 | trimAll "-" -}}
{{- end -}}

{{- define "hookwright.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{/* Name of an object that is not in the release's namespace. No other release has the same, as neither part of it can
     hold a dot. Argument: (list $ SUFFIX). */}}
{{- define "hookwright.clusterName" -}}
{{- include "hookwright.fullname" (index . 0) }}-{{ index . 1 }}.{{ include "hookwright.namespace" (index . 0) -}}
{{- end -}}

{{/* Labels by which pods are chosen; they never change. Argument: (list $ COMPONENT). */}}
{{- define "hookwright.selector" -}}
app.kubernetes.io/name: hookwright
app.kubernetes.io/instance: {{ (index . 0).Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Our own labels of every object. Argument: (list $ COMPONENT). */}}
{{- define "hookwright.labels" -}}
{{ include "hookwright.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
app.kubernetes.io/part-of: hookwright
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Labels and annotations of an object: ours, then its own, then those of all objects; whoever has a key first keeps it.
     Argument: dict of root, component, labels, annotations. */}}
{{- define "hookwright.marks" -}}
{{- $common := .root.Values -}}
labels:
  {{- merge (include "hookwright.labels" (list .root .component) | fromYaml) (.labels | default dict) $common.commonLabels | toYaml | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) $common.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Metadata of an object. Argument: dict of root, component, labels and annotations (as for hookwright.marks), name
     (default: <fullname>-<component>), namespace (default: the release's; "-": it is of the whole cluster). */}}
{{- define "hookwright.metadata" -}}
{{- $namespace := .namespace | default (include "hookwright.namespace" .root) -}}
name: {{ .name | default (printf "%s-%s" (include "hookwright.fullname" .root) .component) | quote }}
{{- if ne $namespace "-" }}
namespace: {{ $namespace | quote }}
{{- end }}
{{ include "hookwright.marks" . }}
{{- end -}}

{{/* The image's reference. A registry for all charts goes before the image's own. */}}
{{- define "hookwright.image" -}}
{{- $registry := .Values.global.imageRegistry | default .Values.image.registry -}}
{{- with .Values.image -}}
{{- if $registry }}{{ $registry }}/{{ end }}{{ .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Name of a component's ServiceAccount. Argument: (list $ COMPONENT). */}}
{{- define "hookwright.serviceAccount" -}}
{{- (index (index . 0).Values (index . 1)).serviceAccount.name | default (printf "%s-%s" (include "hookwright.fullname" (index . 0)) (index . 1)) -}}
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
