#!/usr/bin/env bash
# Installs what the binding needs, checks its types and runs its tests:
#     bindings/node/test.sh [FILE...]      all tests, or some
#
# AXONPUSH_LIBRARY     the library's file; default target/release/libaxonpush.so, built if it is not there
# AXONPUSH_DEV_SERVER  the development server; default target/debug/axonpush-dev-server, built if it is not there
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

if ! node --eval 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null; then
    echo "bindings/node/test.sh: Node.js 20 or later is needed (node and npm in PATH)" >&2
    exit 1
fi
export AXONPUSH_LIBRARY=${AXONPUSH_LIBRARY:-$root/target/release/libaxonpush.so}
export AXONPUSH_DEV_SERVER=${AXONPUSH_DEV_SERVER:-$root/target/debug/axonpush-dev-server}
[ -e "$AXONPUSH_LIBRARY" ] || make -C "$root" target/release/libaxonpush.so
[ -x "$AXONPUSH_DEV_SERVER" ] || (cd "$root" && cargo build -p axonpush-dev-server)

# Installing again is only needed when the lock file has changed.
cmp -s package-lock.json node_modules/.installed-lock.json || {
    npm ci
    cp package-lock.json node_modules/.installed-lock.json
}
npx --no-install tsc --project tsconfig.json

[ $# -gt 0 ] || set -- test/*.test.js
# One file after the other: some of them measure time.
node --expose-gc --test --test-reporter=spec --test-concurrency=1 "$@"
