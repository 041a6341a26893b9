"""`data "aws_iam_policy_document"`: the arguments of the data source → an IAM policy document.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from analyzer.templates.hcl import Block, Body
from analyzer.templates.hcl_evaluate import evaluate
from analyzer.templates.hcl_functions import settled
from analyzer.templates.hcl_values import Choice, Ref, Scope, Value, placeholder
from analyzer.templates.model import only_where
from analyzer.text import Json

_LISTS = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}


def policy_document(body: Body, scope: Scope) -> dict[str, Json]:
    """Return the document. Statements with a `sid` replace those of the documents it is made from, as the data source does."""
    statements: list[Json] = []
    for one in _documents(body, "source_policy_documents", scope):
        statements.extend(one)
    statements.extend(
        only_where(_statement(block.body, inner), under) for block, inner, under in repeated(body, "statement", scope)
    )
    for one in _documents(body, "override_policy_documents", scope):
        for statement in one:
            sid = statement.get("Sid") if isinstance(statement, dict) else None
            at = next((i for i, each in enumerate(statements) if sid and isinstance(each, dict) and each.get("Sid") == sid), None)
            statements[len(statements) if at is None else at : len(statements) if at is None else at + 1] = [statement]
    version = _value(body, "version", scope)
    return {"Version": version if isinstance(version, str) else "2012-10-17", "Statement": statements}


def expanded(body: Body, kind: str, scope: Scope) -> Iterator[tuple[Block, Scope]]:
    """Yield the blocks of one kind with the scope of each, whether they are surely there or not."""
    yield from ((block, inner) for block, inner, _ in repeated(body, kind, scope))


def repeated(body: Body, kind: str, scope: Scope) -> Iterator[tuple[Block, Scope, str]]:
    """Yield the blocks of one kind with the scope of each, `dynamic` ones as often as what they are made from says.

    One that may be left out comes with the expression that it hangs on.
    https://developer.hashicorp.com/terraform/language/expressions/dynamic-blocks
    """
    for block in body.named(kind):
        yield block, scope, ""
    for block in body.named("dynamic"):
        if block.labels != (kind,):
            continue
        written = block.body.attributes.get("for_each")
        over = None if written is None else evaluate(written, scope)
        name = block.body.attributes["iterator"].written if "iterator" in block.body.attributes else kind
        under = placeholder(written.written) if written is not None and not isinstance(over, list | dict) else ""
        pairs = [pair for one in (over.values if isinstance(over, Choice) else (over,)) for pair in _pairs(one)]
        if under and not pairs:
            pairs = [(Ref(f"{name}.key"), Ref(f"{name}.value"))]
        for content in block.body.named("content"):
            for key, value in pairs:
                yield content, scope.with_(**{name: {"key": key, "value": value}}), under


def _pairs(over: Value) -> list[tuple[Value, Value]]:
    """Return the keys and the values of a list or an object; none of anything else."""
    return list(enumerate(over)) if isinstance(over, list) else list(over.items()) if isinstance(over, dict) else []


def _documents(body: Body, name: str, scope: Scope) -> Iterator[list[Json]]:
    """Yield the statements of each of a list of documents; the text itself in the place of those that nobody knows here."""
    given = _value(body, name, scope)
    for text in given if isinstance(given, list) else [given]:
        if isinstance(text, str) and text:
            document = _parsed(text)
            yield [text] if document is None else statements_of(document)


def _parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def statements_of(document: Json) -> list[Json]:
    """Return the statements of a policy document."""
    found = document.get("Statement") if isinstance(document, dict) else None
    return found if isinstance(found, list) else [found] if isinstance(found, dict) else []


def _statement(body: Body, scope: Scope) -> dict[str, Json]:
    made: dict[str, Json] = {}
    if "sid" in body.attributes:
        made["Sid"] = _value(body, "sid", scope)
    effect = _value(body, "effect", scope)
    made["Effect"] = effect if isinstance(effect, str) else "Allow"
    for name, key in _LISTS.items():
        if name in body.attributes:
            made[key] = _own_variables(_value(body, name, scope))
    for name, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        found: dict[str, Json] = {}
        for block, inner in expanded(body, name, scope):
            found.setdefault(str(_value(block.body, "type", inner)), []).extend(_list(_value(block.body, "identifiers", inner)))
        if found:
            made[key] = "*" if found == {"*": ["*"]} else found
    conditions: dict[str, dict[str, list[Json]]] = {}
    for block, inner in expanded(body, "condition", scope):
        test, variable = (str(_value(block.body, name, inner)) for name in ("test", "variable"))
        values = _own_variables(_list(_value(block.body, "values", inner)))
        conditions.setdefault(test, {}).setdefault(variable, []).extend(values)
    return {**made, "Condition": conditions} if conditions else made


def _value(body: Body, name: str, scope: Scope) -> Any:
    expression = body.attributes.get(name)
    return None if expression is None else settled(evaluate(expression, scope), expression, scope)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _own_variables(value: Json) -> Json:
    """Write `&{aws:username}`, which stands for a variable of IAM, as IAM does."""
    if isinstance(value, list):
        return [_own_variables(one) for one in value]
    return value.replace("&{", "${") if isinstance(value, str) else value
