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


class Worker:
    """One side, with its number of threads."""

    def __init__(self, name: str, command: list[str], threads: int) -> None:
        self.name = name
        self.threads = threads
        limits = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
        environment = os.environ | {name: str(threads) for name in limits}
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


class Workers:
    """Ours and those of `others` (torch, faiss) that are needed, with one number of threads."""

    def __init__(self, ours: str, others: set[str], threads: int) -> None:
        self.threads = threads
        self.ours = Worker("ours", [ours], threads)
        program = [sys.executable, str(HERE / "theirs.py")]
        self.others = {name: Worker(name, [*program, name], threads) for name in sorted(others)}

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in (self.ours, *self.others.values()):
            worker.close()
