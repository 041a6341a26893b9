"""Statements for the AWS CDK, in TypeScript and in Python: functions of the names that only the deployment knows.

https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam.PolicyStatement.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from keyword import kwlist, softkwlist

from analyzer.analyze import Analysis
from analyzer.render.drafts import Draft, drafts
from analyzer.render.expression import Expression, Reference, references
from analyzer.render.identifiers import camel, declared, snake, unique
from analyzer.render.stack import remarks
from analyzer.text import Json

_TOKENS = {
    "AWS::Region": "Aws.REGION",
    "AWS::AccountId": "Aws.ACCOUNT_ID",
    "AWS::Partition": "Aws.PARTITION",
    "AWS::URLSuffix": "Aws.URL_SUFFIX",
}
"""https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.Aws.html"""

_RESERVED = {
    *(
        "Aws",
        "iam",
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
    ),
    *(
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
    ),
    *("instanceof", "interface", "let", "new", "null", "package", "private", "protected", "public", "return", "static", "super"),
    *("switch", "this", "throw", "true", "try", "typeof", "undefined", "var", "void", "while", "with", "yield"),
}
"""What is no name of a parameter in TypeScript, or means something in the module."""

_KEYWORDS = {"Aws", "iam", *kwlist, *softkwlist}
"""The same for Python."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}

Text = Callable[[str | Expression], str]
"""How a language writes a text."""


def typescript(analyses: Sequence[Analysis]) -> str:
    """Write a module with two functions for each of *analyses*: the statements of the role, and who may take it on."""
    blocks = ['import { Aws } from "aws-cdk-lib";\nimport * as iam from "aws-cdk-lib/aws-iam";\n']
    for id, draft in _named(analyses, camel, _RESERVED):
        names, text = _typescript_names([*draft.statements])
        inner = "".join(
            f"    new iam.PolicyStatement({{\n{_fields(_statement(statement), text, ': ', '      ')}    }}),\n"
            for statement in draft.statements
        )
        head = "".join(f"// {line}\n" for line in remarks(draft))
        listed = f"[\n{inner}  ]" if inner else "[]"
        blocks.append(f"{head}export function {id}Statements({names}): iam.PolicyStatement[] {{\n  return {listed};\n}}\n")
        service, conditions = _principal(draft)
        names, text = _typescript_names(conditions)
        options = f"{{\n{_fields({'conditions': conditions}, text, ': ', '    ')}  }}"
        blocks.append(
            f"export function {id}Principal({names}): iam.ServicePrincipal {{\n"
            f"  return new iam.ServicePrincipal({text(service)}, {options});\n}}\n"
        )
    return "\n".join(blocks)


def _typescript_names(document: Json) -> tuple[str, Text]:
    """Return the parameters of a function for the names in *document*, and how its texts are written with them."""
    names = declared(references(document), "camel", _RESERVED)
    given = f"names: {{\n{''.join(f'  {name}: string;{chr(10)}' for name in names.values())}}}" if names else ""
    used = {reference: f"names.{name}" for reference, name in names.items()}
    return given, _writer(used, ("`", "`"), "${", "}", {"`": "\\`", "$": "\\$"})


def python(analyses: Sequence[Analysis]) -> str:
    """Write a module with two functions for each of *analyses*: the statements of the role, and who may take it on."""
    blocks = ["from aws_cdk import Aws, aws_iam as iam\n"]
    for id, draft in _named(analyses, snake, _KEYWORDS):
        names, text = _python_names([*draft.statements])
        inner = "".join(
            f"        iam.PolicyStatement(\n{_fields(_statement(statement), text, '=', '            ')}        ),\n"
            for statement in draft.statements
        )
        head = "".join(f"# {line}\n" for line in remarks(draft))
        listed = f"[\n{inner}    ]" if inner else "[]"
        blocks.append(f"{head}def {id}_statements({names}) -> list[iam.PolicyStatement]:\n    return {listed}\n")
        service, conditions = _principal(draft)
        names, text = _python_names(conditions)
        options = _fields({"conditions": conditions}, text, "=", "        ")
        blocks.append(
            f"def {id}_principal({names}) -> iam.ServicePrincipal:\n"
            f"    return iam.ServicePrincipal(\n        {text(service)},\n{options}    )\n"
        )
    return "\n\n".join(blocks)


