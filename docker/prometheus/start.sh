#!/bin/sh
# Prometheus reads no environment: where METRICS_TOKEN is set, the configuration is copied with the token's file in it.
# Workers ask for none, so they are not told.
set -eu
folder=${PROMETHEUS_FOLDER:-/etc/prometheus}
copies=${TMPDIR:-/tmp}
config=$folder/prometheus.yml
if [ -n "${METRICS_TOKEN:-}" ]; then
  umask 077
  printf %s "$METRICS_TOKEN" >"$copies/metrics-token"
  sed -e "s#^  - job_name: \(root\|cluster\)\$#&\n    authorization: { credentials_file: $copies/metrics-token }#" \
    -e "s#\[\(alerts\.yml\|targets/\)#[$folder/\1#" "$config" >"$copies/prometheus.yml"
  config=$copies/prometheus.yml
fi
unset METRICS_TOKEN
exec "${PROMETHEUS:-/bin/prometheus}" --config.file="$config" "$@"
