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
total=$(grep -c '==' requirements.txt)
echo "Installing $total packages into $venv, once. They are ready-made for the usual systems: no compiler is needed." >&2
PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_DISABLE_PIP_VERSION_CHECK

# Byte code is written when a module is first imported: most of these modules never are.
install() {
    "$venv/bin/python" -u -m pip install --no-compile "$@" || touch "$venv/.failed"
}

# Signs of life from what pip says.
progress() {
    number=0
    while read -r word rest; do
        case "$word $rest" in
        Collecting\ *)
            number=$((number + 1))
            [ $((number % 20)) -ne 0 ] || echo "  $number of $total" ;;
        Building\ wheels*) echo "  building ${rest##*: }, as there is no ready-made one for this system: that needs a compiler" ;;
        Installing\ *) echo "  unpacking" ;;
        esac
    done >&2
}

rm -f "$venv/.failed"
install --require-hashes --no-deps --requirement requirements.txt | progress
[ -e "$venv/.failed" ] || install --quiet --no-deps --no-build-isolation --editable .
[ ! -e "$venv/.failed" ] || {
    echo "The packages could not be installed; what pip says is above. Run it again, it goes on from there." >&2
    exit 1
}
touch "$venv/.ready"
