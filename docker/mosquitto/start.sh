#!/bin/sh
# Starts Mosquitto with its dynamic security plug-in. A file of accounts that is not there is made, with one user, the
# cluster's; the cluster makes all the others.
set -eu
umask 077
data=${MOSQUITTO_DATA:-/mosquitto/data}
conf=${MOSQUITTO_CONF:-/tmp/mosquitto.conf}
if [ -z "${MQTT_PASSWORD:-}" ]; then
  echo 'MQTT_PASSWORD is not set: the password of the cluster at this broker' >&2
  exit 1
fi
for plugin in /usr/lib/mosquitto_dynamic_security.so /usr/lib/*/mosquitto_dynamic_security.so; do
  [ ! -e "$plugin" ] || break
done
accounts=$data/dynamic-security.json
[ -s "$accounts" ] || mosquitto_ctrl dynsec init "$accounts" "${MQTT_USER:-cluster}" "$MQTT_PASSWORD" >/dev/null
sed -e "s#@PLUGIN@#$plugin#" -e "s#@DATA@#$data#" "$(dirname "$0")/mosquitto.conf" >"$conf"
exec mosquitto -c "$conf"
