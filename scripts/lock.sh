#!/bin/sh
# Writes requirements.lock (what HYDRA needs) and requirements/EXTRA.lock (what EXTRA of pyproject.toml adds), each
# with the sha256 of every archive. Versions stay as they are, except those named.
# usage: scripts/lock.sh [--upgrade-package NAME | --upgrade] ...
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "lock: no uv: run 'python3 -m pip install uv', then again" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The build tool of pyproject.toml is locked too: scripts/setup.sh builds without fetching one.
echo setuptools >"$work/build.in"

resolve() {
    output=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --only-binary :all: pyproject.toml "$work/build.in" --output-file "$output" "$@"
}

resolve requirements.lock "$@"
for extra in dev redis rabbitmq models deep; do
    cat requirements.lock requirements/$extra.lock >"$work/$extra.lock" 2>/dev/null || true
    resolve "$work/$extra.lock" --extra "$extra" "$@"
    # A package is one entry: a line "name==version" and indented lines of hashes.
    awk '/^[^ ]/ { entry = $0 } FNR == NR { known[entry]; next } !(entry in known)' \
        requirements.lock "$work/$extra.lock" >requirements/$extra.lock
done
