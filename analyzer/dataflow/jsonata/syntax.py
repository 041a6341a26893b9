"""JSONata that is none: what Step Functions would refuse when the machine is made.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from analyzer.asl.check import is_expression
from analyzer.asl.model import QueryLanguage, State
from analyzer.dataflow.jsonata.tree import mistake
from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.text import Json, Pointer

_SCOPES = ("Branches", "ItemProcessor", "Iterator")
"""Fields of a state that hold other states."""

_SPACE = re.compile(r"\s+")


def mistakes(states: Iterable[State]) -> Iterator[Diagnostic]:
    """Yield an error for each expression of *states* that is no JSONata. One with an open placeholder may become some."""
    for state in states:
        if state.language is not QueryLanguage.JSONATA:
            continue
        for text, pointer in _expressions(state.body, state.pointer):
            said = mistake(text) if "${" not in text else None
            if said is not None:
                shown = _SPACE.sub(" ", text)
                shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
                message = f"state `{state.name}`: `{shown}` is no JSONata: {said}"
                yield diagnostic("malformed-expression", message, pointer, state=state.name)


def _expressions(body: Json, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
    waiting: list[tuple[Json, Pointer]] = [(value, (*pointer, str(name))) for name, value in body.items() if name not in _SCOPES]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, dict):
            waiting += [(inner, (*place, str(name))) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(inner, (*place, at)) for at, inner in enumerate(value)]
        elif isinstance(value, str) and is_expression(value):
            yield value[2:-2].strip(), place
