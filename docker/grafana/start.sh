#!/bin/sh
# Grafana is published: without a password it would let everybody in as admin/admin.
set -eu
if [ -z "${GF_SECURITY_ADMIN_PASSWORD:-}" ]; then
  echo 'ADMIN_PASSWORD is not set: Grafana does not start without it' >&2
  exit 1
fi
exec /run.sh
