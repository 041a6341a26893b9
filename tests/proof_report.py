"""The long proof: `python tests/proof_report.py [--executions N] [--seed N]` runs N executions (20,000 without it).

A third each are wild JSONPath definitions, wild JSONata ones, and orderly ones, whose policies are compared with what was
asked for. Exit 1 when an execution did what the flow or the policy rules out, or a policy is looser without a known reason.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The report runs from anywhere, without an installed package.
sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

from engine.definitions import definitions  # noqa: E402
from engine.expressions import jsonata_definitions  # noqa: E402
from engine.looseness import explained  # noqa: E402
from engine.orderly import orderly_definitions, world  # noqa: E402
from engine.proof import Proof, prove  # noqa: E402
from engine.worlds import World, worlds  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

Json = Any
WILD, ORDERLY = 6, 60
"""Executions of each definition."""


def main(arguments: list[str]) -> int:
    """Print the report and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    share = -(-options.executions // 3)
    by_kind = {
        "JSONPath": wild(definitions(), share, options.seed),
        "JSONata": wild(jsonata_definitions(), share, options.seed),
        "orderly": orderly(share, options.seed),
    }
    whole = Proof()
    for proof in by_kind.values():
        whole += proof
    for kind, proof in by_kind.items():
        print(
            f"{kind:20}  {proof.executions} executions, {proof.reached} of {proof.tasks} tasks reached, {proof.unread} not read"
        )
    return print_figures(whole)


def print_figures(proof: Proof) -> int:
    """Print the figures over everything that ran, then what went wrong; return the exit code."""
    loose = [one for one in proof.loose if not explained(one)]
    kinds = Counter(one.kind for one in proof.loose if explained(one))
    rows = {
        "definitions": f"{proof.definitions}",
        "executions": f"{proof.executions}, of which {proof.succeeded} succeeded",
        "task calls": f"{proof.calls.total()}: " + ", ".join(f"{count} {what}" for what, count in sorted(proof.calls.items())),
        "members checked": f"{proof.members}",
        "requests authorised": f"{proof.requests - proof.denied.total()} of {proof.requests}",
        "patterns compared": f"{proof.patterns}",
        "unsound": f"{proof.unsound.total()}",
        "denied": f"{proof.denied.total()}",
        "looser": f"{len(loose)}",
        "explained": ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "0",
    }
    for name, text in rows.items():
        print(f"{name:20}  {text}")
    wrong = [*proof.unsound, *proof.denied, *dict.fromkeys(map(str, loose))]
    for line in wrong:
        print(f"    {line[:600]}")
    return 1 if wrong else 0


def wild(strategy: st.SearchStrategy[Json], executions: int, number: int) -> Proof:
    """Prove definitions of *strategy*, each in a few worlds, until there were so many *executions*."""
    return _collect(st.tuples(strategy, st.lists(worlds(), min_size=WILD, max_size=WILD)), executions, WILD, number, prove)


def orderly(executions: int, number: int) -> Proof:
    """Prove orderly definitions, each in many worlds, and compare their policies with what was asked for."""

    def compared(definition: Json, given_: list[World]) -> Proof:
        return prove(definition, given_, compare=True)

    def several(start: int) -> list[World]:
        chance = random.Random(start)  # noqa: S311 - the same every time, and nothing secret
        return [world(chance) for _ in range(ORDERLY)]

    pairs = st.tuples(orderly_definitions(), st.integers(0, 9999).map(several))
    return _collect(pairs, executions, ORDERLY, number, compared)


def _collect(
    pairs: st.SearchStrategy[tuple[Json, list[World]]],
    executions: int,
    each: int,
    number: int,
    judge: Callable[[Json, list[World]], Proof],
) -> Proof:
    """Draw definitions with their worlds, and add up what comes of them. Nothing is shrunk: what goes wrong is printed."""
    whole = Proof()

    @seed(number)
    @settings(
        max_examples=-(-executions // each),
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pairs)
    def run(pair: tuple[Json, list[World]]) -> None:
        nonlocal whole
        whole += judge(*pair)

    run()
    return whole


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
