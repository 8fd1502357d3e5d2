{{/* Claims of the namespace that releases of before have left and that no Deployment mounts: their names, a line each.
     What waits in one is delivered by nobody. Without a cluster (helm template, a client's dry run) there are none. */}}
{{- define "hookwright.leftClaims" -}}
{{- $namespace := include "hookwright.namespace" . -}}
{{- $name := include "hookwright.fullname" . -}}
{{- $used := list .Values.persistence.existingClaim .Values.store.copyFrom.existingClaim -}}
{{- if and .Values.persistence.enabled (not .Values.persistence.existingClaim) (eq .Values.store.kind "sqlite") -}}
{{- $used = append $used (printf "%s-data" $name) -}}
{{- end -}}
{{- range (lookup "apps/v1" "Deployment" $namespace "").items -}}
{{- if ne .metadata.name (printf "%s-dispatcher" $name) -}}
{{- range .spec.template.spec.volumes -}}
{{- with .persistentVolumeClaim }}{{ $used = append $used .claimName }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range (lookup "v1" "PersistentVolumeClaim" $namespace "").items -}}
{{- $kind := dig "app.kubernetes.io/name" "" (.metadata.labels | default dict) -}}
{{- if and (eq $kind "hookwright") (not (has .metadata.name $used)) }}
- {{ .metadata.name }}
{{- end -}}
{{- end -}}
{{- end -}}
