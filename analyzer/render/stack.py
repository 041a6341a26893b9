"""Expressions as CloudFormation writes them, in YAML with its short tags or in JSON.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from analyzer.render.drafts import Draft
from analyzer.render.expression import Expression, Reference
from analyzer.render.identifiers import pascal, unique
from analyzer.sources.yaml_text import SCALARS
from analyzer.text import Json

VERSION = "2010-09-09"


@dataclass(frozen=True, slots=True)
class Tagged:
    """An intrinsic function with a text: `!Ref Topic`, `!GetAtt Orders.Arn`, `!Sub '${Orders.Arn}/index/*'`."""

    tag: str
    text: str


def intrinsics(value: Json, declared: Mapping[Reference, str]) -> Json:
    """Return *value* with each expression as an intrinsic function; *declared* are the parameters of the document."""
    if isinstance(value, Expression):
        return _intrinsic(value, declared)
    if isinstance(value, dict):
        return {key: intrinsics(item, declared) for key, item in value.items()}
    return [intrinsics(item, declared) for item in value] if isinstance(value, list) else value


def _intrinsic(expression: Expression, declared: Mapping[Reference, str]) -> Json:
    if len(expression.parts) == 1 and isinstance(reference := expression.parts[0], Reference):
        if reference.function:
            return json.loads(reference.function)
        name = declared.get(reference, reference.name)
        return Tagged("GetAtt" if "." in name else "Ref", name)
    written = ""
    table: dict[str, Json] = {}
    taken = {declared.get(one, one.name) for one in expression.references()}
    for part in expression.parts:
        if isinstance(part, str):
            written += part.replace(
                "${", "${!"
            )  # what IAM escapes looks like a placeholder to Fn::Sub, which `!` tells it to leave
        elif not part.function:
            written += f"${{{declared.get(part, part.name)}}}"
        elif isinstance(function := json.loads(part.function), str):
            written += function  # a dynamic reference is filled in wherever it stands
        else:
            own = pascal(part.name.removeprefix("Fn::"))
            name = next((name for name, given in table.items() if given == function), None) or unique(own, {*taken, *table})
            table[name] = function
            written += f"${{{name}}}"
    if table:
        return {"Fn::Sub": [written, table]}
    return Tagged("Sub", written) if "${" in written else written


def parameters(declared: Mapping[Reference, str]) -> dict[str, Json]:
    """Return the parameters of a document for the names that are not of its own."""
    return {
        name: {"Type": "String", "Description": f"What `{reference.name}` stands for in {reference.origin}"}
        for reference, name in declared.items()
    }


def to_json(value: Json) -> str:
    """Write *value* as JSON, intrinsic functions in their long form."""
    return json.dumps(long_form(value), indent=2, ensure_ascii=False)


def long_form(value: Json) -> Json:
    """Return *value* as a parser gives it back: intrinsic functions in their long form."""
    if isinstance(value, Tagged):
        if value.tag == "Ref":
            return {"Ref": value.text}
        return {f"Fn::{value.tag}": value.text.split(".", 1) if value.tag == "GetAtt" else value.text}
    if isinstance(value, dict):
        return {key: long_form(item) for key, item in value.items()}
    return [long_form(item) for item in value] if isinstance(value, list) else value


def to_yaml(value: Json) -> str:
    """Write *value* as YAML in block style, intrinsic functions with their short tags."""
    import yaml

    return str(
        yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=2**31, indent=2, default_flow_style=False)
    )


@lru_cache(maxsize=1)
def _dumper() -> Any:
    """Return a dumper that indents lists, repeats what is there twice and writes names after a tag without quotes."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - as above
            super().increase_indent(flow, indentless=False)

        def choose_scalar_style(self) -> Any:
            style, event, analysis = super().choose_scalar_style(), cast("Any", self.event), cast("Any", self.analysis)
            return "" if style == "'" and event.tag in ("!Ref", "!GetAtt") and analysis.allow_block_plain else style

    def scalar(dumper: Any, tag: str, text: str) -> Any:
        # What does not print is escaped, and only double quotes can: in others a line separator would become a space.
        return dumper.represent_scalar(tag, text, style=None if text.isprintable() else '"')

    for name, pattern, first in SCALARS:
        # PyYAML quotes what YAML 1.1 reads as something else than text; `0E0` and `-.5` are numbers of YAML 1.2 alone.
        starts = ["" if character == "\0" else character for character in first]
        Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(pattern + r"\Z"), starts)
    Dumper.add_representer(Tagged, lambda dumper, data: scalar(dumper, f"!{data.tag}", data.text))
    Dumper.add_representer(str, lambda dumper, data: scalar(dumper, "tag:yaml.org,2002:str", data))
    return Dumper


def comments(lines: Iterable[str], indent: str = "") -> str:
    """Write *lines* as comments of YAML or HCL. A text of others cannot leave its line."""
    return "".join(f"{indent}# {' '.join(line.splitlines())}\n" for line in lines)


def remarks(draft: Draft, *, trust: bool = True) -> list[str]:
    """Return what to say above a role: whose it is, what it could not name, and which other roles need policies.

    Without *trust*, what the trust policy could not name is left out, since it is not written.
    """
    lines = [f"The execution role of {draft.title} ({draft.source})."]
    lines += [
        f"{_sentence(doubt.message)} {_sentence(doubt.help)}"
        for doubt in dict.fromkeys((*draft.doubts, *(draft.trust_doubts if trust else ())))
    ]
    lines += [f"It takes on {arn}, whose policy and trust are in `--format json`." for arn in draft.targets]
    return [_printable(line) for line in lines]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in line)


def document(parts: Sequence[tuple[str, Json, Sequence[str]]], top: Mapping[str, Json], place: Sequence[str]) -> str:
    """Write a YAML document: *top*, then at *place* each of *parts*, a name with its value and the comments above it.

    A step of *place* without a name is one that stands there already.
    """
    text = to_yaml(top) if top else ""
    indent = ""
    for step in place:
        text += f"{indent}{step}:\n" if step else ""
        indent += "  "
    for name, value, lines in parts:
        text += comments(lines, indent)
        text += "".join(f"{indent}{line}\n" if line else "\n" for line in to_yaml({name: value}).splitlines())
    return text
