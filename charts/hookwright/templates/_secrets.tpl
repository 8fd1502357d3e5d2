{{/* Secrets that the controller makes: their names, a line each. */}}
{{- define "hookwright.madeSecrets" -}}
{{- $name := include "hookwright.fullname" . -}}
{{- range until 8 }}
- {{ $name }}-config-{{ . }}
{{- end }}
- {{ $name }}-ingest-token
- {{ $name }}-admin-token
- {{ $name }}-hash-key
{{- end -}}

{{/* The volume's source of a port's tokens, under `token`. Argument: (list $ "ingest"). */}}
{{- define "hookwright.tokenVolume" -}}
{{- $own := (index (index . 0).Values (index . 1)).existingSecret -}}
{{- if $own.name -}}
secret: {secretName: {{ $own.name }}, items: [{key: {{ $own.key }}, path: token}], defaultMode: 0440}
{{- else -}}
secret: {secretName: {{ include "hookwright.fullname" (index . 0) }}-{{ index . 1 }}-token, defaultMode: 0440}
{{- end -}}
{{- end -}}

{{/* Whether an uninstall takes the Secrets with it: "true" or nothing. */}}
{{- define "hookwright.removesSecrets" -}}
{{- if and (not .Values.secrets.keep) .Values.rbac.create }}true{{ end -}}
{{- end -}}
