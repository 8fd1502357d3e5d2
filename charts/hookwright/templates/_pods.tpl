{{/* A security context: that of all with a component's own fields over it. Where OpenShift chooses the users, none is
     named. Argument: (list $ OF-ALL OWN). */}}
{{- define "hookwright.securityContext" -}}
{{- $root := index . 0 -}}
{{- $context := deepCopy (index . 1) -}}
{{- range $key, $value := index . 2 }}
{{- $_ := set $context $key $value }}
{{- end }}
{{- $adapt := $root.Values.global.compatibility.openshift.adaptSecurityContext -}}
{{- if or (eq $adapt "force") (and (eq $adapt "auto") ($root.Capabilities.APIVersions.Has "security.openshift.io/v1")) }}
{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" }}
{{- end }}
{{- toYaml $context }}
{{- end -}}

{{/* A list of ours and what values add to it. Argument: dict of ours (YAML), added, key (no two have the same), where
     (the value's name). */}}
{{- define "hookwright.extended" -}}
{{- $all := .ours | fromYamlArray -}}
{{- $taken := dict -}}
{{- range $all }}
{{- $_ := set $taken (index . $.key) true }}
{{- end }}
{{- range .added }}
{{- if hasKey $taken (index . $.key) }}
{{- fail (printf "%s: the %s %s is there already; take another." $.where $.key (index . $.key)) }}
{{- end }}
{{- $_ := set $taken (index . $.key) true }}
{{- $all = append $all . }}
{{- end }}
{{- toYaml $all }}
{{- end -}}

{{/* The spec of a component's pod without its containers. Argument: dict of root, component, volumes (YAML), first (YAML
     of containers that end before the others begin), spread (YAML of topologySpreadConstraints, unless values say), account (the name of its ServiceAccount; default: the component's). */}}
{{- define "hookwright.pod" -}}
{{- $values := index .root.Values .component -}}
serviceAccountName: {{ if .account }}{{ .account | quote }}{{ else }}{{ include "hookwright.serviceAccount" (list .root .component) | quote }}{{ end }}
automountServiceAccountToken: {{ dig "serviceAccount" "automount" false $values }}
# Variables that Kubernetes makes from Services would be taken for settings.
enableServiceLinks: false
{{- with concat .root.Values.imagePullSecrets .root.Values.global.imagePullSecrets | uniq }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "hookwright.securityContext" (list .root .root.Values.podSecurityContext $values.podSecurityContext) | nindent 2 }}
{{- range $field := list "priorityClassName" "runtimeClassName" "schedulerName" "dnsPolicy" "dnsConfig" "hostAliases"
  "nodeSelector" "tolerations" "affinity" }}
{{- with index $values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- $spread := $values.topologySpreadConstraints }}
{{- with kindIs "invalid" $spread | ternary (.spread | default "[]" | fromYamlArray) $spread }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat (.first | default "[]" | fromYamlArray) ($values.initContainers | default list) }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $volumes := dict "ours" .volumes "added" $values.extraVolumes "key" "name" "where" (printf "%s.extraVolumes" .component) }}
{{- with include "hookwright.extended" $volumes | fromYamlArray }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What a component's own container has beside its command, ports and probes. Argument: dict of root, component, env and
     mounts (YAML), name (default: the component). */}}
{{- define "hookwright.container" -}}
{{- $values := index .root.Values .component -}}
name: {{ .name | default .component }}
image: {{ include "hookwright.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- $env := dict "ours" .env "added" $values.extraEnv "key" "name" "where" (printf "%s.extraEnv" .component) }}
{{- with include "hookwright.extended" $env | fromYamlArray }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  {{- include "hookwright.securityContext" (list .root .root.Values.securityContext $values.securityContext) | nindent 2 }}
{{- $mounts := dict "ours" .mounts "added" $values.extraVolumeMounts "key" "mountPath" "where" (printf "%s.extraVolumeMounts" .component) }}
{{- with include "hookwright.extended" $mounts | fromYamlArray }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
