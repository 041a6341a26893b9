"""The nouns of this room: a statement, a policy, and how large IAM takes it to be.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

from analyzer.permissions import Action, Condition
from analyzer.symbols import has_symbol, spell
from analyzer.text import Json

VERSION = "2012-10-17"


Packed = tuple[tuple[Action, ...], tuple[str, ...], Condition]
"""Actions × resources under a condition: what becomes one statement."""


_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class Statement(NamedTuple):
    """One Allow statement: every action on every resource, under the condition."""

    sid: str
    actions: tuple[Action, ...]
    resources: tuple[str, ...]
    condition: Condition = ()

    def to_dict(self) -> dict[str, Json]:
        """Return the statement as IAM reads it; a single action or resource stands without a list."""
        body: dict[str, Json] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": one_or_list(self.actions),
            "Resource": one_or_list(self.resources),
        }
        if self.condition:
            body["Condition"] = condition_block(self.condition)
        return body


@dataclass(frozen=True, slots=True)
class Policy:
    """An IAM policy document of Allow statements."""

    statements: tuple[Statement, ...]

    def to_dict(self) -> dict[str, Json]:
        """Return the document as IAM reads it."""
        return {"Version": VERSION, "Statement": [statement.to_dict() for statement in self.statements]}


def policy_size(document: Json) -> int:
    """Count the characters of *document*, or of a part of one, as IAM does: without white space outside of strings.

    A placeholder counts as it is written; what the deployment puts in its place may be longer.
    """
    text = _COMPACT.encode(document)
    return len(spell(text) if has_symbol(text) else text)


def condition_block(condition: Condition) -> dict[str, dict[str, Json]]:
    """Write a canonical condition as an IAM condition block."""
    block: dict[str, dict[str, Json]] = {}
    for operator, key, values in condition:
        block.setdefault(operator, {})[key] = one_or_list(values)
    return block


def one_or_list(values: tuple[str, ...]) -> Json:
    """Write *values* as IAM does: a single one stands without a list."""
    return values[0] if len(values) == 1 else list(values)


def is_any_of(operator: str) -> bool:
    """Tell whether several values of *operator* mean any of them, so that one more only lets more through.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
    """
    return "Not" not in operator and not operator.startswith("ForAllValues:")
