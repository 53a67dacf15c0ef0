"""Threads, interrupts, forks and panics."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import METHODS, correlated, random_books

import vqlab

# Each takes many seconds if nothing stops it. `x` has 200,000 vectors of 64 dimensions.
LONG = {
    "fit": "vqlab.fit(x, 'lsq', 8, 8, progress=False)",
    "fit nsvq": "vqlab.fit(x, 'avq', 4, 8, trainer='nsvq', progress=False)",
    "recommend": "vqlab.recommend(x, 64, budget=120, progress=False)",
    "encode": "books('avq').encode(np.tile(x, (5, 1)), beam_width=64, search='beam')",
    "encode blocks": "books('avq').encode(x.astype(np.float64), beam_width=64, search='beam')",
    "mse": "books('lsq').mse(x)",
    "exact": "vqlab.exact_neighbors(x, x)",
    "index": "vqlab.Index(books('rvq'), codes)",
    "index bytes": "vqlab.Index(books('rvq'), codes, norms='byte')",
    "search": "index.search(x)",
}

# What a call needs that is not its own work.
BEFORE = {
    "index": "codes = np.zeros((60_000_000, 4), np.uint8)",
    "index bytes": "codes = np.zeros((60_000_000, 4), np.uint8)",
    "search": "index = vqlab.Index(books('rvq'), np.zeros((2_000_000, 4), np.uint8))",
}

PROGRAM = """
import signal, sys, threading, time
import numpy as np
import vqlab

def books(method):
    return vqlab.Codebooks.from_numpy(np.random.default_rng(1).normal(size=(4, 256, 64)), method=method)

x = np.random.default_rng(1).normal(size=(200_000, 64)).astype(np.float32)
{before}
sent = []

def interrupt():
    sent.append(time.monotonic())
    signal.raise_signal(signal.SIGINT) if sys.platform == "win32" else __import__("os").kill(__import__("os").getpid(), 2)

threading.Timer(1.0, interrupt).start()
try:
    {call}
except KeyboardInterrupt:
    print(time.monotonic() - sent[0])
    # Python still works, and so does the package.
    assert vqlab.Codebooks.from_numpy(np.zeros((1, 2, 3)), method="rvq").encode(np.zeros((2, 3))).shape == (2, 1)
else:
    print("not interrupted")
"""


@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_stops_within_a_second(name):
    program = PROGRAM.replace("{call}", LONG[name]).replace("{before}", BEFORE.get(name, ""))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert "not interrupted" not in run.stdout, "the work was too short"
    # A second, and what other processes take of the machine.
    assert float(run.stdout) < 1.0 + 0.3 * os.getloadavg()[0], run.stdout


def test_python_runs_while_the_work_does():
    """The GIL is released."""
    x, books = correlated(60_000, 32), random_books("lsq", dim=32, stages=4, size=64)
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.monotonic()
    books.encode(x)
    seconds = time.monotonic() - begin
    done.set()
    thread.join()
    inside = [t for t in ticks if begin < t < begin + seconds]
    assert seconds > 0.1 and len(inside) > 10


@pytest.mark.parametrize("method", METHODS)
def test_threads_share_one_object(method):
    books, x = random_books(method, dim=8, stages=2, size=32), correlated(3000, 8)
    index = vqlab.Index(books, books.encode(x))
    expected = books.encode(x), index.search(x[:100])[1]
    with ThreadPoolExecutor(8) as pool:
        codes = pool.map(lambda threads: books.encode(x, threads=threads), [1, 2, 3, None] * 4)
        ids = pool.map(lambda threads: index.search(x[:100], threads=threads)[1], [1, 2, 3, None] * 4)
        assert all((c == expected[0]).all() for c in codes) and all((i == expected[1]).all() for i in ids)


def test_fits_run_beside_each_other():
    x = correlated(3000, 8)
    expected = vqlab.fit(x, "rvq", 2, 4, progress=False).codebooks
    with ThreadPoolExecutor(4) as pool:
        all_books = pool.map(lambda _: vqlab.fit(x, "rvq", 2, 4, progress=False).codebooks, range(4))
        assert all((books == expected).all() for books in all_books)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    books, x = random_books("rvq"), correlated(5000, 8)
    expected = books.encode(x)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        results = pool.map_async(books.encode, [x, x]).get(timeout=60)
    assert all((codes == expected).all() for codes in results)


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals of this kind")
def test_a_bar_appears_in_a_terminal_alone():
    program = textwrap.dedent("""
        import numpy as np, vqlab
        x = np.random.default_rng(1).normal(size=(30_000, 32)).astype(np.float32)
        vqlab.fit(x, "rvq", 4, 8)
    """)
    piped = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert piped.stdout == piped.stderr == ""
    import pty

    terminal, end = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", program], stderr=end)
    os.close(end)
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    assert process.wait() == 0
    assert b"fit RVQ [#" in shown and b"% " in shown.replace(b"%,", b"% ")
    assert shown.endswith(b"\r\x1b[K")


def test_signals_reach_python_handlers():
    """A handler that does not raise lets the work go on."""
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        pytest.skip("signals reach the main thread alone")
    calls = []
    previous = signal.signal(signal.SIGUSR1, lambda *_: calls.append(1))
    try:
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
        books = vqlab.fit(correlated(60_000, 32), "rvq", 8, 8, progress=False)
        assert books.dim == 32 and calls == [1]
    finally:
        signal.signal(signal.SIGUSR1, previous)
