{{/* Stops where values contradict each other or would be taken and ignored, before anything is made. */}}
{{- define "hookwright.checks" -}}
{{- $said := list -}}
{{- range $check := list "globals" "disk" "replicas" "tokens" "accounts" "pods" "around" "doors" -}}
{{- $said = concat $said (include (printf "hookwright.checks.%s" $check) $ | fromYamlArray) -}}
{{- end -}}
{{- with $said -}}{{ fail (join " " .) }}{{- end -}}
{{- end -}}

{{/* What a parent chart shares may be for its other charts; at the root nobody else would take it. */}}
{{- define "hookwright.checks.globals" -}}
{{- if .Chart.IsRoot -}}
{{- range $key, $_ := omit .Values.global "imageRegistry" "imagePullSecrets" "compatibility" }}
- global.{{ $key }} is not a value of this chart.
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hookwright.checks.disk" -}}
{{- $persistence := .Values.persistence -}}
{{- with .Values.store -}}
{{- if and (eq .kind "postgres") (not .postgres.urlSecret.name) }}
- store.kind is postgres; name the Secret with the database's URL in store.postgres.urlSecret.name.
{{- end -}}
{{- if and (eq .kind "sqlite") .copyFrom.existingClaim }}
- store.copyFrom.existingClaim is copied into a database, and there is none with store.kind=sqlite; leave out one of them.
{{- end -}}
{{- if eq .kind "postgres" -}}
{{- range $key, $default := dict "enabled" true "size" "10Gi" "accessMode" "ReadWriteOnce" "keep" true "existingClaim" "" "volumeName" "" -}}
{{- $said := index $persistence $key -}}
{{- if and (not (kindIs "invalid" $said)) (ne (toString $said) (toString $default)) }}
- persistence.{{ $key }} is of a disk, and there is none with store.kind=postgres; leave out one of them.
{{- end -}}
{{- end -}}
{{- if or $persistence.storageClass $persistence.annotations $persistence.labels $persistence.selector $persistence.dataSource }}
- persistence has what is said of a disk, and there is none with store.kind=postgres; leave out one of them.
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.store.kind "sqlite" -}}
{{- range $key := list "existingClaim" "storageClass" "annotations" "labels" "volumeName" "selector" "dataSource" -}}
{{- if index $persistence $key -}}
{{- if not $persistence.enabled }}
- persistence.{{ $key }} is set, but there is no disk with persistence.enabled=false; leave out one of them.
{{- else if and $persistence.existingClaim (ne $key "existingClaim") }}
- persistence.{{ $key }} is for the chart's claim, but persistence.existingClaim takes another; leave out one of them.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hookwright.checks.replicas" -}}
{{- $wanted := .Values.dispatcher.replicas | default 1 | int -}}
{{- if and (gt $wanted 1) (eq .Values.store.kind "sqlite") }}
- dispatcher.replicas is {{ $wanted }}, but a disk has one dispatcher; leave it out, or store in a database with store.kind=postgres.
{{- else if and (gt $wanted 1) (not (include "hookwright.shared" .)) }}
- dispatcher.replicas is {{ $wanted }}, but the claim of store.copyFrom is copied by one; leave out store.copyFrom as soon as that is done.
{{- end -}}
{{- end -}}

{{- define "hookwright.checks.tokens" -}}
{{- range $port := list "ingest" "admin" -}}
{{- with (index $.Values $port).existingSecret -}}
{{- if and (not .name) (ne .key "token") }}
- {{ $port }}.existingSecret.key is a key of a Secret; name it in {{ $port }}.existingSecret.name.
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.ingest.auth "none") .Values.ingest.existingSecret.name }}
- ingest.existingSecret has tokens that nobody is asked for with ingest.auth=none; leave out one of them.
{{- end -}}
{{- $admin := .Values.admin.existingSecret.name | default (printf "%s-admin-token" (include "hookwright.fullname" .)) -}}
{{- if and (eq .Values.admin.readTokenSecret $admin) (eq .Values.admin.existingSecret.key "token") }}
- admin.readTokenSecret is the Secret of the tokens that may do all; name another.
{{- end -}}
{{- end -}}

