"""`python tests/compare_report.py` measures the comparison of patterns and of policies; it asserts nothing.

Patterns look like ARNs, policies are the managed policies that the program ships, each compared with the next one.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from analyzer.compare.contain import beyond
from analyzer.compare.globs import _automaton, _pieces, read, uncovered
from analyzer.compare.statements import Rights, clauses_of
from analyzer.maps import read_compiled

PASSES = 5
BODIES = ("app-*", "app-dev-*", "app-dev-orders", "*", "app-?-orders*", "*-orders", "app-*-x-*")


def arn(random: Random) -> str:
    """Return a pattern that looks like an ARN."""
    service = random.choice(("s3", "dynamodb", "lambda", "sqs", "states"))
    region, account = random.choice(("us-east-1", "*", "")), random.choice(("111122223333", "*", ""))
    kind = random.choice(("table/", "function:", "stateMachine:", ""))
    return f"arn:{random.choice(('aws', '*'))}:{service}:{region}:{account}:{kind}{random.choice(BODIES)}"


def best(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Return the seconds of the fastest of some passes, each after *before*."""
    taken = []
    for _ in range(PASSES):
        before()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def forget() -> None:
    """Drop what is remembered of patterns, so that each is looked at for the first time."""
    for remembered in (_automaton, _pieces):
        remembered.cache_clear()


def main() -> None:
    """Print microseconds a question and milliseconds a pair of policies."""
    random = Random(7)  # noqa: S311 - nothing here is a secret
    cases = [(read(arn(random)), [read(arn(random)) for _ in range(random.randint(1, 6))]) for _ in range(600)]
    for what, before in (("first time", forget), ("again", lambda: None)):
        taken = best(lambda: [uncovered(narrow, wide) for narrow, wide in cases], before)
        print(f"patterns, {what:10}  {taken / len(cases) * 1e6:8.1f} us a question of {len(cases)}")
    policies = read_compiled("managed_policies.json")["policies"]
    sets = [(name, clauses_of({"Statement": one["statements"]})) for name, one in sorted(policies.items())]
    times = []
    for (name, clauses), (other, theirs) in pairwise(sets):
        times.append((best(lambda own=clauses, their=theirs: list(beyond(Rights(own), Rights(their)))) * 1e3, name, other))
    plain = [one for one in times if "Administrator" not in one[1] and "PowerUser" not in one[1]]
    print(f"policies, median       {statistics.median(one[0] for one in plain):8.2f} ms a pair of {len(plain)}")
    for taken, name, other in sorted(times)[-3:]:
        print(f"policies, slowest      {taken:8.2f} ms  {name} in {other}")


if __name__ == "__main__":
    main()
