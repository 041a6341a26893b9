"""Substitutions: names of a definition for texts of its template (`DefinitionSubstitutions`, the table of an `Fn::Sub`).

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import SyntaxProblem
from analyzer.sources import parse_any
from analyzer.templates.expressions import texts
from analyzer.templates.model import Texts
from analyzer.templates.placeholders import OPEN, Template, expand
from analyzer.text import Json, Source

_QUOTED_OR_BARE = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<bare>\$\{[^${}]{1,256}\})', re.DOTALL)
_SCALAR = re.compile(r"-?\d+(?:\.\d+)?|true|false|null")


def texts_of(given: Json, template: Template) -> dict[str, Texts]:
    """Return what each name of a table of substitutions stands for."""
    return {str(name): texts(written, template) for name, written in given.items()} if isinstance(given, dict) else {}


def settle(document: Json, given: Mapping[str, Texts], template: Template) -> tuple[Json, dict[str, Texts]]:
    """Return the definition and its substitutions, of which none is called like something of the template.

    `Table: !Ref Table` would stand for itself, and `Table: !Ref Other` for what every other reference to `Table` means. So such a
    name is filled in, or, where it may stand for several texts, called otherwise.
    """
    own: dict[str, Texts] = {}
    renamed: dict[str, str] = {}
    for name, found in given.items():
        head = name.partition(".")[0]
        if head not in template.resources and head not in template.parameters:
            own[name] = found
        elif len(found) == 1:
            renamed[name] = found[0]
        elif found:
            own[f"{name} (substitution)"] = found
            renamed[name] = OPEN % f"{name} (substitution)"
    return _renamed(document, renamed) if renamed else document, own


def _renamed(value: Json, names: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda match: names.get(match[1], match[0]), value)
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def with_table(written: Json, template: Template) -> tuple[Texts, dict[str, Texts]]:
    """Return the texts of a definition that is written as a text, and the names in it that are left for what they may be.

    Of an `Fn::Sub` with a table, those are the names that may stand for several texts: the text itself is one.
    """
    found = texts(written, template)
    argument = written.get("Fn::Sub") if isinstance(written, dict) else None
    if len(found) == 1 or not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict)):
        return found, {}
    table = texts_of(argument[1], template)
    single = {name: given for name, given in argument[1].items() if len(table[str(name)]) == 1}
    left = {name: given for name, given in table.items() if name not in single}
    return texts({"Fn::Sub": [argument[0], single]}, template), left


def parse(source: Source, given: Mapping[str, Texts], template: Template) -> tuple[Json, Source]:
    """Parse a definition. In JSON, a placeholder may stand for a number, and not only inside a text.

    Raises `SourceError` when it is neither JSON nor YAML, whatever its placeholders stand for.
    """
    try:
        return parse_any(source)[0], source
    except SyntaxProblem:

        def fill(match: re.Match[str]) -> str:
            if match["bare"] is None:
                return match[0]
            name = match["bare"][2:-1]
            known = expand(given[name][0] if len(given.get(name, ())) == 1 else match["bare"], template)
            return known if _SCALAR.fullmatch(known) else json.dumps(match["bare"])

        text = _QUOTED_OR_BARE.sub(fill, source.text)
        if text == source.text:
            raise
        filled = replace(source, text=text)
        return parse_any(filled)[0], filled
