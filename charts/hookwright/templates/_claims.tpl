{{/* Claims of the namespace that releases of before have left and that nobody uses now: their names, a line each.
     What waits in one is delivered by nobody. Without a cluster (helm template, a client's dry run) there are none. */}}
{{- define "hookwright.leftClaims" -}}
{{- $namespace := include "hookwright.namespace" . -}}
{{- $own := printf "%s-data" (include "hookwright.fullname" .) -}}
{{- $used := list .Values.persistence.existingClaim .Values.store.copyFrom.existingClaim -}}
{{- if and .Values.persistence.enabled (eq .Values.store.kind "sqlite") -}}
{{- $used = append $used (.Values.persistence.existingClaim | default $own) -}}
{{- end -}}
{{- range (lookup "v1" "PersistentVolumeClaim" $namespace "").items -}}
{{- $name := .metadata.name -}}
{{- if and (eq "hookwright" (dig "app.kubernetes.io/name" "" (.metadata.labels | default dict))) (not (has $name $used)) -}}
{{- $dispatcher := printf "%s-dispatcher" (trimSuffix "-data" $name) -}}
{{- if or (eq $name $own) (not (lookup "apps/v1" "Deployment" $namespace $dispatcher)) }}
- {{ $name }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
