"""The budgets, measured: `python tests/bench/bench.py` prints a table of targets and what came out.

What is compared runs in turn, in one run of the benchmark, and a line shows the median of the ratios. `--quick` takes
small sizes and few rounds, to see that the benchmark itself works; `--no-peer` leaves the peer out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import machines
import measure
from peer import PACKAGE, VERSION, Peer, install

PYTHON = sys.executable
WORKER = str(Path(__file__).with_name("worker.py"))
MIB = 1024 * 1024
SAMPLE = str(machines.ROOT / "samples" / "order-saga" / "definition.asl.json")

HOME = ["--arn", "arn:aws:states:us-east-1:111122223333:stateMachine:Machine"]
PEAK = """
import contextlib, io, resource, runpy, sys
sys.argv[0] = "asl-iam"
if sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        runpy.run_module("analyzer", run_name="__main__")
try:
    print(1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]))
except OSError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
"""Runs the command, or nothing, and prints the peak of the memory. What the operating system tells a parent about the peak
of its child counts the parent's own memory, from between fork and exec."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `bound` is the most *value* may be, or the least when it is negative."""

    what: str
    bound: float | None
    value: float | None
    unit: str = "×"
    detail: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the budget is kept; nothing where there is none."""
        if self.value is None:
            return "skipped"
        if self.bound is None:
            return ""
        return "ok" if (self.value <= self.bound if self.bound >= 0 else self.value >= -self.bound) else "MISSED"

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the line as texts."""
        sign = "≤" if self.bound is None or self.bound >= 0 else "≥"
        target = "" if self.bound is None else f"{sign} {abs(self.bound):g} {self.unit}"
        measured = "-" if self.value is None else f"{self.value:.3g} {self.unit}"
        return self.what, target, measured, self.verdict, self.detail


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured, where files may be put, and with what peer: the plugin, or why there is none."""

    folder: Path
    peer: Peer | str
    quick: bool = False

    @property
    def rounds(self) -> int:
        """Return how many times a pair is measured."""
        return 2 if self.quick else 11

    def size(self, number: int) -> int:
        """Return *number*, or a small part of it when it has to be quick."""
        return max(number // 50, 4) if self.quick else number

    def write(self, name: str, definition: dict[str, Any]) -> str:
        """Write a generated definition and return its path."""
        return machines.write(self.folder, name, definition)


ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
ENVIRONMENT["PYTHONPATH"] = str(machines.ROOT)
"""Without what else is set for the interpreter here: one that may not keep bytecode compiles every module at every start."""


def analyze_once(file: str, *options: str) -> measure.Cost:
    """Run the command in a process of its own."""
    command = [PYTHON, "-m", "analyzer", "analyze", file, *HOME, *options]
    return measure.run(command, ENVIRONMENT, expected=(0, 1))  # 1: there are findings


def cpu_of_command(*options: str) -> float:
    """Return the processor seconds of the command for the sample."""
    return analyze_once(SAMPLE, *options).cpu


def cpu_of(*command: str) -> float:
    """Return the processor seconds of any command."""
    return measure.run(command, ENVIRONMENT).cpu


def peak_of(*arguments: str) -> float:
    """Return the MiB a process takes at its peak: one that runs the command with *arguments*, or an empty one without any."""
    return int(measure.run([PYTHON, "-c", PEAK, *arguments], ENVIRONMENT).printed) / MIB


def work(mode: str, *arguments: str) -> dict[str, Any]:
    """Run one mode of the worker in a process of its own."""
    found: dict[str, Any] = json.loads(measure.run([PYTHON, WORKER, mode, *arguments]).printed.splitlines()[-1])
    return found


def seconds_of(passes: int, files: list[str], clock: str = "seconds") -> float:
    """Return the seconds of the best pass over *files* in a process of its own, by the clock or of `cpu`."""
    return float(work("rate", str(passes), *files)[clock])


def cold_start(plan: Plan) -> Iterator[Row]:
    """Compare the processor time of the whole command with an empty interpreter, and with the peer in node."""
    for form in ([], ["-q", "--format", "policy"]):
        ours, empty = partial(cpu_of_command, *form), partial(cpu_of, PYTHON, "-c", "pass")
        ratio, above, below = measure.paired(ours, empty, plan.rounds * 2)
        what = " ".join(["start: `analyze", *form]) + "` / `python -c pass`, cpu"
        yield Row(what, 7, ratio, detail=f"{above * 1e3:.0f} ms / {below * 1e3:.0f} ms")
    for loaded, bound in (("plugin", 0.35), ("module", None)):
        what = f"start: `analyze` / the peer's {loaded}, cpu"
        if isinstance(plan.peer, str):
            yield Row(what, bound, None, detail=plan.peer)
            continue
        ratio, above, below = measure.paired(cpu_of_command, partial(plan.peer.once, SAMPLE, loaded), plan.rounds)
        yield Row(what, bound, ratio, detail=f"{above * 1e3:.0f} ms / {below * 1e3:.0f} ms")


def against_peer(plan: Plan) -> Iterator[Row]:
    """Compare definitions a second inside one process with the peer's, on the definitions both can do."""
    where, files = machines.real()
    files = files[: 8 if plan.quick else None]
    cases = [
        (f"in process: {len(files)} real definitions ({where})", -1.0, files, 3),
        ("in process: 1,000 states", -5.0, [plan.write("thousand", machines.chain(plan.size(1_000), 300))], 3),
        ("in process: 10,000 names", -20.0, [plan.write("names", machines.distinct(plan.size(10_000)))], 1),
    ]
    for what, bound, chosen, passes in cases:
        if isinstance(plan.peer, str):
            seconds = seconds_of(passes, chosen)
            yield Row(f"{what}, the peer's time / ours", bound, None, detail=f"{len(chosen) / seconds:,.3g}/s; {plan.peer}")
            continue
        refused: set[str] = set()
        if len(chosen) > 1:
            refused = {*plan.peer.rate(1, chosen)["refused"], *work("rate", "1", *chosen)["refused"]}
        both = [file for file in chosen if file not in refused]
        # The peer takes minutes for the names, so they are measured once.
        rounds = 0 if passes == 1 else 1 if plan.quick else 5
        other, ours = partial(plan.peer.seconds_of, passes, both), partial(seconds_of, passes, both)
        ratio, above, below = measure.paired(other, ours, rounds)
        rates = f"{len(both) / below:,.3g}/s, the peer {len(both) / above:,.3g}/s"
        yield Row(f"{what}, the peer's time / ours", bound, ratio, detail=f"{rates}; {len(refused)} left out that one refuses")


