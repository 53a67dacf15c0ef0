"""The processes that are timed: started once for each number of threads, told what to do in JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def build_ours() -> str:
    """Builds our side and returns the path of the program."""
    command = ["cargo", "bench", "--bench", "side_by_side", "--no-run", "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit("cargo could not build our side")
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "side_by_side":
            return str(message["executable"])
    raise SystemExit("cargo built our side but did not name the program")


#: How each side is held to a level of instructions: ours, PyTorch and the libraries that it calls, FAISS, and OpenBLAS, which
#: FAISS calls.
LEVELS = {
    "avx512": {
        "VQLAB_CPU": "avx512",
        "ATEN_CPU_CAPABILITY": "avx512",
        "MKL_ENABLE_INSTRUCTIONS": "AVX512",
        "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
        "FAISS_SIMD_LEVEL": "AVX512",
        "OPENBLAS_CORETYPE": "SKYLAKEX",
    },
    "avx2": {
        "VQLAB_CPU": "avx2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "FAISS_SIMD_LEVEL": "AVX2",
        "OPENBLAS_CORETYPE": "HASWELL",
    },
    "portable": {
        "VQLAB_CPU": "portable",
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "FAISS_SIMD_LEVEL": "NONE",
        "OPENBLAS_CORETYPE": "NEHALEM",
    },
}


class Worker:
    """One side, with its number of threads, held to a level of instructions."""

    def __init__(self, name: str, command: list[str], threads: int, level: str) -> None:
        self.name = name
        self.threads = threads
        limits = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
        # Of OpenBLAS's, set on some machines for the sake of old versions.
        inherited = {name: value for name, value in os.environ.items() if name != "OPENBLAS_L2_SIZE"}
        environment = inherited | {name: str(threads) for name in limits} | LEVELS[level]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, **command: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended during {command}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SystemExit(f"{self.name}: {answer['error']}, at {command}")
        return answer

    def load(self, command: dict[str, Any]) -> None:
        self.ask(op="load", threads=self.threads, **command)

    def run(self, count: int) -> float:
        """Seconds for one of `count` repeats."""
        return float(self.ask(op="run", count=count)["seconds"]) / count

    def close(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()


def levels(ours: str) -> list[str]:
    """The levels with vector instructions that this processor has."""
    command = [ours]
    environment = {name: value for name, value in os.environ.items() if name != "VQLAB_CPU"}
    asked = json.dumps({"op": "describe"}) + "\n"
    done = subprocess.run(command, input=asked, capture_output=True, text=True, env=environment, check=True)
    return {"avx512": ["avx512", "avx2"], "avx2": ["avx2"]}.get(json.loads(done.stdout)["level"], ["portable"])


class Workers:
    """Ours and those of `others` (torch, faiss) that are needed, with one number of threads."""

    def __init__(self, ours: str, others: set[str], threads: int, level: str) -> None:
        self.threads = threads
        self.ours = Worker("ours", [ours], threads, level)
        program = [sys.executable, str(HERE / "theirs.py")]
        self.others = {name: Worker(name, [*program, name], threads, level) for name in sorted(others)}

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in (self.ours, *self.others.values()):
            worker.close()
