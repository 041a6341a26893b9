"""The nouns of this room: a statement, a policy, and how large IAM takes it to be.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.permissions import Action, Condition
from analyzer.text import Json

INLINE_LIMIT = 10_240
"""Characters of all inline policies of a role, white space not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

VERSION = "2012-10-17"


Packed = tuple[tuple[Action, ...], tuple[str, ...], Condition]
"""Actions × resources under a condition: what becomes one statement."""


@dataclass(frozen=True, slots=True)
class Statement:
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


def policy_size(document: Mapping[str, Json]) -> int:
    """Count the characters of *document* as IAM does: without white space outside of strings."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def condition_block(condition: Condition) -> dict[str, dict[str, Json]]:
    """Write a canonical condition as an IAM condition block."""
    block: dict[str, dict[str, Json]] = {}
    for operator, key, values in condition:
        block.setdefault(operator, {})[key] = one_or_list(values)
    return block


def review_size(policy: Policy, whose: str) -> tuple[Diagnostic, ...]:
    """Report a policy that is larger than IAM allows inline. *whose* says which role has it."""
    size = policy_size(policy.to_dict())
    if size <= INLINE_LIMIT:
        return ()
    return (
        diagnostic("policy-too-large", f"the policy of {whose} has {size:,} characters, and {INLINE_LIMIT:,} are allowed inline"),
    )


def one_or_list(values: tuple[str, ...]) -> Json:
    """Write *values* as IAM does: a single one stands without a list."""
    return values[0] if len(values) == 1 else list(values)
