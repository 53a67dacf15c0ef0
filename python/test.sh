#!/bin/sh
# Tests the Python package as a user gets it: builds a wheel, installs it into a virtual environment, and runs the tests
# there, not on the source tree.
#
#   python/test.sh [FOLDER]    FOLDER: the environment, kept for the next run [default: a temporary one]
#
# PYTHON: the interpreter [python3]. VQLAB_TORCH=0 leaves out PyTorch, which is large. Exit 0 also where there is no
# venv or no package registry: a line says what is skipped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
skip() {
    echo "python/test.sh: $1; the tests of the Python package are skipped"
    exit 0
}
command -v "$python" > /dev/null 2>&1 || skip "there is no $python"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || skip "$("$python" --version) is older than 3.10"

folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
if [ ! -x "$folder/bin/python" ]; then
    # Debian has venv in a package of its own.
    "$python" -m venv "$folder" > /dev/null 2>&1 || skip "$python has no working venv (Debian: apt-get install python3-venv)"
fi
folder=$(cd "$folder" && pwd)
pip() { "$folder/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
pip install "maturin>=1.9,<2" numpy pytest || skip "maturin, numpy and pytest can't be installed"

wheels=$(mktemp -d)
trap 'rm -rf "$wheels"; [ -n "${1:-}" ] || rm -rf "$folder"' EXIT
(cd "$here" && "$folder/bin/maturin" build --quiet --release --locked --interpreter "$folder/bin/python" --out "$wheels")
for wheel in "$wheels"/*.whl; do
    size=$(wc -c < "$wheel")
    echo "$(basename "$wheel"): $size bytes"
    [ "$size" -lt 8000000 ] || { echo "the wheel is larger than 8 MB" >&2; exit 1; }
    pip install --force-reinstall --no-deps "$wheel"
done

# One by one: a missing one skips its own tests.
for package in hypothesis scikit-learn matplotlib pandas faiss-cpu safetensors mypy "nbclient ipykernel"; do
    # shellcheck disable=SC2086
    pip install $package > /dev/null 2>&1 || echo "skipped: tests that need $package, which can't be installed"
done
if [ "${VQLAB_TORCH:-1}" = 0 ]; then
    echo "skipped: tests of vqlab.torch (VQLAB_TORCH=0)"
elif ! "$folder/bin/python" -c "import torch" > /dev/null 2>&1; then
    pip install torch > /dev/null 2>&1 || echo "skipped: tests of vqlab.torch, PyTorch can't be installed"
fi
# From another folder, so that the sources can't be imported instead of the wheel.
cd "$wheels"
VQLAB_INSTALLED=1 "$folder/bin/python" -m pytest -q -p no:cacheprovider -c "$here/pyproject.toml" --rootdir "$here" "$here/tests"
