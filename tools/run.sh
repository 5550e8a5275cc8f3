#!/bin/sh
# Runs a program of this repository on the Node it brings along, installing dependencies first when they
# are missing or older than the lock file. Needs npm and any Node from 20 on.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
node="$root/node_modules/.bin/node"
# npm itself must run on the machine's own Node, not on the one inside node_modules that it may replace.
PATH=$(printf %s "$PATH" | tr ':' '\n' | grep -v "^$root/node_modules/" | paste -sd: -)

# npm writes this last; test(1) of some shells takes a file that is missing for one that is not older.
installed="$root/node_modules/.package-lock.json"
if [ ! -x "$node" ] || [ ! -e "$installed" ] || [ "$root/package-lock.json" -nt "$installed" ]; then
  echo "Installing dependencies ..." >&2
  # Not npm ci: it refuses a lock file without the optional builds for systems that a registry mirror does not carry.
  # The versions are those of the lock file all the same, and the file is left as it is.
  (cd "$root" && npm install --no-save --no-audit --no-fund --loglevel=error >&2)
  touch "$installed"
fi

if ! "$node" --version >/dev/null 2>&1; then
  if ldd "$(readlink -f "$node")" 2>/dev/null | grep -q 'libatomic.*not found'; then
    if [ "$(id -u)" = 0 ]; then
      echo "Installing libatomic1, which Node 26 needs ..." >&2
      apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends libatomic1 >&2
    else
      echo "Node 26 needs the library libatomic1: run 'apt-get install libatomic1' as root, then try again." >&2
      exit 1
    fi
  fi
  "$node" --version >/dev/null
fi

PATH="$root/node_modules/.bin:$PATH"
export PATH
cd "$root"
exec "$node" "$@"
