"""Values of which the deployment chooses one: what a variable may name, and one value in the place of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from analyzer.text import Json

ANY = "\ue013"
"""What stands in an address for a part that the deployment chooses."""


@dataclass(frozen=True, slots=True)
class Several:
    """The values that one source of a variable may give, the usual one first, and what they are called together."""

    values: tuple[Json, ...]
    name: str


def reach(value: Json, steps: list[str], resolve: Callable[[Json], Json]) -> Iterator[Json]:
    """Yield every value that *steps* may lead to; *resolve* works out the variables on the way."""
    if isinstance(value, str):
        value = resolve(value)
    if not steps:
        yield resolve(value)
        return
    step, *others = steps
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if fits(str(key), step):
            yield from reach(item, others, resolve)


def fits(text: str, pattern: str) -> bool:
    """Tell whether *text* is *pattern* with something in the place of each `ANY`; in a time that no pattern can make long."""
    first, *middle = pattern.split(ANY)
    if not middle:
        return text == pattern
    last = middle.pop()
    if not text.startswith(first):
        return False
    at = len(first)
    for part in middle:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at + len(last) <= len(text) and text.endswith(last)


def merge(values: list[Json], name: str, choose: Callable[[str, list[str]], str], guess: Callable[[str], None]) -> Json:
    """Return one value for *values*, of which the first is the usual one: objects are merged, and for texts *choose* gives one.

    What differs in more than texts and objects is what it usually is, and *guess* is told.
    """
    first = values[0]
    if all(value == first for value in values):
        return first
    if all(isinstance(value, dict) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return {key: merge([value[key] for value in values if key in value], f"{name}.{key}", choose, guess) for key in keys}
    if all(isinstance(value, list) and len(value) == len(first) for value in values):
        return [merge(list(items), f"{name}.{at}", choose, guess) for at, items in enumerate(zip(*values, strict=True))]
    texts = [
        str(value).lower() if isinstance(value, bool) else str(value) for value in values if not isinstance(value, dict | list)
    ]
    if len(texts) == len(values):
        return choose(name, list(dict.fromkeys(texts)))
    guess(name)
    return first
