"""The nouns of this room: a grant, its reasons, and how certain it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NewType

from analyzer.dataflow.values import Flow
from analyzer.text import Pointer

Action = NewType("Action", str)
"""An IAM action, `dynamodb:PutItem`; not to be mixed up with the operation `putItem` that needs it."""

Condition = tuple[tuple[str, str, tuple[str, ...]], ...]
"""(operator, key, values), sorted: the canonical form of an IAM condition block."""

EXECUTION = "execution"
"""The role of the machine itself, as `Grant.role` names it."""


class Certainty(StrEnum):
    """How exactly a grant names what is needed."""

    __hash__ = str.__hash__

    EXACT = "exact"
    """Every value that names the resource is known."""
    PATTERN = "pattern"
    """Part of a value is not known."""
    ASSUMED = "assumed"
    """The permission hangs on something the definition does not show."""
    UNKNOWN = "unknown"
    """A whole value that names the resource is not known: every resource of its type is granted."""


class Reason(NamedTuple):
    """Why a grant is there: the state, the rule of the service maps, the page, and where the values came from."""

    state: str | None
    pointer: Pointer
    rule: str
    source: str
    note: str = ""
    flow: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One action on one resource pattern under one condition. `role` is `EXECUTION` or a target role's ARN pattern."""

    action: Action
    resource: str
    condition: Condition
    level: str
    certainty: Certainty
    role: str
    reasons: tuple[Reason, ...]


class TargetRole(NamedTuple):
    """A role that tasks take on by `Credentials`: its ARN pattern and the account it lives in, where known."""

    arn: str
    account: str | None
    exact: bool
