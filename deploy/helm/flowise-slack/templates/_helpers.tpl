{{- define "flowise-slack.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "flowise-slack.selector" -}}
app.kubernetes.io/name: flowise-slack
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "flowise-slack.labels" -}}
{{ include "flowise-slack.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "flowise-slack.secret" -}}
{{- .Values.secret | default (include "flowise-slack.name" .) -}}
{{- end -}}

{{- /* A value as the text of a setting: a large whole number would be written as 1e+07. */ -}}
{{- define "flowise-slack.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}
