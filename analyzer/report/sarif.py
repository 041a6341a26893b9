"""The findings of `check` as SARIF 2.1.0, which code scanners show beside the code.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import analyzer
from analyzer.compare.findings import RULES, Finding, Sorted
from analyzer.compare.statements import Place
from analyzer.dataflow.values import Flow
from analyzer.report.check import position_of
from analyzer.report.entries import flow_text
from analyzer.text import Json

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "aslIamFinding/v1"
"""The name of the fingerprint. It is made of what a finding is about and of no line, so that it outlives edits above it."""


def sarif(found: Sorted) -> dict[str, Json]:
    """Return the log of one run. What is ignored is there, too, as suppressed and with its reason."""
    ids = list(RULES)
    rules = [
        {
            "id": id,
            "shortDescription": {"text": entry.title},
            "help": {"text": entry.fix},
            "defaultConfiguration": {"level": str(entry.severity)},
        }
        for id, entry in RULES.items()
    ]
    driver = {"name": "asl-iam", "version": analyzer.__version__, "rules": rules}
    results = [_result(one, ids, None) for one in found.open] + [_result(one, ids, reason) for one, reason in found.ignored]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(one: Finding, ids: list[str], reason: str | None) -> dict[str, Json]:
    made: dict[str, Json] = {
        "ruleId": one.id,
        "ruleIndex": ids.index(one.id),
        "level": str(one.severity),
        "message": {"text": f"{one.machine}: {one.message}. {one.help[:1].upper()}{one.help[1:]}."},
        "partialFingerprints": {FINGERPRINT: hashlib.sha256("\0".join(one.key()).encode()).hexdigest()},
    }
    if one.place.source is not None:
        made["locations"] = [_location(one.place)]
    if len({step.pointer for step in one.way}) > 1:  # what stands in the call itself needs no way
        # From where the value stands first to the state that asks for it: https://docs.oasis-open.org/sarif/sarif/v2.1.0/ §3.36
        steps = [_location(step, flow_text(Flow(step.pointer, step.title))) for step in reversed(one.way)]
        steps.append(_location(one.place, one.place.title))
        made["codeFlows"] = [{"threadFlows": [{"locations": [{"location": step} for step in steps]}]}]
    if reason is not None:
        made["suppressions"] = [{"kind": "external", "justification": reason}]
    return made


def _location(place: Place, message: str = "") -> dict[str, Json]:
    source = place.source
    made: dict[str, Json] = {
        "artifactLocation": {"uri": quote(source.name.replace("\\", "/") if source is not None else "", safe="/")}
    }
    position = position_of(place)
    if position is not None:
        made["region"] = {
            "startLine": position.line,
            "startColumn": position.column,
            "endLine": position.end_line,
            "endColumn": position.end_column,
        }
    return {"physicalLocation": made, **({"message": {"text": message}} if message else {})}
