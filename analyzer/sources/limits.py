"""How large and how deep an input may be, and the two complaints that JSON and YAML share."""

from __future__ import annotations

from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.errors import SyntaxProblem
from analyzer.text import Pointer, Source

MAX_BYTES = 10 * 1024 * 1024
"""Ten times what Step Functions accepts as a definition."""
MAX_DEPTH = 200
"""Levels of nesting. A real definition stays below 40."""
MAX_DIGITS = 400
"""Digits of an integer: more than any number a service takes."""
MAX_ALIASED = 100_000
"""Nodes that YAML aliases may add to what is written."""


def too_deep(source: Source, line: int | None = None, column: int | None = None) -> SyntaxProblem:
    """Return the error for a text that is nested too deeply."""
    message = f"nested deeper than {MAX_DEPTH} levels"
    return SyntaxProblem(message, name=source.name, line=line, column=column, help="no state machine needs that depth")


def duplicate_key(pointer: Pointer, key: str) -> Diagnostic:
    """Return the diagnostic for *key*, which the object at *pointer* has more than once."""
    where = (*pointer, key)
    state = next((str(where[i + 1]) for i in range(len(where) - 2, -1, -1) if where[i] == "States"), None)
    what = f"the key `{key}` is there twice"
    if pointer[-1:] == ("States",):
        what = f"the state `{key}` is defined twice in one `States` object"
    return diagnostic("duplicate-key", f"{what}, only the last one counts", where, state=state, on_key=True)
