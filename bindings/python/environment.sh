# Shell functions of ./test and ./test-frameworks: what the tests need. Sourced with `here` set to this folder.

root=$(CDPATH= cd -- "$here/../.." && pwd)
target=$("$root/tests/built" target)

AXONPUSH_LIBRARY=${AXONPUSH_LIBRARY:-$("$root/tests/built" library)/libaxonpush.so}
AXONPUSH_DEV_SERVER=$("$root/tests/built" server)
export AXONPUSH_LIBRARY AXONPUSH_DEV_SERVER

# Without Python there is nothing to test; the reason is said.
need_python() {
    python=${PYTHON:-python3}
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        echo "skipped: the Python binding was not tested: Python 3.10 or later is needed ($python)"
        exit 0
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "skipped: the Python binding was not tested: $python has no venv or no pip"
        exit 0
    fi
    [ -e "$AXONPUSH_LIBRARY" ] || make -C "$root" library
    [ -x "$AXONPUSH_DEV_SERVER" ] || make -C "$root" server
}

# An environment with what a file of requirements says: `environment NAME FILE`. The stamp is written last, so one that is half
# made is made again.
environment() {
    venv=$target/$1
    if ! cmp -s "$2" "$venv/requirements.txt"; then
        "$python" -m venv --clear "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2"
        cp "$2" "$venv/requirements.txt"
    fi
}
