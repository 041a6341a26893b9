"""From a source to the plain value it holds, whatever it is written in."""

from __future__ import annotations

from analyzer.diagnostics import Diagnostic, did_you_mean
from analyzer.errors import NotADefinition, SyntaxProblem
from analyzer.sources.json_text import comment_problem, looks_like_json, read_json
from analyzer.text import Json, Source

_YAML = (".yaml", ".yml")
"""How files are called that hold YAML."""


def parse_document(source: Source) -> tuple[dict[str, Json], tuple[Diagnostic, ...]]:
    """Return the state machine definition that *source* holds as a plain value, and a diagnostic for each repeated key.

    JSON is told from YAML by the first character, whatever the name of the file. Raises `SyntaxProblem`, with line
    and column, for a text that is neither, and `NotADefinition` for one that holds no state machine.
    """
    document, diagnostics = parse_any(source)
    return as_definition(source, document), diagnostics


def parse_any(source: Source) -> tuple[Json, tuple[Diagnostic, ...]]:
    """Return the plain value that *source* holds, whatever it is. Raises `SyntaxProblem` when it is neither JSON nor YAML.

    YAML may begin like JSON, `{StartAt: A}`: what is no JSON is read as YAML where the file is called so.
    """
    text = source.text
    if not text.strip("\ufeff \t\r\n"):
        raise NotADefinition("the input is empty", name=source.name, help="give a definition in JSON or YAML")
    if looks_like_json(text):
        try:
            return read_json(source)
        except SyntaxProblem as error:
            document = _flow_style(source)
            if document is None:
                raise error from None
            return document
    if text.lstrip().startswith(("//", "/*")):
        raise comment_problem(source, len(text) - len(text.lstrip()))
    from analyzer.sources.yaml_text import read_yaml

    return read_yaml(source)


def _flow_style(source: Source) -> tuple[Json, tuple[Diagnostic, ...]] | None:
    """Return what *source*, which is no JSON, holds as YAML; nothing where it is not called so, or is no YAML either."""
    if not source.name.lower().endswith(_YAML):
        return None
    from analyzer.sources.yaml_text import read_yaml

    try:
        return read_yaml(source)
    except SyntaxProblem:
        return None


def as_definition(source: Source, document: Json) -> dict[str, Json]:
    """Return *document* if it can be a state machine, else say what was looked for."""
    wanted = "a definition is an object with `StartAt` and `States`"
    if not isinstance(document, dict):
        what = {list: "a list", str: "a text", type(None): "null", bool: "a boolean"}.get(type(document), "a number")
        raise NotADefinition(f"no state machine inside: the top is {what}, not an object", name=source.name, help=wanted)
    if "StartAt" not in document and "States" not in document:
        hints = (did_you_mean(key, ("StartAt", "States"), cutoff=0.75) for key in document)
        near = next((hint for hint in hints if hint.startswith("did")), "")
        raise NotADefinition(
            "no state machine inside: the top has neither `StartAt` nor `States`", name=source.name, help=near or wanted
        )
    return document
