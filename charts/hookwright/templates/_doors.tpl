{{/* The Service by which events come in from outside: one of its own, without the admin port, where it has another type. */}}
{{- define "hookwright.eventsService" -}}
{{ include "hookwright.fullname" . }}-{{ ternary "dispatcher" "events" (eq .Values.service.type "ClusterIP") }}
{{- end -}}

{{/* Names by which the events port is called beside those of its Service, as a JSON list. */}}
{{- define "hookwright.hosts" -}}
{{- $hosts := .Values.ingest.hosts -}}
{{- range list .Values.ingress .Values.httpRoute -}}
{{- if .enabled }}{{ $hosts = concat $hosts .hosts }}{{ end -}}
{{- end -}}
{{- uniq $hosts | toJson -}}
{{- end -}}

{{/* IP families of a Service. */}}
{{- define "hookwright.families" -}}
{{- with .Values.service.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.service.ipFamilies }}
ipFamilies: {{ toJson . }}
{{- end }}
{{- end -}}

{{/* The protocol that meshes and gateways are told, of a port. */}}
{{- define "hookwright.appProtocol" -}}
{{- with .Values.service.appProtocol }}, appProtocol: {{ . }}{{ end -}}
{{- end -}}

{{- define "hookwright.checks.doors" -}}
{{- $service := .Values.service -}}
{{- $inside := eq $service.type "ClusterIP" -}}
{{- if and $inside (ne (int $service.port) 8080) }}
- service.port is that of a Service for the outside; set service.type to NodePort or LoadBalancer, or leave it at 8080.
{{- end -}}
{{- if and (not $inside) (eq $service.clusterIP "None") }}
- service.clusterIP None does not go with service.type {{ $service.type }}; leave it out.
{{- end -}}
{{- range list "nodePort" "externalTrafficPolicy" -}}
{{- if and $inside (get $service .) }}
- service.{{ . }} needs service.type NodePort or LoadBalancer.
{{- end -}}
{{- end -}}
{{- range list "loadBalancerClass" "loadBalancerSourceRanges" -}}
{{- if and (ne $service.type "LoadBalancer") (get $service .) }}
- service.{{ . }} needs service.type LoadBalancer.
{{- end -}}
{{- end -}}
{{- range $key := list "ingress" "httpRoute" -}}
{{- if and (get $.Values $key).enabled (not (get $.Values $key).hosts) }}
- {{ $key }}.hosts is empty; name the hosts at which events are taken.
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
- httpRoute.parentRefs is empty; name the Gateway that the route belongs to.
{{- end -}}
{{- $outside := or (not $inside) .Values.ingress.enabled .Values.httpRoute.enabled -}}
{{- if and $outside (eq .Values.ingest.auth "none") (not .Values.ingest.openToAll) }}
- ingest.auth none lets everybody who reaches the Ingress, HTTPRoute or Service post events; set it to token, or ingest.openToAll to true if that is meant.
{{- end -}}
{{- end -}}

{{/* Who may read metrics, as peers of a NetworkPolicy: those that are named; else, where monitors are made, the usual scrapers. */}}
{{- define "hookwright.metricsPeers" -}}
{{- $policy := .Values.networkPolicy -}}
{{- with $policy.metricsFrom }}
{{- toYaml . }}
{{- end }}
{{- with $policy.metricsNamespaces }}
- namespaceSelector:
    matchExpressions:
    - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not $policy.metricsFrom) (not $policy.metricsNamespaces) }}
- namespaceSelector: {}
  podSelector:
    matchExpressions:
    - {key: app.kubernetes.io/name, operator: In, values: [prometheus, prometheus-agent, vmagent, alloy]}
{{- end }}
{{- end -}}

{{/* Name servers, as a rule of a NetworkPolicy; 5353 is where those of OpenShift's pods listen. */}}
{{- define "hookwright.nameServers" -}}
- ports:
  {{- range list 53 5353 }}
  - {port: {{ . }}, protocol: UDP}
  - {port: {{ . }}, protocol: TCP}
  {{- end }}
{{- end -}}

{{/* Name of an object for monitoring: where it stands in another namespace, one that no other release has there.
     Argument: (list $ SUFFIX NAMESPACE). */}}
{{- define "hookwright.monitorName" -}}
{{- $root := index . 0 -}}
{{- if index . 2 -}}
{{- include "hookwright.clusterName" (list $root (index . 1)) -}}
{{- else -}}
{{- include "hookwright.fullname" $root }}-{{ index . 1 -}}
{{- end -}}
{{- end -}}

{{/* Whether an object of the Prometheus operator is made. Argument: (list $ VALUES KIND); empty: no. */}}
{{- define "hookwright.monitored" -}}
{{- $values := index . 1 -}}
{{- $kind := printf "monitoring.coreos.com/v1/%s" (index . 2) -}}
{{- if and $values.enabled (or (eq $values.renderMode "alwaysRender") ((index . 0).Capabilities.APIVersions.Has $kind)) -}}yes{{- end -}}
{{- end -}}
