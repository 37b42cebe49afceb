{{- /* SPDX-License-Identifier: Apache-2.0 */}}
{{- /* The Gateway as the controller's flag names it: namespace/name, perhaps /listener; empty uses Ingresses. */}}
{{- define "okno.gateway" -}}
{{- with .Values.gateway }}
{{- if .name }}
{{- required "gateway.namespace is needed with gateway.name" .namespace }}/{{ .name }}{{ if .listener }}/{{ .listener }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
