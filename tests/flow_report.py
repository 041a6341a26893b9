"""What the flow of values is worth on a corpus, and whether it is right: `python tests/flow_report.py [CORPUS_DIR] [-v]`.

The corpus is looked for as in `corpus_report.py`. Every definition is run on the test engine, in worlds made so that its tasks
are reached, and every request of its tasks is held against its policy; then the certainty of its grants is compared without
the flow and with it. Exit 1 when an execution did what the flow or the policy rules out.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

# The report runs from anywhere, without an installed package.
sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

from corpus.cases import Case, corpus_root, load  # noqa: E402
from engine.authorization import Ledger  # noqa: E402
from engine.driver import drive  # noqa: E402

from analyzer.asl.model import Machine, QueryLanguage, State  # noqa: E402
from analyzer.asl.parse import parse  # noqa: E402
from analyzer.context import Context, settle_partition  # noqa: E402
from analyzer.dataflow import evaluate  # noqa: E402
from analyzer.dataflow.evaluate import Environment  # noqa: E402
from analyzer.dataflow.run import propagate  # noqa: E402
from analyzer.dataflow.start import start  # noqa: E402
from analyzer.dataflow.values import Unknown, Value  # noqa: E402
from analyzer.errors import SourceError  # noqa: E402
from analyzer.graph import reachable  # noqa: E402
from analyzer.integrations import calls_of  # noqa: E402
from analyzer.maps import index  # noqa: E402
from analyzer.permissions import Grant, permissions  # noqa: E402
from analyzer.sources import parse_document  # noqa: E402
from analyzer.text import Pointer  # noqa: E402

CERTAINTIES = ("exact", "pattern", "assumed", "unknown")
KINDS = ("constants alone", "JSONPath", "intrinsic functions", "JSONata")


@dataclass
class Tally:
    """The figures over a corpus."""

    definitions: int = 0
    executions: int = 0
    tasks: int = 0
    reached: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    unsound: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    denied: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    after: Counter[tuple[str, str]] = field(default_factory=Counter)


def main(arguments: list[str]) -> int:
    """Print the report and return the exit code."""
    root = corpus_root(next((argument for argument in arguments if argument != "-v"), None))
    if not (root / "index.json").is_file():
        print(f"no corpus at {root}: name its folder, or set ASL_IAM_CORPUS; nothing was checked")
        return 0
    tally = measure(load(root))
    print(f"definitions run      {tally.definitions}, of which {tally.executions} executions")
    print(
        f"not run              {sum(tally.skipped.values())}: "
        + ", ".join(f"{n} {why}" for why, n in sorted(tally.skipped.items()))
    )
    print(f"tasks reached        {tally.reached} of {tally.tasks}")
    print(f"unsound              {len(tally.unsound)}")
    print(f"requests authorised  {len(tally.ledger.made) - len(tally.denied)} of {len(tally.ledger.made)}")
    outcomes = tally.ledger.outcomes
    print(f"calls                {outcomes.total()}: " + ", ".join(f"{n} {what}" for what, n in sorted(outcomes.items())))
    unmapped = sorted(tally.ledger.unmapped.items())
    print(f"unmapped             {len(unmapped)}: " + ", ".join(f"{resource} ({count} calls)" for resource, count in unmapped))
    for line in [*tally.unsound, *tally.denied, *(tally.missed if "-v" in arguments else ())]:
        print(f"    {line[:600]}")
    print_certainty(tally)
    return 1 if tally.unsound or tally.denied else 0


def print_certainty(tally: Tally) -> None:
    """Print how certain the resources of grants are, without the flow and with it, by what their tasks are written with."""
    print("\nresources of grants, without the flow -> with it")
    print(f"{'':22}" + "".join(f"{name:>16}" for name in CERTAINTIES))
    for kind in KINDS:
        cells = [f"{tally.before[kind, name]} -> {tally.after[kind, name]}" for name in CERTAINTIES]
        print(f"{kind:22}" + "".join(f"{cell:>16}" for cell in cells))


def measure(cases: list[Case]) -> Tally:
    """Run every definition among *cases* and count what comes of it."""
    tally, seen = Tally(), set()
    for case in cases:
        if case.source is None:
            continue
        try:
            document, _ = parse_document(case.source)
        except SourceError:
            continue
        text = json.dumps(document, sort_keys=True, default=str)
        if text in seen or not isinstance(document, dict):
            continue
        seen.add(text)
        _run(tally, case, document)
        _compare(tally, case, document)
    return tally


def _run(tally: Tally, case: Case, document: dict[str, Any]) -> None:
    report = drive(document)
    if report.skipped:
        tally.skipped[report.skipped] += 1
        return
    tally.definitions += 1
    tally.executions += report.executions
    tally.tasks += report.tasks
    tally.reached += len(report.reached)
    tally.unsound += [f"{case.id}: {fault}" for fault in dict.fromkeys(report.faults)]
    tally.ledger += report.ledger
    tally.denied += [f"{case.id}: {made}" for made in dict.fromkeys(report.ledger.denied)]
    if len(report.reached) < report.tasks:
        tally.missed.append(f"{case.id}: {len(report.reached)} of {report.tasks} tasks reached")


def _compare(tally: Tally, case: Case, document: dict[str, Any]) -> None:
    assert case.source is not None
    machine, _ = parse(case.source, document, workflow_type=case.context.type)
    arns = (arn for state in machine.states() if isinstance(arn := state.body.get("Resource"), str))
    context = settle_partition(case.context, arns)
    reached = reachable(machine)
    states = [state for state in machine.states() if state.pointer in reached]
    flow = propagate(machine, start(context, index().trust["source_arn"]))
    kinds = _kinds(machine)
    with patch.multiple(evaluate, path=_nothing, expression=_nothing):
        before = _grants(states, {}, context)
    taken = [state for state in states if state.pointer in flow]
    for found, grants in ((tally.before, before), (tally.after, _grants(taken, flow, context))):
        for grant in grants:
            found[kinds.get(grant.reasons[0].state or "", KINDS[0]), str(grant.certainty)] += 1


def _grants(states: list[State], flow: Mapping[Pointer, Environment], context: Context) -> tuple[Grant, ...]:
    return permissions(calls_of(states, flow, context, index())[0], context)[0]


def _nothing(text: str, *_: Any) -> Value:
    """Stand in for what reads a path or an expression: without the flow, each is anything."""
    return Unknown(text)


def _kinds(machine: Machine) -> dict[str, str]:
    """Return by what the calls of each state are computed."""
    return {state.name: _kind(state) for state in machine.states()}


def _kind(state: State) -> str:
    fields = ("Parameters", "Arguments", "Credentials", "ItemReader", "ResultWriter")
    text = json.dumps({name: state.body[name] for name in fields if name in state.body}, default=str)
    if state.language is QueryLanguage.JSONATA:
        return "JSONata" if "{%" in text else KINDS[0]
    if '.$": "States.' in text:
        return "intrinsic functions"
    return "JSONPath" if '.$": "' in text else KINDS[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
