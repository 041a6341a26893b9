"""A text of a policy with placeholders → literal parts and references, which each language writes in its own way.

`${*}`, `${?}` and `${$}` are how IAM itself escapes three characters, and stay part of the literal text.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.text import Json

ESCAPED = ("*", "?")
"""What looks like the name of a placeholder and is an escape of IAM. The third escape, of `$`, does not look like one."""

DEPTH = 8
"""How often the meaning of a placeholder may have placeholders in turn."""

_BOUNDARY = ("/", ":")
"""What follows the ARN of a resource where its parts are meant. `orders-archive` is no part of `orders`."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that only the deployment fills: `AWS::Region`, `Topic`, `Orders.Arn`.

    `origin` is empty where the name means something in the language that is written; else it says whose name it is, since two
    templates may call different things the same. `function` is how the template writes what is no name there, in JSON, and `code`
    how the language writes it where that is not the name.
    """

    name: str
    origin: str = ""
    function: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """A text with at least one reference: literal parts, as IAM reads them, and references."""

    parts: tuple[str | Reference, ...]

    def references(self) -> Iterator[Reference]:
        """Yield the references."""
        return (part for part in self.parts if isinstance(part, Reference))


Written = str | Expression
"""A text as a policy has it: fixed, or with references."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the placeholders of one machine become.

    `written` says which reference gives a text; `reference` is what a placeholder becomes, nothing where a reference cannot
    stand, and `meanings` says what is written out then. What has no meaning either becomes `*`, and is told to `lost`.
    """

    written: Mapping[str, str]
    meanings: Mapping[str, str]
    reference: Callable[[str], Reference | None]
    lost: Callable[[str], None]


def express(text: str, names: Names) -> Written:
    """Return *text* with a reference for every placeholder, and for a beginning that a resource of the template gives."""
    parts: list[str | Reference] = []
    rest = text
    for end in sorted({len(key) for key in names.written}, reverse=True) if "${" in text else ():
        given = names.written.get(text[:end])
        if given is not None and (len(text) == end or text[end:].startswith(_BOUNDARY)):
            found = names.reference(given)
            if found is not None:
                parts, rest = [found], text[end:]
                break
    parts += _split(rest, names, 0)
    joined = _joined(parts)
    return Expression(joined) if any(isinstance(part, Reference) for part in joined) else "".join(map(str, joined))


def _split(text: str, names: Names, depth: int) -> Iterator[str | Reference]:
    last = 0
    for match in PLACEHOLDER.finditer(text):
        if match[1] in ESCAPED:
            continue
        yield _literal(text[last : match.start()], depth)
        last = match.end()
        found = names.reference(match[1])
        if found is not None:
            yield found
        elif match[1] in names.meanings and depth < DEPTH:
            yield from _split(names.meanings[match[1]], names, depth + 1)
        else:
            names.lost(match[1])
            yield "*"
    yield _literal(text[last:], depth)


def _literal(text: str, depth: int) -> str:
    """Return literal *text* for a policy: what a placeholder means is no pattern, whatever characters it has."""
    return re.sub(r"[*?]", lambda match: "${" + match[0] + "}", text) if depth else text


def _joined(parts: list[str | Reference]) -> tuple[str | Reference, ...]:
    """Join literal parts that stand beside each other, and drop empty ones."""
    made: list[str | Reference] = []
    for part in parts:
        if isinstance(part, str) and made and isinstance(made[-1], str):
            made[-1] += part
        elif part:
            made.append(part)
    return tuple(made)


def express_all(value: Json, names: Names) -> Json:
    """Return *value* with every text in it expressed; the keys of its objects stay."""
    if isinstance(value, str):
        return express(value, names)
    if isinstance(value, dict):
        return {key: express_all(item, names) for key, item in value.items()}
    return [express_all(item, names) for item in value] if isinstance(value, list) else value


def references(value: Json) -> Iterator[Reference]:
    """Yield every reference in *value*."""
    if isinstance(value, Expression):
        yield from value.references()
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)
