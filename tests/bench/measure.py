"""How things are measured: the cost of a process, ratios of neighbours in time, and the slope of a growth.

A ratio is taken between two runs right after each other, many times, and its median is what counts: what else the machine
does slows both.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds of processor and seconds on the clock; and what it printed."""

    cpu: float
    wall: float
    printed: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, expected: Sequence[int] = (0,)) -> Cost:
    """Run *command* to its end and return what it cost. Raises `RuntimeError`, with its words, for an unexpected status."""
    start = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        printed = process.stdout.read().decode(errors="replace")
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {printed[-2_000:]}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - start, printed)


def paired(first: Callable[[], float], second: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Measure both in turn, *rounds* times, after one time that does not count; return medians: ratio, first, second.

    Which of the two comes first changes from round to round. Without rounds the one time counts.
    """
    pairs = [(first(), second())]
    for at in range(rounds):
        if at % 2:
            below = second()
            pairs.append((first(), below))
        else:
            pairs.append((first(), second()))
    counted = pairs[1:] or pairs
    ratio = statistics.median(above / below for above, below in counted)
    return ratio, statistics.median(above for above, _ in counted), statistics.median(below for _, below in counted)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the exponent of the growth through (size, seconds) *points*: the slope of the straight line between logarithms."""
    sizes = [math.log(size) for size, _ in points]
    return statistics.linear_regression(sizes, [math.log(seconds) for _, seconds in points]).slope
