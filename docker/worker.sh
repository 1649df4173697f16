#!/bin/sh
# The Docker Engine, which is outside of this container, mounts the shim into containers: it must lie in the data
# directory, which has the same path inside and outside.
set -eu
data=${HEDGEROW_DATA:-/var/lib/hedgerow/worker}
shim=$data/busybox
if ! cmp -s /bin/busybox "$shim"; then
  cp /bin/busybox "$shim.new"
  mv -f "$shim.new" "$shim"
fi
export HEDGEROW_SHIM="${HEDGEROW_SHIM:-$shim}"
exec node /opt/hedgerow/cli/bin/hedge.js worker "$@"
