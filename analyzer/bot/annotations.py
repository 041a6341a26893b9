"""Remarks as annotations of a workflow run of GitHub.

A step may show ten of a severity and a job fifty, first come, first served: the gravest come first, and what is left is counted.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from analyzer.bot.review import Remark, Review

MOST = 10
"""Annotations of one severity that a step may show."""

_COMMANDS = {"error": "error", "warning": "warning"}


def workflow_commands(review: Review, prefix: str = "") -> list[str]:
    """Return the lines to print."""
    lines = []
    left = 0
    for severity in _COMMANDS:
        remarks = list(dict.fromkeys(one for machine in review.machines for one in machine.remarks if one.severity == severity))
        lines += [_line(one, prefix) for one in remarks[:MOST]]
        left += max(0, len(remarks) - MOST)
    if left:
        lines.append(f"::notice title=asl-iam::{left} more in the comment and in the summary of this run")
    return lines


def _line(remark: Remark, prefix: str) -> str:
    properties = [f"title={_property('asl-iam: ' + remark.id)}"]
    if remark.spot is not None:
        properties.insert(0, f"file={_property(prefix + remark.spot.path)}")
        properties += [f"line={remark.spot.line}"] if remark.spot.line is not None else []
    return f"::{_COMMANDS[remark.severity]} {','.join(properties)}::{_data(f'{remark.message}: {remark.help}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
