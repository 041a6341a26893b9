"""The Amazon States Language as frozen values: a machine, its scopes and its eight kinds of state.

Only what an analysis needs has a field of its own; `State.body` keeps the state as it was written, so that nothing
is lost. Pointers lead into the document the machine was read from.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from analyzer.text import Json, Pointer, Source

DISTRIBUTED = "DISTRIBUTED"
"""The mode of a Map whose children are executions of their own."""


class QueryLanguage(StrEnum):
    """How a state reads and shapes its data."""

    JSONPATH = "JSONPath"
    JSONATA = "JSONata"


class Catcher(NamedTuple):
    """One `Catch` entry: where an error leads."""

    pointer: Pointer
    next: str | None
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class State:
    """What every state has. `name` is unique in a valid machine; `body` is the state as written."""

    name: str
    pointer: Pointer
    language: QueryLanguage
    body: Mapping[str, Json]
    next: str | None = None
    end: bool = False
    catchers: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Task(State):
    """A state that does work. `arguments` is `Parameters` (JSONPath) or `Arguments` (JSONata), `None` when absent."""

    resource_arn: str | None = None
    arguments: Json = None
    arguments_pointer: Pointer = ()
    credentials: Json = None


class Pass(State):
    """A state that only shapes data."""

    __slots__ = ()


class Wait(State):
    """A state that waits."""

    __slots__ = ()


class Succeed(State):
    """A state that ends its scope well."""

    __slots__ = ()


class Fail(State):
    """A state that ends the execution badly."""

    __slots__ = ()


class Rule(NamedTuple):
    """One entry of `Choices`: where it leads when it matches."""

    pointer: Pointer
    next: str | None
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Choice(State):
    """A state that branches on data."""

    rules: tuple[Rule, ...] = ()
    default: str | None = None


class Scope(NamedTuple):
    """One `StartAt` + `States` pair: the machine itself, a Parallel branch, or the inside of a Map."""

    pointer: Pointer
    start_at: str | None
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Parallel(State):
    """A state that runs its branches side by side."""

    branches: tuple[Scope, ...] = ()


class DataAccess(NamedTuple):
    """An `ItemReader` or a `ResultWriter` of a Distributed Map.

    `arguments` is its `Parameters` or `Arguments`; `config` its `ReaderConfig` or `WriterConfig`.
    """

    pointer: Pointer
    resource_arn: str | None
    arguments: Json
    arguments_pointer: Pointer
    config: Json


@dataclass(frozen=True, slots=True)
class Map(State):
    """A state that runs its processor for each item. In the mode `DISTRIBUTED` it starts executions of the machine itself."""

    processor: Scope | None = None
    mode: str | None = None
    execution_type: str | None = None
    label: str | None = None
    reader: DataAccess | None = None
    writer: DataAccess | None = None


class Machine(NamedTuple):
    """A whole definition. `document` is the plain value it was read from."""

    source: Source
    scope: Scope
    language: QueryLanguage
    document: Mapping[str, Json]

    def scopes(self) -> Iterator[Scope]:
        """Yield every scope, outer before inner, in the order they are written."""
        waiting = deque([self.scope])
        while waiting:
            scope = waiting.popleft()
            yield scope
            for state in scope.states.values():
                waiting.extend(inner_scopes(state))

    def states(self) -> Iterator[State]:
        """Yield every state of every scope."""
        for scope in self.scopes():
            yield from scope.states.values()


def inner_scopes(state: State) -> tuple[Scope, ...]:
    """Return the scopes inside *state*: the branches of a Parallel, the processor of a Map, else nothing."""
    if isinstance(state, Parallel):
        return state.branches
    if isinstance(state, Map) and state.processor is not None:
        return (state.processor,)
    return ()
