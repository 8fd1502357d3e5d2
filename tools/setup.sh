#!/bin/sh
# Makes the virtual environment of a checkout: pinned packages with checked hashes, then this project, editable.
# Says one sentence where Python is too old or cannot make one. Safe to run again.
set -eu
venv=$1
python=${PYTHON:-python3}

command -v "$python" >/dev/null 2>&1 || {
    echo "Hookwright needs Python 3.11 or newer, and there is no $python here: install it, or set PYTHON." >&2
    exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Hookwright needs Python 3.11 or newer; $python is $("$python" -V 2>&1 | cut -d' ' -f2): set PYTHON to a newer one." >&2
    exit 1
}
if [ ! -x "$venv/bin/python" ]; then
    "$python" -m venv "$venv" >/dev/null 2>&1 || {
        rm -rf "$venv"
        echo "$python cannot make a virtual environment: install its venv module (Debian: apt-get install python3-venv)." >&2
        exit 1
    }
fi
echo "Installing packages into $venv (once) …" >&2
PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_DISABLE_PIP_VERSION_CHECK
"$venv/bin/python" -m pip install --quiet --require-hashes --requirement requirements.txt
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
touch "$venv/.ready"
