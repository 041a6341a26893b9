"""The functions of Terraform that can be worked out without a deployment; every other call is an open placeholder.

https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import SourceError
from analyzer.sources import parse_any
from analyzer.templates.hcl import Expression
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
    distinct,
    open_ref,
    placeholder,
)
from analyzer.text import Json, Source

_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|\$\{[^${}]{1,256}\}', re.DOTALL)
_MOST_ITEMS = 100_000
_VERB = re.compile(r"%(?:%|[svqd])")


class Unknown(Exception):
    """What the function gives depends on what only the deployment knows."""


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
        made = _FUNCTIONS[name](*values) if name in _FUNCTIONS else _text_function(name, values, expression, scope)
    except (Unknown, SourceError, TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError):
        return open_ref(expression, scope)
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


_LAZY: dict[str, Callable[[list[Expression], Expression, Scope], Value]] = {
    "jsonencode": _jsonencode,
    "file": _file,
    "templatefile": _templatefile,
    "try": _first,
    "coalesce": _first,
    "can": _can,
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
    """Put quotes round each placeholder that stands outside of the strings of a JSON text, or write its number."""

    def write(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return match[0]
        name = match[0][2:-1]
        return json.dumps(numbers[name] if name in numbers else match[0])

    return _JSON.sub(write, text)


def parsed(text: str, scope: Scope) -> Json:
    """Return the value of a text in JSON or YAML. Raises `SourceError` when it is neither."""
    value, _ = parse_any(Source(quoted(text, scope.known.numbers), scope.where))
    return value


# --------------------------------------------------------------------------------------------------- functions of values


def _text_function(name: str, values: list[Value], expression: Expression, scope: Scope) -> Value:
    """Work out a function of texts: with what the placeholders mean, or, where it needs them, with what names are by default."""
    if name in ("jsondecode", "yamldecode") and isinstance(values[0], str):
        return parsed(values[0], scope)
    function = _TEXTS[name]
    try:
        return function(*(_full(value, scope, scope.known.names) for value in values))
    except Unknown:
        made = function(*(_full(value, scope, set()) for value in values))
    if not isinstance(made, str):
        return made
    found = scope.known.stands_for(placeholder(expression.written, scope.prefix), (made,))
    if found.name == f"{scope.prefix}{expression.written}" and not re.search("[:/]", made):
        scope.known.names.add(found.name)  # where it is a name, and can be written back as the expression that it is
    return found


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


def _settled(text: str) -> str:
    if not isinstance(text, str):
        text = str(text)
    if "${" in text:
        raise Unknown
    return text


def _format(pattern: str, *values: Any) -> str:
    rest = list(values)
    made: list[str] = []
    last = 0
    for match in _VERB.finditer(pattern):
        made.append(pattern[last : match.start()])
        made.append("%" if match[0] == "%%" else f'"{rest.pop(0)}"' if match[0] == "%q" else _plain(rest.pop(0)))
        last = match.end()
    if rest or re.search(r"%[^%\s]*[\[#+0-9.]", pattern):
        raise Unknown
    return _together("", [*made, pattern[last:]])


def _together(separator: str, texts: list[str]) -> str:
    if sum(len(text) + len(separator) for text in texts) > MAX_TEXT:
        raise Unknown
    return separator.join(texts)


def _plain(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _join(separator: str, *lists: Any) -> str:
    return _together(separator, [_plain(one) for items in lists for one in (items if isinstance(items, list) else _fail())])


def _fail() -> Any:
    raise Unknown


def cut(text: str, separator: str) -> list[str]:
    """Split *text*, but not inside its placeholders."""
    hidden = PLACEHOLDER.sub(lambda match: "\ue010" + match[1].replace(separator, "\ue011") + "\ue012", text)
    pieces = hidden.split(separator)
    return [piece.replace("\ue010", "${").replace("\ue012", "}").replace("\ue011", separator) for piece in pieces]


def _replace(text: str, old: str, new: str) -> str:
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        raise Unknown  # a pattern of another language of patterns
    if not _settled(old) or (len(old) < 3 and "${" in text):
        raise Unknown  # a name may have one or two characters in it; of a longer mark that is not expected
    return _together(new, cut(text, old))


def _known_start(text: str) -> str:
    return _fail() if text.startswith("${") else text


def _known_end(text: str) -> str:
    return _fail() if text.endswith("}") and "${" in text else text


def _substr(text: str, offset: int, length: int) -> str:
    text = _settled(text)
    return text[offset:] if length < 0 else text[offset : offset + length]


def _lookup(table: Value, key: Value, *default: Value) -> Value:
    if not isinstance(table, dict) or not isinstance(key, str) or (key not in table and not default):
        raise Unknown
    return table.get(key, *default)


def _merge(*tables: Value) -> Value:
    made: dict[str, Value] = {}
    for table in tables:
        if table is not None:
            made.update(table if isinstance(table, dict) else dict(_fail()))
    return made


def _concat(*lists: Value) -> Value:
    made: list[Value] = []
    for items in lists:
        made += items if isinstance(items, list) else _fail()
        if len(made) > _MOST_ITEMS:
            raise Unknown
    return made


def _unique(items: Value) -> Value:
    return distinct(items) if isinstance(items, list) else _fail()


def _flatten(items: Value) -> Value:
    made: list[Value] = []
    waiting = [iter(items if isinstance(items, list) else _fail())]
    for _ in range(_MOST_ITEMS):
        item = next(waiting[-1], waiting)
        if item is waiting:
            waiting.pop()
            if not waiting:
                return made
        elif isinstance(item, list):
            waiting.append(iter(item))
        else:
            made.append(item)
    raise Unknown


def _string(value: Value) -> Value:
    return _plain(value) if isinstance(value, int | float) else value


def _same(value: Value) -> Value:
    return value


def _keys(table: Value) -> Value:
    return sorted(table) if isinstance(table, dict) else _fail()


def _values(table: Value) -> Value:
    return [table[key] for key in sorted(table)] if isinstance(table, dict) else _fail()


def _element(items: Value, index: int) -> Value:
    return items[index % len(items)] if isinstance(items, list) else _fail()


def _length(items: Value) -> Value:
    return len(items) if isinstance(items, list | dict) else _fail()


def _one(items: Value) -> Value:
    return items[0] if isinstance(items, list) and items else None if items == [] else _fail()


def _compact(items: Value) -> Value:
    return [one for one in items if one not in (None, "")] if isinstance(items, list) else _fail()


def _zipmap(keys: Value, values: Value) -> Value:
    return dict(zip(map(_settled, keys), values, strict=True))


def _contains(items: Value, value: Value) -> Value:
    known = isinstance(items, list) and all(isinstance(one, str) and "${" not in one for one in [*items, value])
    return value in items if known else _fail()


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "lookup": _lookup,
    "merge": _merge,
    "concat": _concat,
    "distinct": _unique,
    "toset": _unique,
    "flatten": _flatten,
    "tolist": _same,
    "tomap": _same,
    "tostring": _string,
    "tonumber": _same,
    "tobool": _same,
    "sensitive": _same,
    "nonsensitive": _same,
    "keys": _keys,
    "values": _values,
    "element": _element,
    "length": _length,
    "one": _one,
    "compact": _compact,
    "zipmap": _zipmap,
    "contains": _contains,
}
"""Functions of values as they are: references in them stay what they are."""

_TEXTS: dict[str, Callable[..., Value]] = {
    "format": _format,
    "join": _join,
    "split": lambda separator, text: cut(text, _settled(separator)),
    "replace": _replace,
    "lower": lambda text: _settled(text).lower(),
    "upper": lambda text: _settled(text).upper(),
    "title": lambda text: re.sub(r"(?<!\w)\w", lambda match: match[0].upper(), _settled(text)),
    "trim": lambda text, characters: text.strip(_settled(characters)),
    "trimspace": lambda text: text.strip(),
    "chomp": lambda text: text.rstrip("\r\n"),
    "trimprefix": lambda text, prefix: _known_start(text).removeprefix(_settled(prefix)),
    "trimsuffix": lambda text, suffix: _known_end(text).removesuffix(_settled(suffix)),
    "startswith": lambda text, prefix: _settled(text).startswith(_settled(prefix)),
    "endswith": lambda text, suffix: _settled(text).endswith(_settled(suffix)),
    "substr": _substr,
    "basename": lambda path: os.path.basename(_settled(path)),
    "dirname": lambda path: os.path.dirname(_settled(path)) or ".",
    "abspath": lambda path: os.path.normpath(_settled(path)),
    "pathexpand": _settled,
    "base64encode": lambda text: base64.b64encode(_settled(text).encode()).decode(),
    "base64decode": lambda text: base64.b64decode(_settled(text), validate=True).decode(),
}
"""Functions of texts: a reference in an argument is written out where it stands for one text."""
