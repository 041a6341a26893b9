"""Conditions of statements: whether one implies another, and what a request must carry to meet one.

Keys and values are compared as IAM does: keys without regard to case, values as patterns where the operator knows wildcards,
ARNs by their six parts. What is neither known to hold nor known to fail is `None`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from analyzer.compare.globs import ANY, STAR, covers, matches, overlap, read, read_exact
from analyzer.text import Json

Context = Mapping[str, str]
"""What a request carries: key, in lower case → its one value. A key that is not there is absent."""

SPLIT = 64
"""The most requests that the values of a condition are told apart into."""

_KINDS = {
    "stringequals": ("text", False), "stringequalsignorecase": ("folded", False), "stringlike": ("glob", False),
    "stringnotequals": ("text", True), "stringnotequalsignorecase": ("folded", True), "stringnotlike": ("glob", True),
    "arnequals": ("arn", False), "arnlike": ("arn", False), "arnnotequals": ("arn", True), "arnnotlike": ("arn", True),
    "bool": ("folded", False), "null": ("null", False),
}  # fmt: skip
"""What an operator compares, and whether it asks that nothing matches. Others compare numbers, dates, addresses and bytes."""


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a condition block: the operator, the key in lower case, and the values, of which any will do.

    `quantifier` is `forallvalues`, `foranyvalue` or nothing; `optional` is whether the operator ends with `IfExists`; `shown` is
    the key as it is written.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str = ""
    optional: bool = False
    shown: str = field(default="", compare=False)

    @property
    def kind(self) -> str:
        """What the operator compares; its own name when that is nothing of what is compared here."""
        return _KINDS.get(self.operator, (self.operator, False))[0]

    @property
    def negated(self) -> bool:
        """Whether the operator asks that no value matches."""
        return _KINDS.get(self.operator, ("", "not" in self.operator))[1]

    @property
    def spares_absent(self) -> bool:
        """Whether a request without the key meets the term."""
        if self.kind == "null":
            return "true" in self.values
        return self.quantifier == "forallvalues" or (not self.quantifier and (self.optional or self.negated))


def terms_of(block: Json) -> tuple[Term, ...]:
    """Read a condition block. Whatever has not the form of one is left out, as IAM would refuse it."""
    made = []
    for operator, keys in block.items() if isinstance(block, dict) else ():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            made.append(make_term(str(operator), str(key), [_text(one) for one in _listed(values)]))
    return tuple(sorted(made, key=lambda term: (term.key, term.operator, term.values)))


def make_term(operator: str, key: str, values: Iterable[str]) -> Term:
    """Make a term of an operator as it is written."""
    quantifier, colon, name = operator.lower().rpartition(":")
    optional = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    kind = _KINDS.get(name, (name,))[0]
    meant = map(read if kind in ("glob", "arn") else read_exact, values)
    return Term(name, key.lower(), tuple(sorted(set(meant))), quantifier if colon else "", optional, key)


def _listed(values: Json) -> list[Json]:
    return values if isinstance(values, list) else [values]


def _text(value: Json) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def implies(own: Sequence[Term], other: Term) -> bool:
    """Tell whether every request that meets all of *own* surely meets *other*."""
    return any(_implies(term, other) for term in own if term.key == other.key)


def _implies(own: Term, other: Term) -> bool:
    if own.quantifier != other.quantifier or (own.spares_absent and not other.spares_absent):
        return False
    if (own.operator, own.values) == (other.operator, other.values):
        return True
    if own.kind == "null":
        return "true" in own.values and other.spares_absent
    if other.kind == "null":
        return "false" in other.values and not own.quantifier
    if own.negated:
        # What the other keeps out, this one must keep out, too.
        return other.negated and not own.quantifier and _all_held(other, own)
    if not other.negated:
        return _all_held(own, other)
    plain = {own.kind, other.kind} <= {"text", "glob", "arn"} and not own.quantifier
    return plain and not any(overlap(value, kept_out) for value in own.values for kept_out in other.values)


def _all_held(own: Term, other: Term) -> bool:
    return all(any(_holds_value(own.kind, value, other.kind, wide) for wide in other.values) for value in own.values)


def _holds_value(kind: str, value: str, wide_kind: str, wide: str) -> bool:
    """Tell whether whatever *value* matches, as a value of *kind*, is matched by *wide* as one of *wide_kind*."""
    if wide_kind == "arn":
        own, other = value.split(":", 5), wide.split(":", 5)
        return kind in ("arn", "text") and len(own) == len(other) == 6 and all(map(covers, other, own))
    if wide_kind == "folded":
        return kind in ("text", "folded") and value.lower() == wide.lower()
    if wide_kind == "text":
        return value == wide and STAR not in value and ANY not in value and kind in ("text", "glob", "arn")
    if wide_kind == "glob" and kind in ("text", "glob", "arn"):
        # A `*` of an ARN pattern stays inside its part; read as one that does not, it holds more, so this is sound.
        return covers(wide, value)
    return False


def split(terms: Sequence[Term]) -> Iterator[tuple[Term, ...]]:
    """Yield *terms* with one value for each key, in all combinations: together they are met by the same requests.

    When there are more than `SPLIT`, the terms stay as they are.
    """
    choices = []
    for term in terms:
        single = not term.negated and not term.quantifier and term.kind in ("text", "glob", "arn", "folded")
        choices.append([replace(term, values=(one,)) for one in term.values] if single else [term])
    number = 1
    for choice in choices:
        number *= len(choice)
    yield from product(*choices) if number <= SPLIT else [tuple(terms)]


def holds(term: Term, context: Context) -> bool | None:
    """Tell whether a request with *context* meets *term*; `None` when that is not known."""
    value = context.get(term.key)
    if term.kind == "null":
        return (value is None) == ("true" in term.values)
    if value is None:
        return term.spares_absent
    if term.operator not in _KINDS:
        return None
    return any(_matches_value(term.kind, one, value) for one in term.values) != term.negated


def _matches_value(kind: str, wanted: str, value: str) -> bool:
    if kind == "text":
        return value == wanted
    if kind == "folded":
        return value.lower() == wanted.lower()
    if kind == "arn":
        own, other = wanted.split(":", 5), value.split(":", 5)
        return len(own) == len(other) == 6 and all(map(matches, own, other))
    return matches(wanted, value)


def contexts(terms: Sequence[Term], others: Iterable[Sequence[Term]]) -> Iterator[Context]:
    """Yield contexts of requests that meet all *terms*: first with another value for the keys that *others* ask for.

    None when it is not known how to meet them.
    """
    own: dict[str, str] = {}
    for term in terms:
        if not term.negated and term.kind in ("text", "glob", "arn", "folded") and term.values:
            own.setdefault(term.key, _instance(term.values[0]))
        elif term.kind == "null" and "false" in term.values:
            own.setdefault(term.key, "other")
    foreign = {term.key: _another(term) for other in others for term in other if term.key not in own}
    for extra in (foreign, {}) if foreign else ({},):
        context = {**own, **{key: value for key, value in extra.items() if value is not None}}
        if all(holds(term, context) is True for term in terms):
            yield context


def _instance(pattern: str) -> str:
    return pattern.replace(STAR, "other").replace(ANY, "x")


def _another(term: Term) -> str | None:
    """Return a value that does not meet *term*; nothing where the absence of one does not either."""
    if term.kind == "null":
        return "other" if "true" in term.values else None
    if term.operator == "bool":
        return "false" if "true" in term.values else "true"
    if term.negated:
        return _instance(term.values[0]) if term.values else None
    if term.kind == "arn":
        return "arn:aws:other:us-east-1:111122223333:other"
    return "other"
