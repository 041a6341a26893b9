"""Calls of functions: those that can be worked out without a deployment; every other one is an open placeholder.

https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import SourceError
from analyzer.sources import parse_any
from analyzer.sources.json_text import looks_like_json
from analyzer.templates.hcl import Expression
from analyzer.templates.hcl_builtins import FUNCTIONS, OF_NAMES, TEXTS, Unknown, cut
from analyzer.templates.hcl_evaluate import evaluate, template
from analyzer.templates.hcl_values import (
    MAX_TEXT,
    Choice,
    Ref,
    Scope,
    Value,
    as_text,
    bounded,
    choice,
    open_ref,
    placeholder,
)
from analyzer.templates.model import PSEUDO
from analyzer.text import Json, Source

_JSON = re.compile(r'"(?:[^"\\]|\\.)*"?|\$\{[^${}]{1,256}\}', re.DOTALL)


def call(name: str, arguments: list[Expression], expression: Expression, scope: Scope, *, spread: bool = False) -> Value:
    """Return what the function *name* gives."""
    if name in _LAZY:
        return _LAZY[name](arguments, expression, scope)
    values = [evaluate(argument, scope) for argument in arguments]
    if spread and values and isinstance(values[-1], list):
        values[-1:] = values[-1]
    elif spread:
        return open_ref(expression, scope)
    try:
        made = FUNCTIONS[name](*values) if name in FUNCTIONS else _text_function(name, values, expression, scope)
    except (Unknown, SourceError, TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError):
        return _name_of_names(name, values, expression, scope)
    return bounded(made, expression, scope) if isinstance(made, str) else made


# ------------------------------------------------------------------------------------------------ functions of their text


def _jsonencode(arguments: list[Expression], expression: Expression, scope: Scope) -> Value:
    value = settled(evaluate(arguments[0], scope), arguments[0], scope) if arguments else None
    return bounded(json.dumps(value, ensure_ascii=False, indent=2), expression, scope)


def _file(arguments: list[Expression], expression: Expression, scope: Scope) -> Value:
    path = evaluate(arguments[0], scope) if arguments else None
    text = scope.names.file(path) if isinstance(path, str) and "${" not in path else None
    return _not_read(path, expression, scope) if text is None else text


def _templatefile(arguments: list[Expression], expression: Expression, scope: Scope) -> Value:
    text = _file(arguments, expression, scope)
    given = evaluate(arguments[1], scope) if len(arguments) == 2 else {}
    if not isinstance(text, str):
        return text
    bound = given if isinstance(given, dict) else {}
    return rendered(text, bound, expression, scope)


def rendered(text: str, given: dict[str, Value], expression: Expression, scope: Scope) -> Value:
    """Return the template *text* with the variables that it is given; no other name means anything in it."""
    return template(text, Scope(_Nothing(scope), scope.known, scope.where, given, scope.prefix), expression)


class _Nothing:
    """The names of a template file: only those that it is given."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def root(self, _name: str, _steps: list[Any]) -> None:
        """Return nothing: what the template is not given has no meaning in it."""

    def file(self, path: str) -> str | None:
        """Return the text of a file of the project."""
        return self._scope.names.file(path)


def _not_read(path: Value, expression: Expression, scope: Scope) -> Ref:
    why = f"there is no file `{path}` inside the project" if isinstance(path, str) and "${" not in path else ""
    return open_ref(expression, scope, why or "its file is only known when it is deployed")


def _first(arguments: list[Expression], expression: Expression, scope: Scope) -> Value:
    """`try`, `coalesce`: which one is taken depends on what is known later, unless the first one is known now."""
    found: list[Value] = []
    for argument in arguments:
        value = evaluate(argument, scope)
        if value not in (None, "", []):
            found.append(value)
        if found and not isinstance(value, Ref | Choice):
            break
    return choice(found, expression, scope)


def _can(_arguments: list[Expression], expression: Expression, scope: Scope) -> Value:
    return open_ref(expression, scope)


def _lookup(arguments: list[Expression], expression: Expression, scope: Scope) -> Value:
    """`lookup`: any of the values where the key is only known when it is deployed."""
    values = [evaluate(argument, scope) for argument in arguments]
    if len(values) in (2, 3) and isinstance(values[0], dict) and isinstance(values[1], Ref | Choice):
        return choice([*values[0].values(), *values[2:]], expression, scope)
    try:
        return FUNCTIONS["lookup"](*values)
    except (Unknown, TypeError):
        return open_ref(expression, scope)


_LAZY: dict[str, Callable[[list[Expression], Expression, Scope], Value]] = {
    "jsonencode": _jsonencode,
    "file": _file,
    "templatefile": _templatefile,
    "try": _first,
    "coalesce": _first,
    "can": _can,
    "lookup": _lookup,
}


def settled(value: Value, expression: Expression, scope: Scope) -> Json:
    """Return *value* as JSON: a reference is a text that is its placeholder, or the number that it stands for."""
    scope.known.spend(scope.where)
    if isinstance(value, dict):
        return {key: settled(one, expression, scope) for key, one in value.items()}
    if isinstance(value, list):
        return [settled(one, expression, scope) for one in value]
    if isinstance(value, Ref) and value.name in scope.known.numbers:
        return scope.known.numbers[value.name]
    return value if value is None or isinstance(value, str | int | float) else as_text(value, expression, scope)


