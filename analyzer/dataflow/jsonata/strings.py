"""Text with holes, as JSONata's string functions see it: what is known of a text stays known as far as it can.

https://docs.jsonata.org/string-functions
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable
from decimal import Context as Precision
from decimal import Decimal

from analyzer.dataflow.functions import concrete
from analyzer.dataflow.jsonata.outcome import LONGEST
from analyzer.dataflow.values import HOLE, Literal, Sequence, Text, Unknown, Value
from analyzer.text import Json

LONGEST_TEXT = 65_536
"""The longest text that is kept."""

EXACT_INTEGER = 10**15
"""Integers below are written with all their digits."""

_SPACE = re.compile(r"[ \t\n\r]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)


class NoText(Exception):
    """A function on text that was given something else, or that this room does not compute."""


def as_text(value: Value) -> Text:
    """Return *value*, one alternative, as text with holes. Raises `NoText` when it is none."""
    if isinstance(value, Text):
        return value
    if isinstance(value, Unknown):
        return Text(HOLE, (value.reason,), value.flow)
    if isinstance(value, Literal) and isinstance(value.value, str):
        return Text(value.value, (), value.flow)
    raise NoText


def made(text: str, *sources: Text) -> Literal | Text:
    """Return *text* as a value; its holes have the reasons of *sources*."""
    text = re.sub(f"{HOLE}+", HOLE, text)
    flow = tuple(dict.fromkeys(step for source in sources for step in source.flow))[:16]
    reasons = tuple(dict.fromkeys(reason for source in sources for reason in source.reasons))
    if len(text) > LONGEST_TEXT:
        return Text(HOLE, ("text too long",), flow)
    return Text(text, reasons or ("part of a text",), flow) if HOLE in text else Literal(text, flow)


def any_text(*sources: Text, reason: str = "part of a text") -> Text:
    """Return the value that is any text."""
    made_text = made(HOLE, *sources)
    return Text(HOLE, getattr(made_text, "reasons", ()) if sources else (reason,), made_text.flow)


def shown(value: Value | None) -> Text:
    """Return how one alternative is written by `&` and `$string`; nothing is written as an empty text."""
    if value is None:
        return Text("")
    try:
        return as_text(value)
    except NoText:
        known, own = concrete(value)
        text = written(own) if known else None
        return Text(HOLE, ("form of a number or an object",)) if text is None else Text(text)


def written(value: Json) -> str | None:
    """Return the JSON text of *value* where every implementation agrees on it."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return _digits(value)
    if isinstance(value, str):
        return json.dumps(value) if value.isascii() and value.isprintable() else None
    if isinstance(value, list):
        items = [written(item) if not isinstance(item, float) else None for item in value]
        return None if None in items else "[" + ",".join(item for item in items if item is not None) + "]"
    if isinstance(value, dict) and len(value) <= 1:
        # The order of several fields is not known.
        pairs = [(written(name), written(field) if not isinstance(field, float) else None) for name, field in value.items()]
        return None if any(None in pair for pair in pairs) else "{" + "".join(f"{name}:{field}" for name, field in pairs) + "}"
    return None


def _digits(number: float) -> str | None:
    if number == int(number) and abs(number) < EXACT_INTEGER:
        return str(int(number))
    if number != int(number) and 1e-6 <= abs(number) < EXACT_INTEGER:
        return str(Decimal(number).normalize(Precision(prec=15)))
    return None


def concatenate(left: Value | None, right: Value | None) -> Value:
    """Return what `&` makes of two alternatives."""
    one, other = shown(left), shown(right)
    return made(one.text + other.text, one, other)


def integer(value: Value) -> int:
    """Return the integer *value* is. Raises `NoText` when it is not known, or has a fraction."""
    own = value.value if isinstance(value, Literal) else None
    if not isinstance(own, (int, float)) or isinstance(own, bool) or own != int(own):
        raise NoText
    return int(own)


def plain(value: Value) -> str:
    """Return the text *value* is. Raises `NoText` when it is not wholly known."""
    text = as_text(value).text
    if HOLE in text:
        raise NoText
    return text


def by_character(change: Callable[[str], str]) -> Callable[[Text], Value]:
    """Make a function on text with holes of one that changes each character by itself."""

    def changed(text: Text) -> Value:
        # Implementations differ outside ASCII.
        return made(HOLE.join(change(part) for part in text.text.split(HOLE)), text) if _is_ascii(text) else any_text(text)

    return changed


def _is_ascii(text: Text) -> bool:
    return text.text.replace(HOLE, "").isascii()


def trim(text: Text) -> Value:
    """Take the space at both ends away, and make every other one a single blank."""
    if HOLE not in text.text:
        return made(_SPACE.sub(" ", text.text).strip(" "), text)
    return any_text(text) if _SPACE.search(text.text) else text


