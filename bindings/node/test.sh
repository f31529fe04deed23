#!/usr/bin/env bash
# Installs what the binding needs, checks its types and runs its tests:
#     bindings/node/test.sh [FILE...]      all tests, or some
#
# AXONPUSH_LIBRARY     the library's file; default: see tests/built; built if it is not there
# AXONPUSH_DEV_SERVER  the development server; default: see tests/built; built if it is not there
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

if ! node --eval 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null; then
    echo "bindings/node/test.sh: Node.js 20 or later is needed (node and npm in PATH)" >&2
    exit 1
fi
AXONPUSH_LIBRARY=${AXONPUSH_LIBRARY:-$("$root/tests/built" library)/libaxonpush.so}
AXONPUSH_DEV_SERVER=$("$root/tests/built" server)
export AXONPUSH_LIBRARY AXONPUSH_DEV_SERVER
[ -e "$AXONPUSH_LIBRARY" ] || make -C "$root" library
[ -x "$AXONPUSH_DEV_SERVER" ] || make -C "$root" server

# Installing again is only needed when the lock file has changed.
cmp -s package-lock.json node_modules/.installed-lock.json || {
    npm ci
    cp package-lock.json node_modules/.installed-lock.json
}
npx --no-install tsc --project tsconfig.json

[ $# -gt 0 ] || set -- test/*.test.js
# One file after the other: some of them measure time.
node --expose-gc --test --test-reporter=spec --test-concurrency=1 "$@"
