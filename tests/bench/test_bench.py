"""The benchmark measures what it says: its arithmetic, its definitions, and a quick run of all of it. No time is a test."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import machines
import measure
import pytest
from bench import SECTIONS, Row, table

from analyzer.analyze import analyze
from analyzer.diagnostics import Severity
from analyzer.text import Source


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_slope_of_a_power_is_its_exponent(exponent: float) -> None:
    """Points on a curve of growth give its exponent back."""
    assert measure.slope([(size, 3 * size**exponent) for size in (100.0, 1_000.0, 10_000.0)]) == pytest.approx(exponent)


@pytest.mark.parametrize(
    ("rounds", "order", "found"),
    [(0, "ab", (99.0, 99.0, 1.0)), (1, "abab", (2.0, 2.0, 1.0)), (3, "ababbaab", (3.0, 6.0, 2.0))],
)
def test_a_ratio_is_the_median_of_neighbours(rounds: int, order: str, found: tuple[float, float, float]) -> None:
    """The first time does not count where there are others, and the two take turns at being first."""
    calls: list[str] = []
    times = {"a": iter((99.0, 2.0, 6.0, 9.0)), "b": iter((1.0, 1.0, 2.0, 3.0))}

    def time(which: str) -> float:
        calls.append(which)
        return next(times[which])

    assert measure.paired(lambda: time("a"), lambda: time("b"), rounds) == found
    assert "".join(calls) == order


def test_a_command_is_measured_or_told() -> None:
    """A command that works has a cost and its words; one that fails is an error with its words."""
    cost = measure.run([sys.executable, "-c", "print('done')"])
    assert cost.printed == "done\n"
    assert 0 < cost.cpu <= cost.wall + 1
    with pytest.raises(RuntimeError, match="ended with 3: sorry"):
        measure.run([sys.executable, "-c", "print('sorry'); raise SystemExit(3)"])


@pytest.mark.parametrize(
    ("bound", "value", "verdict"),
    [(7, 6.9, "ok"), (7, 7.1, "MISSED"), (-15, 16, "ok"), (-15, 14, "MISSED"), (7, None, "skipped"), (None, 3, "")],
)
def test_a_budget_is_an_upper_or_a_lower_bound(bound: float | None, value: float | None, verdict: str) -> None:
    """A negative bound is the least a value may be."""
    assert Row("what", bound, value).verdict == verdict


def test_the_table_is_laid_out_in_columns() -> None:
    """Every line has what, target and measured at the same columns."""
    lines = table([Row("a", 7, 6.5, "s", "six"), Row("longer", -1, None)]).splitlines()
    assert lines == ["what    target  measured", "a       ≤ 7 s   6.5 s     ok       six", "longer  ≥ 1 ×   -         skipped"]


@pytest.mark.parametrize(
    "definition", [machines.chain(30, 7), machines.distinct(30), machines.small(2)], ids=["chain", "distinct", "small"]
)
def test_generated_definitions_are_valid(definition: dict[str, object]) -> None:
    """What is measured is a definition without errors, in which every task is granted something."""
    analysis = analyze(Source(json.dumps(definition), "generated"))
    assert [found for found in analysis.diagnostics if found.severity is Severity.ERROR] == []
    assert {grant.reasons[0].state for grant in analysis.grants} == {state.name for state in analysis.machine.states()}


def test_a_definition_of_a_size_has_that_size() -> None:
    """The large definition is just below the size asked for."""
    assert 95_000 < len(json.dumps(machines.as_large_as(100_000))) <= 100_000


def test_a_quick_run_prints_every_budget() -> None:
    """One command measures everything and prints a line for each budget, with a number or the reason why there is none."""
    script = Path(__file__).with_name("bench.py")
    done = subprocess.run([sys.executable, str(script), "--quick", "--no-peer"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == [word for section in SECTIONS for word in (section.__name__, "...")]
    head, _, columns, *rows = done.stdout.splitlines()
    assert head.startswith("Python 3.")
    assert columns.split() == ["what", "target", "measured"]
    assert {row.partition(":")[0] for row in rows} == {"start", "in process", "growth", "1 MB", "memory", "fleet"}
    for row in rows:
        assert re.search(r"  (-  +skipped  .*--no-peer|\d[\d.e+]*( \S+)? +(ok|MISSED)\b)", row)
