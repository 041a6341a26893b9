"""State machines inside templates: told by their content, read with their references kept as texts with placeholders.

* `machines_in(source)`     the machines of a template; nothing when the source is a definition itself
* `options_of(found, ...)`  what the template says around a machine, as keywords of `make_context`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import SourceError
from analyzer.sources import parse_any
from analyzer.templates.model import Found, Role, Texts
from analyzer.templates.project import Project, project_of
from analyzer.text import Source

__all__ = ["Found", "Project", "Role", "machines_in", "options_of", "project_of"]

_MARKS = ("::StateMachine", "stepFunctions")
"""What a text has in it when it can be a template with a state machine."""


def machines_in(source: Source, project: Project) -> Iterator[Found | SourceError] | None:
    """Return the state machines of the template that *source* holds; `None` when it holds no template.

    One that cannot be read is a `SourceError` among them, which takes no other one with it.
    """
    if not any(mark in source.text for mark in _MARKS):
        return None
    from analyzer.templates import cloudformation, serverless

    try:
        document, _ = parse_any(source)
    except SourceError:
        return None
    reader = next((reader for reader in (cloudformation, serverless) if reader.is_template(document)), None)
    return None if reader is None else reader.machines(source, document, project)


def options_of(found: Found, pseudo: Mapping[str, str]) -> dict[str, Any]:
    """Return what is known around *found*, as keywords of `make_context`; what only the deployment knows is left out.

    *pseudo* gives the pseudo parameters that are known.
    """
    made: dict[str, Any] = {}
    for key, given in found.options.items():
        known = (
            _settled(str(given), {**found.texts, **{name: (text,) for name, text in pseudo.items()}})
            if isinstance(given, str)
            else given
        )
        if key == "type":
            known = str(known).upper() if str(known).upper() in ("STANDARD", "EXPRESS") else None
        if known is not None:
            made[key] = known
    return made


def _settled(text: str, texts: Mapping[str, Texts], inside: tuple[str, ...] = ()) -> str | None:
    """Return *text* with its placeholders filled; nothing when one is open, or may be several."""
    made = ""
    last = 0
    for match in PLACEHOLDER.finditer(text):
        given = texts.get(match[1], ())
        inner = None if len(given) != 1 or match[1] in inside else _settled(given[0], texts, (*inside, match[1]))
        if inner is None:
            return None
        made += text[last : match.start()] + inner
        last = match.end()
    return made + text[last:]