{{- define "hookwright.checks.accounts" -}}
{{- range $component := list "controller" "dispatcher" -}}
{{- with (index $.Values $component).serviceAccount -}}
{{- if and (not .create) (not .name) }}
- {{ $component }}.serviceAccount.create is false; name the ServiceAccount that is there already in {{ $component }}.serviceAccount.name.
{{- end -}}
{{- if and (not .create) (or .annotations .labels) }}
- {{ $component }}.serviceAccount has annotations or labels for a ServiceAccount that is not made; leave them out, or set its create to true.
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq (include "hookwright.serviceAccount" (list . "controller")) (include "hookwright.serviceAccount" (list . "dispatcher")) }}
- controller.serviceAccount.name and dispatcher.serviceAccount.name are the same; the dispatcher must not have the controller's rights, so take another name for one of them.
{{- end -}}
{{- $mounts := list -}}
{{- range .Values.controller.extraVolumeMounts }}{{ $mounts = append $mounts .mountPath }}{{ end -}}
{{- if not (or .Values.controller.serviceAccount.automount (has "/var/run/secrets/kubernetes.io/serviceaccount" $mounts)) }}
- controller.serviceAccount.automount is false; mount a token, ca.crt and namespace at /var/run/secrets/kubernetes.io/serviceaccount by controller.extraVolumeMounts.
{{- end -}}
{{- end -}}

{{- define "hookwright.checks.pods" -}}
{{- range $component := list "controller" "dispatcher" "test" -}}
{{- with index $.Values $component -}}
{{- if and (eq .dnsPolicy "None") (not .dnsConfig.nameservers) }}
- {{ $component }}.dnsPolicy is None; name the servers in {{ $component }}.dnsConfig.nameservers.
{{- end -}}
{{- $names := list $component -}}
{{- if and (eq $component "dispatcher") $.Values.store.copyFrom.existingClaim -}}
{{- $names = append $names "copy" -}}
{{- end -}}
{{- range concat .initContainers (.extraContainers | default list) -}}
{{- if has .name $names }}
- A container of {{ $component }} is called {{ .name }} already; take another name in initContainers or extraContainers.
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hookwright.checks.around" -}}
{{- with .Values.podDisruptionBudget -}}
{{- if not (or (kindIs "invalid" .minAvailable) (kindIs "invalid" .maxUnavailable)) }}
- podDisruptionBudget has both minAvailable and maxUnavailable; set one of them to null.
{{- end -}}
{{- end -}}
{{- with .Values.networkPolicy -}}
{{- if not .enabled -}}
{{- range $key := list "ingestFrom" "metricsFrom" "metricsNamespaces" -}}
{{- if index $.Values.networkPolicy $key }}
- networkPolicy.{{ $key }} closes nothing with networkPolicy.enabled=false; leave out one of them.
{{- end -}}
{{- end -}}
{{- if .egress.enabled }}
- networkPolicy.egress.enabled closes nothing with networkPolicy.enabled=false; leave out one of them.
{{- end -}}
{{- end -}}
{{- if and .egress.apiServer.cidrs (not .egress.enabled) }}
- networkPolicy.egress.apiServer.cidrs are of a policy that is not made with networkPolicy.egress.enabled=false; leave out one of them.
{{- end -}}
{{- if and .egress.enabled (eq $.Values.store.kind "postgres") (not .egress.rules) }}
- networkPolicy.egress.enabled closes the way to the database, whose address stands in a Secret; name the database in networkPolicy.egress.rules.
{{- end -}}
{{- if and .egress.rules (not .egress.enabled) }}
- networkPolicy.egress.rules are of a policy that is not made with networkPolicy.egress.enabled=false; leave out one of them.
{{- end -}}
{{- end -}}
{{- if and (not .Values.egress.caFile.configMap) (ne .Values.egress.caFile.key "ca.crt") }}
- egress.caFile.key is a key of a ConfigMap; name it in egress.caFile.configMap.
{{- end -}}
{{- end -}}