def substring(text: Text, start: Value, length: Value | None = None) -> Value:
    """Take a part by its place: known when it lies before the first hole, or counts from the end after the last one."""
    try:
        at, count = integer(start), None if length is None else integer(length)
    except NoText:
        return any_text(text)
    if count is not None and count <= 0:
        return made("", text)
    head, hole, _ = text.text.partition(HOLE)
    if not hole:
        at = max(len(head) + at, 0) if at < 0 else at
        return made(head[at:] if count is None else head[at : at + count], text)
    if at < 0:
        tail = text.text.rpartition(HOLE)[2]
        return made(tail[at:] if count is None else tail[at:][:count], text) if -at <= len(tail) else any_text(text)
    if at > len(head):
        return any_text(text)
    if count is None:
        return made(text.text[at:], text)
    return made(head[at : at + count] + ("" if at + count <= len(head) else HOLE), text)


def before(text: Text, mark: Value) -> Value:
    """Take what stands before the first *mark*, or everything when there is none."""
    try:
        chars = plain(mark)
    except NoText:
        return any_text(text)
    head, hole, _ = text.text.partition(HOLE)
    if chars in head:
        return made(head[: head.index(chars)], text)
    # The mark may begin at the end of what is known.
    return made(head[: max(len(head) - len(chars) + 1, 0)] + HOLE, text) if hole else made(head, text)


def after(text: Text, mark: Value) -> Value:
    """Take what stands after the first *mark*, or everything when there is none."""
    try:
        chars = plain(mark)
    except NoText:
        return any_text(text)
    head, hole, _ = text.text.partition(HOLE)
    if chars in head:
        return made(text.text[head.index(chars) + len(chars) :], text)
    return any_text(text) if hole else text


def contains(text: Text, part: Value) -> frozenset[bool]:
    """Tell whether *part* stands in the text: both, where a hole decides."""
    try:
        chars = plain(part)
    except NoText:
        return frozenset((True, False))
    if any(chars in known for known in text.text.split(HOLE)):
        return frozenset({True})
    return frozenset((True, False)) if HOLE in text.text else frozenset({False})


def split(text: Text, separator: Value, limit: Value | None = None) -> Value:
    """Split at each *separator*: the parts before the first hole are known, the first one after begins as it does."""
    try:
        mark, most = plain(separator), None if limit is None else integer(limit)
    except NoText:
        return Sequence((), any_text(text))
    head, hole, _ = text.text.partition(HOLE)
    if not hole or not mark:
        if hole or (most is not None and most < 0):
            return Sequence((), any_text(text))
        parts = (head.split(mark) if mark else list(head))[:most]
        known = tuple(made(part, text) for part in parts[:LONGEST])
        return Sequence(known, any_text(text) if len(parts) > LONGEST else None)
    *sure, last = head.split(mark)
    items = tuple(made(part, text) for part in sure[:LONGEST])
    if most is not None:
        if most < 0:
            return Sequence((), any_text(text))
        return Sequence(items[:most]) if most <= len(items) else Sequence(items, any_text(text))
    first = made(last + HOLE, text) if len(mark) == 1 and len(sure) <= LONGEST else any_text(text)
    return Sequence((*items, first), any_text(text))


def replace(text: Text, pattern: Value, replacement: Value, limit: Value | None = None) -> Value:
    """Replace a text: in what is known when it is a single character, and nowhere for sure when it may lie across a hole."""
    try:
        old, new, most = plain(pattern), plain(replacement), None if limit is None else integer(limit)
    except NoText:
        return any_text(text)
    if not old or "$" in new or (most is not None and most < 0) or len(new) > LONGEST_TEXT // (len(text.text) + 1):
        return any_text(text)
    if HOLE not in text.text:
        return made(text.text.replace(old, new, -1 if most is None else most), text)
    return made(text.text.replace(old, new), text) if len(old) == 1 and most is None else any_text(text)


def pad(text: Text, width: Value, char: Value | None = None) -> Value:
    """Fill up to a width, at the end or, when it is negative, before the beginning."""
    try:
        wide, fill = integer(width), " " if char is None else plain(char) or " "
    except NoText:
        return any_text(text)
    if HOLE in text.text or abs(wide) > LONGEST_TEXT:
        return made(text.text + HOLE if wide >= 0 else HOLE + text.text, text)
    missing = abs(wide) - len(text.text)
    padding = (fill * (missing // len(fill) + 1))[: max(missing, 0)]
    return made(text.text + padding if wide >= 0 else padding + text.text, text)


def number(text: Text) -> Value:
    """Read a number."""
    if not _NUMBER.fullmatch(text.text) or len(text.text) > 300:
        raise NoText
    own = float(text.text)
    return Literal(int(own) if own == int(own) else own)


def encode(text: Text) -> Value:
    """Encode in base 64."""
    if not text.text.isascii():
        raise NoText
    return made(base64.b64encode(text.text.encode()).decode(), text)


def decode(text: Text) -> Value:
    """Decode from base 64."""
    try:
        decoded = base64.b64decode(text.text, validate=True).decode("ascii")
    except ValueError as error:
        raise NoText from error
    return made(decoded, text)


def quoted(safe: str) -> Callable[[str], str]:
    """Make the function that encodes a text for a URL and leaves the *safe* characters."""
    return lambda part: urllib.parse.quote(part, safe=safe)


def join_texts(items: Iterable[Value], separator: str, *, more: bool) -> Value:
    """Join texts, one alternative each; with *more*, others follow."""
    parts = [as_text(item) for item in items]
    text = separator.join(part.text for part in parts)
    return made(text + HOLE if more else text, *parts)