def quoted(text: str, numbers: dict[str, Json]) -> str:
    """Write the numbers of a text in JSON or YAML that are placeholders, and put quotes round one that stands bare in JSON."""

    def write(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return match[0]
        name = match[0][2:-1]
        return json.dumps(numbers[name] if name in numbers else match[0])

    if looks_like_json(text):
        return _JSON.sub(write, text)
    return PLACEHOLDER.sub(lambda match: json.dumps(numbers[match[1]]) if match[1] in numbers else match[0], text)


def parsed(text: str, scope: Scope) -> Json:
    """Return the value of a text in JSON or YAML. Raises `SourceError` when it is neither."""
    value, _ = parse_any(Source(quoted(text, scope.known.numbers), scope.where))
    return value


# --------------------------------------------------------------------------------------------------- functions of values


def _text_function(name: str, values: list[Value], expression: Expression, scope: Scope) -> Value:
    """Work out a function of texts: with what the placeholders mean, or, where it needs them, with what names are by default."""
    if name in ("jsondecode", "yamldecode") and isinstance(values[0], str):
        return parsed(values[0], scope)
    if name == "split":
        return _split(*values, expression=expression, scope=scope)
    function = TEXTS[name]
    try:
        return function(*(_full(value, scope, scope.known.names) for value in values))
    except Unknown:
        made = function(*(_full(value, scope, set()) for value in values))
    if not isinstance(made, str):
        return made
    found = scope.known.stands_for(placeholder(expression.written, scope.prefix), (made,))
    if not re.search("[:/]", made):
        _keep(found.name, expression, scope)
    return found


def _split(separator: Value, text: Value, *, expression: Expression, scope: Scope) -> Value:
    """Cut a text. One that is made of defaults gives parts that stand for what they are by default."""
    if not isinstance(separator, str) or "${" in separator:
        raise Unknown
    full = str(_full(text, scope, scope.known.names))
    if all(_is_without(hole, separator, scope) for hole in PLACEHOLDER.findall(full)):
        return cut(full, separator)
    full = str(_full(text, scope, set()))
    if not all(_is_without(hole, separator, scope) for hole in PLACEHOLDER.findall(full)):
        raise Unknown
    made: list[Value] = []
    for place, part in enumerate(cut(full, separator)):
        found = scope.known.stands_for(placeholder(f"{expression.written}[{place}]", scope.prefix), (part,))
        if not re.search("[:/]", part):
            _keep(found.name, expression, scope, f"[{place}]")
        made.append(found)
    return made


def _is_without(name: str, separator: str, scope: Scope) -> bool:
    """Tell whether a placeholder stands for a name that cannot have the separator in it."""
    plain = name in PSEUDO or name in scope.known.names
    return (
        plain
        and re.fullmatch(r"[\w.-]*", separator) is None
        and not any(separator in one for one in scope.known.texts.get(name, ()))
    )


def _name_of_names(name: str, values: list[Value], expression: Expression, scope: Scope) -> Ref:
    """Return the open placeholder of a function that cannot be worked out: of plain names, most make one."""
    found = open_ref(expression, scope)
    texts = [f"${{{value.name}}}" if isinstance(value, Ref) else value for value in values]
    parts = [part for text in texts if isinstance(text, str) for part in PLACEHOLDER.findall(text)]
    plain = all(isinstance(text, str | int) and not re.search("[:/]", PLACEHOLDER.sub("", str(text))) for text in texts)
    if name in OF_NAMES and plain and parts and all(part in scope.known.names for part in parts):
        _keep(found.name, expression, scope)
    return found


def _keep(name: str, expression: Expression, scope: Scope, step: str = "") -> None:
    """Take *name* for a plain name, which is written back as the expression that it is, where it means the same by itself."""
    scope.known.names.add(name)
    meta, written = expression.tree.meta, expression.written
    whole = expression.text[meta.start_pos : meta.end_pos] == written and "\ue020" not in written
    if whole and not any(re.search(rf"\b{re.escape(one)}\b", written) for one in scope.bound):
        scope.known.written[name] = f"{written}{step}"


def _full(value: Value, scope: Scope, kept: set[str]) -> Any:
    """Return the text of *value*, with its placeholders written out where they stand for one text and are not to be *kept*."""
    scope.known.spend(scope.where)
    if isinstance(value, list):
        return [_full(one, scope, kept) for one in value]
    if isinstance(value, Choice) or hasattr(value, "attribute"):
        raise Unknown
    text = f"${{{value.name}}}" if isinstance(value, Ref) else value
    if not isinstance(text, str):
        return text

    def write(match: re.Match[str]) -> str:
        found = () if match[1] in kept else scope.known.texts.get(match[1], ())
        return found[0] if len(found) == 1 else match[0]

    for _ in range(4):
        scope.known.spend(scope.where, len(text) // 100)
        before, text = text, PLACEHOLDER.sub(write, text)
        if len(text) > MAX_TEXT:
            raise Unknown
        if text == before:
            break
    return text