def _python_names(document: Json) -> tuple[str, Text]:
    """Return the parameters of a function for the names in *document*, and how its texts are written with them."""
    names = declared(references(document), "snake", _KEYWORDS)
    given = f"\n    *,\n{''.join(f'    {name}: str,{chr(10)}' for name in names.values())}" if names else ""
    return given, _writer(names, ('f"', '"'), "{", "}", {'"': '\\"', "{": "{{", "}": "}}"})


def _named(analyses: Sequence[Analysis], style: Callable[[str], str], reserved: set[str]) -> Iterator[tuple[str, Draft]]:
    """Yield each draft with a name for its functions that no other one has."""
    taken: list[str] = []
    for draft in drafts([[one] for one in analyses]):
        taken.append(unique(style(draft.title), {*taken, *reserved}))
        yield taken[-1], draft


def _statement(statement: Mapping[str, Json]) -> dict[str, Json]:
    """Return the properties of a `PolicyStatement`, which allows unless it is told otherwise."""
    made = {"sid": statement["Sid"], "actions": _listed(statement["Action"]), "resources": _listed(statement["Resource"])}
    return {**made, "conditions": statement["Condition"]} if "Condition" in statement else made


def _principal(draft: Draft) -> tuple[str, Json]:
    """Return the service that takes the role on, and under which conditions."""
    [statement] = draft.trust["Statement"]
    return statement["Principal"]["Service"], statement["Condition"]


def _listed(values: Json) -> list[Json]:
    return values if isinstance(values, list) else [values]


def _fields(fields: Mapping[str, Json], text: Text, equals: str, indent: str) -> str:
    """Write named arguments, one a line."""
    step = "    " if equals == "=" else "  "
    return "".join(f"{indent}{name}{equals}{_value(value, text, indent, step)},\n" for name, value in fields.items())


def _value(value: Json, text: Text, indent: str, step: str) -> str:
    """Write a list, an object or a text; the first two look the same in both languages."""
    inner = indent + step
    if isinstance(value, dict):
        lines = "".join(f"{inner}{text(key)}: {_value(item, text, inner, step)},\n" for key, item in value.items())
        return f"{{\n{lines}{indent}}}"
    if isinstance(value, list):
        items = [_value(item, text, inner, step) for item in value]
        return f"[{items[0]}]" if len(items) == 1 else "[\n" + "".join(f"{inner}{item},\n" for item in items) + f"{indent}]"
    return text(value)


def _writer(
    names: Mapping[Reference, str], quotes: tuple[str, str], opening: str, closing: str, inside: Mapping[str, str]
) -> Text:
    """Return how a text is written: in double quotes or, with references between *opening* and *closing*, in *quotes*."""

    def write(value: str | Expression) -> str:
        if not isinstance(value, Expression):
            return f'"{_escaped(value, {chr(34): chr(92) + chr(34)})}"'
        if len(value.parts) == 1 and isinstance(reference := value.parts[0], Reference):
            return names.get(reference) or _TOKENS[reference.name]
        made = "".join(
            _escaped(part, inside) if isinstance(part, str) else f"{opening}{names.get(part) or _TOKENS[part.name]}{closing}"
            for part in value.parts
        )
        return f"{quotes[0]}{made}{quotes[1]}"

    return write


def _escaped(text: str, special: Mapping[str, str]) -> str:
    r"""Return *text* as it stands between quotes, `\uXXXX` for what cannot be seen."""
    return "".join(special.get(one) or _SHORT.get(one) or (one if one.isprintable() else _numbered(one)) for one in text)


def _numbered(character: str) -> str:
    """Return an escape that both languages know; neither has one in common above U+FFFF, where the character stays."""
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else character
