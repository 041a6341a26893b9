"""What an execution on the test engine meets, and what is seen of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any

MOST_STATES = 120
"""The most states one execution enters: a loop that does not end is cut off there."""

Answer = Callable[[str], Json]
"""What a task answers, by the name of its state; it may raise `TaskError`."""


@dataclass(frozen=True)
class Entered:
    """A state that was entered: its effective input, the variables and the context object as it saw them."""

    state: str
    input: Json
    variables: Mapping[str, Json]
    context: Mapping[str, Json]


@dataclass(frozen=True)
class Called:
    """A task that ran: what its parameters and its credentials evaluated to. Without any, `None`: the input is sent then."""

    state: str
    parameters: Json
    role: Json
    input: Json = None


@dataclass(frozen=True)
class TaskError(Exception):
    """What a task raises when a test wants it to fail."""

    error: str
    cause: str = "chosen by the test"


@dataclass
class Execution:
    """What came of one execution: how it ended, with which output or error, and everything seen on the way."""

    status: str = "running"
    output: Json = None
    error: str | None = None
    cause: str | None = None
    entered: list[Entered] = field(default_factory=list)
    called: list[Called] = field(default_factory=list)


class CutOffError(BaseException):
    """Ends an execution that enters too many states. No `except Exception` of the interpreter holds it up."""
