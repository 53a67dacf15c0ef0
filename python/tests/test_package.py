"""The installed package."""

from __future__ import annotations

import importlib.metadata
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import vqlab

HERE = Path(__file__).resolve().parent


def seconds(program: str) -> float:
    timed = f"import time; begin = time.perf_counter(); {program}; print(time.perf_counter() - begin)"
    return float(subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True).stdout)


def test_it_is_the_installed_wheel():
    if os.environ.get("VQLAB_INSTALLED") != "1":
        pytest.skip("not run by test.sh")
    assert HERE.parent not in Path(vqlab.__file__).parents
    distribution = importlib.metadata.distribution("vqlab")
    assert distribution.version == vqlab.__version__
    needed = [line for line in distribution.requires or [] if "extra ==" not in line]
    assert [line.partition(">")[0] for line in needed] == ["numpy"]
    files = {str(file) for file in distribution.files or []}
    assert {"vqlab/py.typed", "vqlab/_native.pyi"} <= files


def test_the_version_is_that_of_the_workspace():
    toml = (HERE.parent.parent / "Cargo.toml").read_text()
    assert f'version = "{vqlab.__version__}"' in toml.partition("[workspace.package]")[2].partition("[")[0]


def test_the_import_is_quick_and_brings_numpy_alone():
    beyond = "sorted(n for n in sys.modules if n.split('.')[0] in ('torch', 'sklearn', 'matplotlib', 'faiss', 'pandas'))"
    program = f"import sys, vqlab; print({beyond})"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
    extra = [seconds("import numpy; begin = time.perf_counter(); import vqlab") for _ in range(5)]
    assert statistics.median(extra) < 0.1 * (1 + 0.3 * os.getloadavg()[0]), extra


def test_types_hold():
    mypy = pytest.importorskip("mypy.api")
    program = (
        "import numpy as np, vqlab\n"
        "books = vqlab.fit(np.zeros((10, 4)), method='rvq', stages=2, bits=2)\n"
        "reveal_type(books.encode(np.zeros((1, 4))))\n"
        "books.encode(beam=3)\n"
    )
    out, _, _ = mypy.run(["--no-incremental", "--cache-dir", os.devnull, "-c", program])
    # mypy shows uint8 by this name.
    assert "_8Bit] | " in out and "_16Bit]" in out
    assert 'Unexpected keyword argument "beam"' in out and "py.typed" not in out
