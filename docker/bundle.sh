#!/bin/sh
# Puts what an image holds into /out/<role>. $1: `source` builds the bundles here, `dist` takes those of `npm run build`.
set -eu
case $1 in
  source) npm ci --no-audit --no-fund && node scripts/build.ts ;;
  dist) [ -s dist/root.mjs ] || { echo 'BUNDLE=dist needs dist/: npm run build' >&2; exit 1; } ;;
  *) echo "BUNDLE is '$1'; allowed: source, dist" >&2; exit 1 ;;
esac
for role in root cluster worker; do
  out=/out/$role
  mkdir -p "$out/cli" "$out/dist"
  cp -r cli/bin cli/package.json "$out/cli/"
  cp dist/hedge.mjs dist/$role.mjs dist/$role.mjs.LEGAL.txt "$out/dist/"
  cp LICENSE docker/health.mjs "$out/"
done
for role in root cluster; do cp -r dist/assets "/out/$role/dist/"; done
cp docker/worker.sh docker/programs.sh /out/worker/
