#!/bin/sh
# Makes .venv with the locked dependencies: archives whose sha256 is in the locks, and nothing that would be built
# from source. Does nothing when it is already up to date.
# usage: scripts/setup.sh [EXTRA ...]      e.g. scripts/setup.sh dev
set -eu
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

extras=$(printf '%s,' "$@" | sed 's/,*$//')
# The path is part of it: programs in a virtual environment contain it, so a copy would run the other checkout.
wanted=$({ pwd -P; cat pyproject.toml requirements.lock requirements/*.lock scripts/setup.sh; } | sha256sum | cut -d' ' -f1)
stamp=".venv/hydra-setup-${extras:-none}"
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "needs Linux on x86-64, this is $(uname -s) on $(uname -m)"
python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "no $python: run 'apt-get install python3 python3-venv' as root, then again"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old, 3.11 or newer is needed: set PYTHON=/path/to/python3.11"
"$python" -c 'import ensurepip' 2>/dev/null ||
    fail "$python cannot make virtual environments: run 'apt-get install python3-venv' as root, then again"

locks=
for extra in "$@"; do
    [ -f "requirements/$extra.lock" ] || fail "no requirements/$extra.lock: the extras are those of pyproject.toml"
    locks="$locks -r requirements/$extra.lock"
done

if [ ! -x .venv/bin/python ] || [ "$(cat .venv/hydra-place 2>/dev/null)" != "$(pwd -P)" ]; then
    say "making a virtual environment in .venv"
    "$python" -m venv --clear .venv || fail "could not make .venv; remove it and look at the message above"
    pwd -P >.venv/hydra-place
fi
say "installing the locked packages${extras:+ (with $extras)}; the first time this takes a minute or two"
pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; }
# shellcheck disable=SC2086  # each lock is a word of its own
pip install --require-hashes --only-binary :all: -r requirements.lock $locks ||
    fail "the packages could not be installed (see above): if their registry could not be reached, run this again"
# The build tool is in the lock: building HYDRA itself fetches nothing.
pip install --no-index --no-deps --no-build-isolation -e . || fail "HYDRA itself could not be installed (see above)"
printf '%s' "$wanted" >"$stamp"