def growth(plan: Plan) -> Iterator[Row]:
    """Measure how the time grows with the states, for shared and for different names, and what a definition of 1 MB takes."""
    sizes = [plan.size(size) for size in (100, 316, 1_000, 3_162, 10_000)]
    makers: tuple[tuple[str, Callable[[int], dict[str, Any]]], ...] = (
        ("50 names", lambda size: machines.chain(size, 50)),
        ("every name different", machines.distinct),
    )
    for name, make in makers:
        points = []
        for size in sizes:
            file = plan.write(f"growth-{size}", make(size))
            passes = max(1, min(20, 3_000 // size))
            points.append((float(size), min(seconds_of(passes, [file], "cpu") for _ in range(1 if plan.quick else 3))))
        detail = ", ".join(f"{size:.0f}: {seconds * 1e3:.0f} ms" for size, seconds in points)
        yield Row(f"growth: exponent of cpu over states, {name}", 1.05, measure.slope(points), "", detail)
    file = plan.write("large", machines.as_large_as(plan.size(MIB)))
    costs = [analyze_once(file) for _ in range(1 if plan.quick else 5)]
    states = len(json.loads(Path(file).read_bytes())["States"])
    yield Row("1 MB: time of the whole command", 1, min(cost.wall for cost in costs), "s", f"{states:,} states")
    yield Row("1 MB: peak of the whole command", 120, peak_of("analyze", file, *HOME), "MiB")


def memory(_: Plan) -> Iterator[Row]:
    """Measure what one real definition takes above an empty interpreter, and what its analysis allocates."""
    whole, empty = peak_of("analyze", SAMPLE, *HOME), peak_of()
    traced = work("memory", SAMPLE)["traced"]
    detail = f"{whole:.1f} MiB - {empty:.1f} MiB; the analysis itself allocates {traced / MIB:.1f} MiB"
    yield Row("memory: one definition, above `python -c pass`", 30, whole - empty, "MiB", detail)


def fleet(plan: Plan) -> Iterator[Row]:
    """Compare many small definitions with what only reading and parsing them takes, and two processes with one."""
    count = plan.size(4_000)
    folder = plan.folder / "fleet"
    folder.mkdir()
    for number in range(count):
        machines.write(folder, f"machine-{number:06}", machines.small(number))
    found = [work("fleet", str(folder)) for _ in range(1 if plan.quick else 3)]
    best = max(found, key=lambda each: each["bound"] / each["ours"])
    detail = (
        f"{count:,} files: {best['ours'] / count * 1e6:,.0f} µs each, {best['bound'] / count * 1e6:,.0f} µs to read and parse"
    )
    yield Row("fleet: read and parse / analyse, cpu", -15, best["bound"] / best["ours"] * 100, "%", detail)
    pairs = [work("processes", str(folder)) for _ in range(1 if plan.quick else 5)]
    ratio = statistics.median(pair["two"] / max(pair["one"], 0.01) for pair in pairs)
    yield Row("fleet: two processes / one, cpu", 1.15, ratio, detail=f"policies of {count:,} definitions")


SECTIONS = (cold_start, against_peer, growth, memory, fleet)


def table(rows: list[Row]) -> str:
    """Lay the rows out in columns."""
    lines = [("what", "target", "measured", "", ""), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "\n".join(
        "  ".join((*(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)), line[4])).rstrip() for line in lines
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure everything and print the table. The status is 0: a missed budget is read, not failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds: does the benchmark work?")
    parser.add_argument("--no-peer", action="store_true", help="do not install or run the peer")
    parser.add_argument("--only", choices=[section.__name__ for section in SECTIONS], action="append", help="one part of it")
    options = parser.parse_args(arguments)
    peer = "left out by --no-peer" if options.no_peer else install()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(Path(folder), peer, quick=options.quick)
        rows: list[Row] = []
        for section in SECTIONS:
            if not options.only or section.__name__ in options.only:
                print(f"{section.__name__} ...", file=sys.stderr, flush=True)
                rows.extend(section(plan))
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; the peer is compileIamRole of {PACKAGE} {VERSION}\n")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
