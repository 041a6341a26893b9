"""Names → identifiers: what a machine and a placeholder are called in a language that is stricter about names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from analyzer.render.drafts import Draft
from analyzer.render.expression import Reference, references

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST = 60


def words(name: str) -> list[str]:
    """Split *name* into words of ASCII letters and digits: `OrderFlow-v2` → `Order`, `Flow`, `v`, `2`."""
    found = _WORD.findall(name) or ["machine"]
    return [found[0] if found[0][0].isalpha() else f"n{found[0]}", *found[1:]]


def pascal(name: str) -> str:
    """Write *name* like a logical id: `OrderFlow`. One that is such already stays as it is."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name):
        return name
    return "".join(word[:1].upper() + word[1:] for word in words(name))[:_LONGEST]


def snake(name: str) -> str:
    """Write *name* like an identifier of HCL or Python: `order_flow`."""
    return "_".join(word.lower() for word in words(name))[:_LONGEST]


def camel(name: str) -> str:
    """Write *name* like an identifier of TypeScript: `orderFlow`."""
    first, *others = words(name)
    return (first.lower() + "".join(word[:1].upper() + word[1:] for word in others))[:_LONGEST]


def unique(name: str, taken: Collection[str], separator: str = "") -> str:
    """Return *name*, with a number when it is taken."""
    number = 1
    made = name
    while made in taken:
        number += 1
        made = f"{name}{separator}{number}"
    return made


def declared(given: Iterable[Reference], style: str, taken: Collection[str] = ()) -> dict[Reference, str]:
    """Return an identifier in *style* for each reference that means nothing in the written language, none of them twice."""
    write = {"pascal": pascal, "snake": snake, "camel": camel}[style]
    made: dict[Reference, str] = {}
    used = set(taken)
    for reference in given:
        if reference.origin and reference not in made:
            name = write(reference.name.removeprefix("AWS::").replace("#", "."))
            made[reference] = unique(name, used, "_" if style == "snake" else "")
            used.add(made[reference])
    return made


def asked(drafts: Iterable[Draft]) -> Iterator[Reference]:
    """Yield the references of all *drafts*."""
    for draft in drafts:
        yield from references([*draft.statements, draft.trust])
