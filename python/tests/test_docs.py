"""The examples of the documentation."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = ["vqlab", "_codebooks", "_complexity", "_fit", "_index", "_recommend", "_register", "sklearn", "torch"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    needs = {"sklearn": "sklearn", "torch": "torch"}.get(name)
    if needs:
        pytest.importorskip(needs)
    module = importlib.import_module(name if name == "vqlab" else f"vqlab.{name}")
    if np.lib.NumpyVersion(np.__version__) < "2.0.0":
        pytest.skip("the examples show the output of NumPy 2")
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0 and result.failed == 0


def test_every_public_name_has_an_example_or_a_description():
    import vqlab

    for name in vqlab.__all__:
        assert name.startswith("__") or name == "cpu_level" or getattr(vqlab, name).__doc__, name


@pytest.mark.parametrize("page", ["docs/python.md", "python/README.md"])
def test_programs_of_the_pages(page, tmp_path, monkeypatch):
    """The Python blocks of a page run one after the other; those with other needs say so in a comment."""
    pytest.importorskip("sklearn")
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        needs = re.search(r"^# needs (\w+)", block)
        if needs and importlib.util.find_spec(needs[1]) is None:
            continue
        # A tenth of the time: the results are not compared.
        exec(compile(block.replace("budget=60", "budget=6"), page, "exec"), names)


def test_the_notebook_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    for needed in ("ipykernel", "sklearn", "matplotlib"):
        pytest.importorskip(needed)
    path = ROOT / "examples" / "choose-a-quantizer.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    assert "use this" in outputs and "image/png" in outputs
    # What is committed shows results, too.
    committed = json.loads(path.read_text())
    assert any(cell.get("outputs") for cell in committed["cells"])
