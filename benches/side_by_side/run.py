"""Compares vqlab with PyTorch and FAISS on the same arrays and codebooks, in one go; see README.md."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import cases
import report
from cases import Arrays, Comparison
from measure import Effort, Growth, Result, compare, grow
from workers import HERE, LEVELS, ROOT, Worker, Workers, build_ours, levels

SECTIONS = ("training", "encode", "search", "growth")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test: few cases, few repeats, written to a folder of its own"
    )
    parser.add_argument("--only", choices=SECTIONS, action="append", help="only this section; may be repeated")
    parser.add_argument("--filter", default="", help="only cases whose name contains this")
    parser.add_argument(
        "--level", choices=LEVELS, action="append", help="hold all sides to this level; may be repeated (all of AVX)"
    )
    parser.add_argument("--repeats", type=int, help="interleaved repeats of each case (7; quick: 2)")
    parser.add_argument(
        "--out", type=Path, help="where RESULTS.md and growth.svg go (this folder; quick: target/side_by_side)"
    )
    return parser.parse_args()


def chosen(asked: argparse.Namespace, sections: tuple[str, ...]) -> list[Comparison]:
    rows: list[Comparison] = []
    if "training" in sections:
        rows += cases.training(asked.quick)
    if "encode" in sections:
        rows += cases.encoding(asked.quick)
    if "search" in sections:
        rows += cases.searching(asked.quick)
    return [row for row in rows if asked.filter.lower() in row.name.lower()]


def measure_all(
    rows: list[Comparison], ours: str, arrays: Arrays, effort: Effort, level: str
) -> tuple[list[Result], dict[str, dict[str, object]]]:
    results = []
    descriptions: dict[str, dict[str, object]] = {}
    for threads in sorted({1, os.cpu_count() or 1}):
        with Workers(ours, {row.other for row in rows}, threads, level) as workers:
            sides = {"ours": workers.ours, **workers.others}
            descriptions = {name: side.ask(op="describe") for name, side in sides.items()}
            for row in rows:
                results.append(compare(row, workers, arrays, effort))
                told = f"{level} {row.section:8} {threads} thread{'s' if threads > 1 else ' '} {row.name}"
                print(f"{told}: ratio {results[-1].ratio:.3g}, {results[-1].note}", file=sys.stderr, flush=True)
    return results, descriptions


def main() -> None:
    asked = arguments()
    started = time.monotonic()
    load = os.getloadavg()[0]
    sections = tuple(asked.only or SECTIONS)
    folder = ROOT / "target" / "side_by_side"
    out: Path = asked.out or (folder if asked.quick else HERE)
    effort = Effort(asked.repeats or 2, 0.005) if asked.quick else Effort(asked.repeats or 7, 0.04)
    ours = build_ours()
    arrays = Arrays(folder)
    faults = 0
    asked_levels = asked.level or levels(ours)
    rust = subprocess.run(["rustc", "--version"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    parts = []
    for level in asked_levels:
        begin = time.monotonic()
        results, descriptions = measure_all(chosen(asked, sections), ours, arrays, effort, level)
        faults += sum(1 for result in results if result.fault)
        told = f"{effort.repeats} interleaved (slow cases: at least 3), medians; {time.monotonic() - begin:.0f} s for all"
        parts.append((level, report.machine(descriptions, load, rust, told), results, descriptions["ours"]["peak"]))
    grown: list[Growth] = []
    if "growth" in sections:
        print("growth", file=sys.stderr, flush=True)
        worker = Worker("ours", [ours], 1, asked_levels[0])
        grown = grow(cases.growth(asked.quick), worker, arrays, effort)
        worker.close()

    path = report.write(out, parts, grown)
    print(f"{path} after {time.monotonic() - started:.0f} s", file=sys.stderr)
    if faults:
        raise SystemExit("the sides do not compute the same; see the table")


if __name__ == "__main__":
    main()
