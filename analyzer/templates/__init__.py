"""State machines inside templates: told by their content, read with their references kept as texts with placeholders.

* `machines_in(source)`     the machines of a template; nothing when the source is a definition itself
* `options_of(found, ...)`  what the template says around a machine, as keywords of `make_context`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import SourceError
from analyzer.sources import may_be_template, parse_any
from analyzer.templates.model import Found, Role, Texts
from analyzer.templates.project import Project, project_of
from analyzer.text import Source

__all__ = ["Found", "Project", "Role", "machines_in", "options_of", "project_of"]

_PLANNED = ('"format_version"', '"aws_sfn_state_machine"')
"""What the JSON of a Terraform plan with a state machine has in it."""


def machines_in(source: Source, project: Project) -> Iterator[Found | SourceError] | None:
    """Return the state machines of the template that *source* holds; `None` when it holds no template.

    One that cannot be read is a `SourceError` among them, which takes no other one with it.
    """
    if source.name.endswith(".tf") or "aws_sfn_state_machine" in source.text:
        return _terraform(source, project)
    if not may_be_template(source):
        return None
    from analyzer.templates import cloudformation, serverless

    try:
        document, _ = parse_any(source)
    except SourceError:
        return None
    reader = next((reader for reader in (cloudformation, serverless) if reader.is_template(document)), None)
    return None if reader is None else reader.machines(source, document, project)


def _terraform(source: Source, project: Project) -> Iterator[Found | SourceError] | None:
    """Return the machines of a plan, or else of sources."""
    from analyzer.templates import terraform, terraform_plan

    if all(mark in source.text for mark in _PLANNED) and source.text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            document, _ = parse_any(source)
        except SourceError:
            return None
        return terraform_plan.machines(source, document, project) if terraform_plan.is_plan(document) else None
    return terraform.machines(source, project) if terraform.is_terraform(source) else None


def options_of(found: Found, given: Mapping[str, str | Texts], unknown: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return what is known around *found*, as keywords of `make_context`; what only the deployment knows is left out.

    The key is not: it may have placeholders. *given* has the texts of placeholders that are known from
    elsewhere, and those in *unknown* are open, whatever their default.
    """
    texts = {name: text for name, text in found.texts.items() if name not in unknown}
    texts |= {name: (text,) if isinstance(text, str) else text for name, text in given.items()}
    made: dict[str, Any] = {}
    for key, written in found.options.items():
        known = _settled(written, texts) if isinstance(written, str) else written
        if key == "type":
            known = str(known).upper() if str(known).upper() in ("STANDARD", "EXPRESS") else None
        if key == "kms_key":
            known = known or written  # a key that the deployment makes is needed all the same
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
