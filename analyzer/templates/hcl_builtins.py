"""The functions of Terraform themselves, on values and on texts that are known; `Unknown` says that they are not.

https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.templates.hcl_values import MAX_TEXT, Value, distinct

_MOST_ITEMS = 100_000
"""The most items that a list is made longer to."""

_VERB = re.compile(r"%(?:%|[svqd])")


class Unknown(Exception):
    """What the function gives depends on what only the deployment knows."""


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
    if not _settled(old) or ("${" in text and (len(old) < 3 or PLACEHOLDER.fullmatch(text))):
        raise Unknown  # a name may have one or two characters in it; of a longer mark inside a text that is not expected
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


FUNCTIONS: dict[str, Callable[..., Value]] = {
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

TEXTS: dict[str, Callable[..., Value]] = {
    "format": _format,
    "join": _join,
    "split": cut,
    "replace": _replace,
    "lower": lambda text: _settled(text).lower(),
    "upper": lambda text: _settled(text).upper(),
    "title": lambda text: re.sub(r"(?<!\w)\w", lambda match: match[0].upper(), _settled(text)),
    "trim": lambda text, characters: _known_start(_known_end(text)).strip(_settled(characters)),
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

OF_NAMES = ("replace", "lower", "upper", "title", "trim", "trimspace", "chomp", "trimprefix", "trimsuffix", "substr")
"""Functions that make a plain name of plain names."""
