"""Roles in Terraform: policy documents as data, a role, and the policy in it.

The provider documents aws_iam_policy_document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from analyzer.analyze import Analysis
from analyzer.policy import VERSION
from analyzer.render.drafts import Draft, drafts, native_in
from analyzer.render.expression import Expression, Reference
from analyzer.render.identifiers import asked, declared, snake, unique
from analyzer.render.stack import comments, remarks
from analyzer.text import Json

_SOURCES = {
    "AWS::Region": ("aws_region", "name"),
    "AWS::AccountId": ("aws_caller_identity", "account_id"),
    "AWS::Partition": ("aws_partition", "partition"),
    "AWS::URLSuffix": ("aws_partition", "dns_suffix"),
}
"""Which data source of the provider says what of the surroundings."""

_REGION = "`name` is what versions 4 and 5 of the provider call the Region; version 6 still knows it, and prefers `region`."

_TRAVERSAL = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[[0-9]+\])*")
"""What a reference in a configuration may look like, where its template does not say how it is written."""

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}

_CLOSED = re.compile(r"\{(?:[\w*? .:/-]*|\$)\}")
"""What may follow a doubled `$` or `%`."""

_POLICY_VARIABLE = "&{"
"""What the policy document takes for the start of a policy variable, with no way to mean it literally."""


def terraform(analyses: Sequence[Analysis]) -> str:
    """Write a role with its trust policy and its policy for each of *analyses*."""
    made = drafts([[one] for one in analyses], native_in("terraform"))
    ids: list[str] = []
    for draft in made:
        ids.append(unique(snake(draft.title), ids, "_"))
    used = [reference.code.removeprefix("var.") for reference in asked(made) if reference.code.startswith("var.")]
    names = declared(asked(made), "snake", used)
    blocks = [*_surroundings(made), *_variables(names)]
    for id, draft in zip(ids, made, strict=True):
        blocks += _role(id, draft, names)
    return "\n".join(blocks)


def _surroundings(made: Sequence[Draft]) -> Iterator[str]:
    """Yield the data sources that say where the configuration is applied, as far as they are asked."""
    named = {reference.name for reference in asked(made)}
    for source in sorted({source for name, (source, _) in _SOURCES.items() if name in named}):
        note = comments([_REGION]) if source == _SOURCES["AWS::Region"][0] else ""
        yield f'{note}data "{source}" "current" {{}}\n'


def _variables(names: Mapping[Reference, str]) -> Iterator[str]:
    for reference, name in names.items():
        said = _quoted(f"What `{reference.name}` stands for in {reference.origin}")
        yield f'variable "{name}" {{\n  type        = string\n  description = {said}\n}}\n'


def _role(id: str, draft: Draft, names: Mapping[Reference, str]) -> Iterator[str]:
    first, *others = remarks(draft)
    home = [f"It belongs to the configuration of `{draft.home}`."] if draft.home else []
    head = comments([first, *home, *others])
    yield f'{head}resource "aws_iam_role" "{id}" {{\n  assume_role_policy = {{}}\n}}\n'.replace(
        "{}", f"data.aws_iam_policy_document.{id}_trust.json"
    )
    yield _document(f"{id}_trust", draft.trust["Statement"], names)
    if not draft.statements:
        return
    for number, statements in enumerate(draft.documents, 1):
        name = id if number == 1 else f"{id}_{number}"
        literal = any(_POLICY_VARIABLE in text for text in _texts([*statements]))
        policy = f"data.aws_iam_policy_document.{name}.json"
        if literal:  # written out, where it means nothing
            policy = f"jsonencode({_value({'Version': VERSION, 'Statement': [*statements]}, names, '  ')})"
        yield from _inline(id, policy) if number == 1 else _managed(id, name, policy)
        if not literal:
            yield _document(name, statements, names)


def _inline(id: str, policy: str) -> Iterator[str]:
    lines = (("role", f"aws_iam_role.{id}.id"), ("policy", policy))
    yield f'resource "aws_iam_role_policy" "{id}" {{\n' + _attributes(lines, "  ") + "}\n"


def _managed(id: str, name: str, policy: str) -> Iterator[str]:
    """Yield a document that does not fit inline: a policy of its own, which the role has too."""
    yield f'resource "aws_iam_policy" "{name}" {{\n' + _attributes((("policy", policy),), "  ") + "}\n"
    lines = (("role", f"aws_iam_role.{id}.name"), ("policy_arn", f"aws_iam_policy.{name}.arn"))
    yield f'resource "aws_iam_role_policy_attachment" "{name}" {{\n' + _attributes(lines, "  ") + "}\n"


def _document(id: str, statements: Sequence[Mapping[str, Json]], names: Mapping[Reference, str]) -> str:
    inner = "\n".join(_statement(statement, names) for statement in statements)
    return f'data "aws_iam_policy_document" "{id}" {{\n{inner}}}\n'


def _statement(statement: Mapping[str, Json], names: Mapping[Reference, str]) -> str:
    lines = [("sid", _quoted(statement["Sid"]))] if "Sid" in statement else []
    lines.append(("effect", _quoted(statement["Effect"])))
    lines.append(("actions", _list(statement["Action"], names)))
    if "Resource" in statement:
        lines.append(("resources", _list(statement["Resource"], names)))
    made = "  statement {\n" + _attributes(lines, "    ")
    for kind, values in statement.get("Principal", {}).items():
        pairs = (("type", _quoted(kind)), ("identifiers", _list(values, names, "      ")))
        made += "\n    principals {\n" + _attributes(pairs, "      ") + "    }\n"
    for operator, tests in statement.get("Condition", {}).items():
        for key, values in tests.items():
            triple = (("test", _quoted(operator)), ("variable", _quoted(key)), ("values", _list(values, names, "      ")))
            made += "\n    condition {\n" + _attributes(triple, "      ") + "    }\n"
    return made + "  }\n"


def _attributes(lines: Sequence[tuple[str, str]], indent: str) -> str:
    """Write attributes as `terraform fmt` aligns them: those of one line each that stand together."""
    made = ""
    run: list[tuple[str, str]] = []
    for name, value in (*lines, ("", "\n")):
        if "\n" not in value:
            run.append((name, value))
            continue
        width = max((len(one) for one, _ in run), default=0)
        made += "".join(f"{indent}{one.ljust(width)} = {text}\n" for one, text in run)
        run = []
        made += f"{indent}{name} = {value}\n" if name else ""
    return made


def _list(values: Json, names: Mapping[Reference, str], indent: str = "    ") -> str:
    items = [_text(value, names) for value in (values if isinstance(values, list) else [values])]
    if len(items) == 1:
        return f"[{items[0]}]"
    return "[\n" + "".join(f"{indent}  {item},\n" for item in items) + f"{indent}]"


def _value(value: Json, names: Mapping[Reference, str], indent: str) -> str:
    """Write a value of JSON as an expression."""
    if isinstance(value, dict):
        width = max(len(_quoted(key)) for key in value)
        inner = "".join(
            f"{indent}  {_quoted(key).ljust(width)} = {_value(item, names, indent + '  ')}\n" for key, item in value.items()
        )
        return f"{{\n{inner}{indent}}}"
    if isinstance(value, list):
        inner = "".join(f"{indent}  {_value(item, names, indent + '  ')},\n" for item in value)
        return f"[\n{inner}{indent}]"
    return _text(value, names)


def _texts(value: Json) -> Iterator[str]:
    """Yield the literal texts in *value*."""
    if isinstance(value, Expression):
        yield from (part for part in value.parts if isinstance(part, str))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)


def _text(value: str | Expression, names: Mapping[Reference, str]) -> str:
    """Write a text: a reference alone as it is, else a template."""
    if not isinstance(value, Expression):
        return _quoted(value)
    if len(value.parts) == 1 and isinstance(reference := value.parts[0], Reference):
        return _reference(reference, names)
    made = ""
    for part, following in zip(value.parts, [*value.parts[1:], None], strict=True):
        if isinstance(part, Reference):
            made += f"${{{_reference(part, names)}}}"
        else:
            made += _escaped(part, before_reference=following is not None)
    return f'"{made}"'


def _reference(reference: Reference, names: Mapping[Reference, str]) -> str:
    if reference in names:
        return f"var.{names[reference]}"
    if reference.name in _SOURCES:
        source, attribute = _SOURCES[reference.name]
        return f"data.{source}.current.{attribute}"
    if not reference.code and not _TRAVERSAL.fullmatch(reference.name):
        raise ValueError(reference.name)  # no code of ours to write
    return reference.code or reference.name


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str, *, before_reference: bool = False) -> str:
    """Write literal *text* inside the quotes of a template: no sequence of it begins an interpolation or a directive."""
    made = ""
    for place, character in enumerate(text):
        following = text[place + 1 : place + 2] or ("$" if before_reference else "")
        if character in "$%" and (following == "{" or (following == "$" and place == len(text) - 1)):
            # Doubled where every reader of HCL sees where it ends, else by its number.
            clear = text[place - 1 : place] != character and _CLOSED.match(text, place + 1)
            made += character * 2 if clear else f"\\u{ord(character):04x}"
        elif character in _ESCAPES:
            made += _ESCAPES[character]
        elif character.isprintable():
            made += character
        else:
            made += f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
    return made
