"""Remarks as a report of Code Insights, which Bitbucket shows beside the lines of a pull request.

https://developer.atlassian.com/cloud/bitbucket/rest/api-group-reports/
"""

from __future__ import annotations

import hashlib
from contextlib import suppress

from analyzer.bot.comment import verdict
from analyzer.bot.forge import Missing
from analyzer.bot.rest import Rest
from analyzer.bot.review import Machine, Remark, Review
from analyzer.report.paint import printable
from analyzer.text import Json

MOST = 1_000
"""Annotations that a report may have, the gravest first."""

AT_ONCE = 100
_LONGEST = 450
_SEVERITY = {"error": "HIGH", "warning": "MEDIUM"}


def post_insights(rest: Rest, repo: str, commit: str, id: str, review: Review, prefix: str = "") -> None:
    """Put a report on *commit* in the place of what an earlier run put there; without remarks, none. Raises `ForgeError`."""
    path = f"/repositories/{repo}/commit/{commit}/reports/asl-iam-{id}"
    with suppress(Missing):
        rest.send("DELETE", path)  # annotations outlive a report that is only written anew
    found = entries(review, prefix)
    if found:
        rest.send("PUT", path, report(review))
    for start in range(0, len(found), AT_ONCE):
        rest.send("POST", f"{path}/annotations", found[start : start + AT_ONCE])


def report(review: Review) -> dict[str, Json]:
    """Return what stands above the annotations. It fails where a remark is an error."""
    failed = any(one.severity == "error" for machine in review.machines for one in machine.remarks)
    return {
        "title": "asl-iam",
        "details": verdict(review),
        "reporter": "asl-iam",
        "report_type": "SECURITY",
        "result": "FAILED" if failed else "PASSED",
    }


def entries(review: Review, prefix: str = "") -> list[dict[str, Json]]:
    """Return the remarks, errors first, each once. What tells one from another outlives edits above its line."""
    made = {}
    each = ((machine, one) for machine in review.machines for one in machine.remarks)
    for machine, remark in sorted(each, key=lambda pair: pair[1].severity != "error"):
        one = _annotation(machine, remark, prefix)
        made[one["external_id"]] = one
    return list(made.values())[:MOST]


def _annotation(machine: Machine, remark: Remark, prefix: str) -> dict[str, Json]:
    key = f"{machine.path}\0{machine.name}\0{remark.id}\0{remark.message}"
    made: dict[str, Json] = {
        "external_id": hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(),
        "annotation_type": "VULNERABILITY",
        "severity": _SEVERITY.get(remark.severity, "LOW"),
        "summary": _short(f"{remark.id}: {remark.message}"),
        "details": _short(remark.help),
    }
    if remark.spot is not None:
        made["path"] = prefix + remark.spot.path
        if remark.spot.line is not None:
            made["line"] = remark.spot.line
    return made


def _short(text: str) -> str:
    """Return *text* as one line that an annotation takes. The whole of it is in the comment."""
    line = printable(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
