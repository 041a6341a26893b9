"""The functions of JSONata, and those Step Functions adds, over values of the domain.

`FUNCTIONS` maps each name to what it computes. A function is given one alternative of each argument, or `None` where an
argument may be nothing; the functions that call other functions stand in `higher`.
https://docs.jsonata.org/string-functions
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from analyzer.dataflow.functions import abstract, concrete
from analyzer.dataflow.jsonata import arrays, strings
from analyzer.dataflow.jsonata.frames import Run
from analyzer.dataflow.jsonata.higher import HIGHER, KEEPING
from analyzer.dataflow.jsonata.outcome import (
    FAILS,
    NOTHING,
    Outcome,
    boolean,
    choices,
    lift,
    some,
    truth,
    unknown,
)
from analyzer.dataflow.jsonata.strings import NoText
from analyzer.dataflow.values import HOLE, UUID, Literal, Record, Sequence, Text, Unknown, Value

Lifted = Callable[..., Outcome]


@dataclass(frozen=True, slots=True)
class Builtin:
    """One function: how many arguments it takes, and whether `$` stands in for the first one when there are fewer."""

    lifted: Lifted
    least: int = 1
    most: int = 1
    context: bool = False
    sequence: bool = False
    """Whether its result is a sequence, which collapses, rather than an array."""

    def gives_sequence(self, arguments: list[Outcome]) -> bool:
        """Tell whether the result for *arguments* may be a sequence."""
        looks = self.lifted is arrays.look_up and bool(arguments) and arguments[0].value is not None
        over_array = looks and any(isinstance(one, (Sequence, Unknown)) for one in choices(arguments[0].value or Unknown("")))
        return self.sequence or over_array


def call_builtin(run: Run, name: str, arguments: list[Outcome], context: Outcome, *, keeps: bool) -> Outcome:
    """Return what the function *name* gives for *arguments* where `$` is *context*; with *keeps*, its array stays one."""
    builtin = FUNCTIONS[name]
    if builtin.context and len(arguments) < builtin.least:
        arguments = [context, *arguments]
    reason = f"result of `${name}`"
    if not builtin.least <= len(arguments) <= builtin.most:
        return unknown(reason)
    if name in KEEPING:
        found = KEEPING[name](run, arguments, keeps=keeps)
    elif name in HIGHER:
        found = HIGHER[name](run, arguments)
    else:
        if any(argument.function is not None for argument in arguments):
            return some(Literal(value=True)) if name == "exists" else unknown(reason)
        found = lift(builtin.lifted, arguments)
    # A function that does not say why its result is not known is the reason itself.
    return unknown(reason) if isinstance(found.value, Unknown) and found.value.reason == "" else found


def _on_text(function: Callable[..., Value], kinds: str = "") -> Lifted:
    """Make a function on alternatives of one whose first argument is text; *kinds* tells those of the others."""

    def lifted(first: Value | None, *others: Value | None) -> Outcome:
        if first is None:
            return NOTHING
        if None in others or not all(_may_be(one, kind) for one, kind in zip(others, kinds, strict=False)):
            # With other kinds of arguments, `$` may stand in for the first one.
            return unknown("")
        open_ones = [one for one in others if isinstance(one, Unknown)]
        try:
            found = function(strings.as_text(first), *others)
        except NoText:
            return unknown("")
        if isinstance(found, Text):
            found = replace(found, reasons=tuple(dict.fromkeys((*(one.reason for one in open_ones), *found.reasons))))
        return Outcome(found, undefined=bool(open_ones) or isinstance(first, Unknown))

    return lifted


def _may_be(value: Value | None, kind: str) -> bool:
    """Tell whether *value* may be a text (`s`) or a number (`n`)."""
    if isinstance(value, Literal):
        text = isinstance(value.value, str)
        return text if kind == "s" else not text and isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
    return isinstance(value, Unknown) or (isinstance(value, Text) and kind == "s")


def _on_number(function: Callable[..., float], *, exact: bool = True) -> Lifted:
    """Make a function on alternatives of one on integers; with a fraction, implementations round differently."""

    def lifted(*arguments: Value | None) -> Outcome:
        if arguments[0] is None:
            return NOTHING
        try:
            numbers = [strings.integer(argument) for argument in arguments if argument is not None]
            found = function(*numbers) if len(numbers) == len(arguments) else math.nan
        except (NoText, ValueError, OverflowError, TypeError):
            return unknown("")
        return some(Literal(int(found))) if exact and found == found and abs(found) < 1e15 else unknown("")  # noqa: PLR0124

    return lifted


def _contains(first: Value | None, part: Value | None) -> Outcome:
    if first is None:
        return NOTHING
    try:
        found = frozenset((True, False)) if part is None else strings.contains(strings.as_text(first), part)
    except NoText:
        return unknown("")
    outcome = boolean(found)
    return replace(outcome, undefined=isinstance(first, Unknown) or outcome.undefined)


def _length(text: Text) -> Value:
    if HOLE in text.text:
        raise NoText
    return Literal(len(text.text))


def _string(value: Value | None, pretty: Value | None = None) -> Outcome:
    if value is None:
        return NOTHING
    shown = strings.shown(value)
    exact = pretty is None or isinstance(value, (Literal, Text))
    return Outcome(strings.made(shown.text if exact else HOLE, shown), undefined=isinstance(value, Unknown))


def _number(value: Value | None) -> Outcome:
    if value is None:
        return NOTHING
    if isinstance(value, Literal) and isinstance(value.value, bool):
        return some(Literal(int(value.value)))
    if isinstance(value, Literal) and isinstance(value.value, (int, float)):
        return some(value)
    return _on_text(strings.number)(value)


def _boolean(value: Value | None) -> Outcome:
    if value is None:
        return NOTHING
    return replace(boolean(truth(some(value))), undefined=isinstance(value, Unknown))


def _not(value: Value | None) -> Outcome:
    if value is None:
        return NOTHING
    found = frozenset(not one for one in truth(some(value)))
    return replace(boolean(found), undefined=isinstance(value, Unknown))


def _exists(value: Value | None) -> Outcome:
    if isinstance(value, Unknown):
        return boolean(frozenset((True, False)))
    return some(Literal(value is not None))


def _type(value: Value | None) -> Outcome:
    if value is None:
        return NOTHING
    if isinstance(value, Unknown):
        return Outcome(Text(HOLE, ("type of a value",)), undefined=True)
    if isinstance(value, Literal) and not isinstance(value.value, str):
        own = value.value
        return some(Literal("null" if own is None else "boolean" if isinstance(own, bool) else "number"))
    kinds = {Record: "object", Sequence: "array"}
    return some(Literal(kinds.get(type(value), "string")))


def _hash(text: Text, algorithm: Value) -> Value:
    own, name = strings.plain(text), strings.plain(algorithm)
    if name not in ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"):
        raise NoText
    return Literal(hashlib.new(name.replace("-", "").lower(), own.encode()).hexdigest())


def _parse(text: Text) -> Value:
    try:
        return abstract(json.loads(strings.plain(text)))
    except (ValueError, RecursionError) as error:
        raise NoText from error


def _some_text(reason: str, *, first: bool = True) -> Lifted:
    """Make a function that gives any text; nothing for nothing, where it has a *first* argument."""

    def lifted(*arguments: Value | None) -> Outcome:
        absent = first and (not arguments or arguments[0] is None or isinstance(arguments[0], Unknown))
        return Outcome(Text(HOLE, (reason,)), undefined=absent)

    return lifted


def _anything(reason: str) -> Lifted:
    return lambda *_: unknown(reason)


def _sum(numbers: list[int]) -> float:
    return math.fsum(numbers)


def _totalled(function: Callable[[list[int]], float]) -> Lifted:
    """Make a function on alternatives of one on an array of integers."""

    def lifted(value: Value | None) -> Outcome:
        if value is None:
            return NOTHING
        known, own = concrete(value)
        numbers = own if isinstance(own, list) else [own]
        whole = known and all(isinstance(one, int) and not isinstance(one, bool) and abs(one) < 10**12 for one in numbers)
        if not whole or not numbers:
            return unknown("")
        found = function(numbers)
        return some(Literal(int(found))) if found == int(found) else unknown("")

    return lifted


def _text(function: Callable[..., Value], kinds: str = "", optional: int = 0) -> Builtin:
    return Builtin(_on_text(function, kinds), 1 + len(kinds) - optional, 1 + len(kinds), context=True)


def _math(function: Callable[..., float], least: int = 1, most: int = 1) -> Builtin:
    return Builtin(_on_number(function), least, most, context=True)


FUNCTIONS: Mapping[str, Builtin] = {
    "string": Builtin(_string, 1, 2, context=True),
    "length": _text(_length),
    "substring": _text(strings.substring, "nn", 1),
    "substringBefore": _text(strings.before, "s"),
    "substringAfter": _text(strings.after, "s"),
    "uppercase": _text(strings.by_character(str.upper)),
    "lowercase": _text(strings.by_character(str.lower)),
    "trim": _text(strings.trim),
    "pad": _text(strings.pad, "ns", 1),
    "contains": Builtin(_contains, 2, 2, context=True),
    "split": _text(strings.split, "sn", 1),
    "join": Builtin(arrays.join_items, 1, 2),
    "replace": _text(strings.replace, "ssn", 1),
    "base64encode": _text(strings.encode),
    "base64decode": _text(strings.decode),
    "encodeUrlComponent": _text(strings.by_character(strings.quoted("~()*!.'"))),
    "encodeUrl": _text(strings.by_character(strings.quoted("~@#$&()*!+=:;,.?/'"))),
    "decodeUrlComponent": Builtin(_some_text("decoded text"), 1, 1, context=True),
    "decodeUrl": Builtin(_some_text("decoded text"), 1, 1, context=True),
    "formatNumber": Builtin(_some_text("formatted number"), 2, 3, context=True),
    "formatBase": Builtin(_some_text("formatted number"), 1, 2, context=True),
    "formatInteger": Builtin(_some_text("formatted number"), 2, 2, context=True),
    "parseInteger": Builtin(_anything("number in a text"), 2, 2, context=True),
    "now": Builtin(_some_text("time of the evaluation", first=False), 0, 2),
    "millis": Builtin(_anything("time of the evaluation"), 0, 0),
    "fromMillis": Builtin(_some_text("formatted time"), 1, 3, context=True),
    "toMillis": Builtin(_anything("time in a text"), 1, 2, context=True),
    "number": Builtin(_number, 1, 1, context=True),
    "abs": _math(abs),
    "floor": _math(math.floor),
    "ceil": _math(math.ceil),
    "round": _math(lambda number: number),
    "power": Builtin(_anything("power of a number"), 2, 2, context=True),
    "sqrt": Builtin(_anything("root of a number"), 1, 1, context=True),
    "random": Builtin(_anything("random number"), 0, 1),
    "uuid": Builtin(lambda *_: Outcome(Text(UUID, ("random identifier",))), 0, 0),
    "hash": Builtin(_on_text(_hash), 2, 2),
    "parse": Builtin(_on_text(_parse), 1, 1),
    "sum": Builtin(_totalled(_sum)),
    "max": Builtin(_totalled(max)),
    "min": Builtin(_totalled(min)),
    "average": Builtin(_totalled(lambda numbers: math.fsum(numbers) / len(numbers))),
    "boolean": Builtin(_boolean, 1, 1, context=True),
    "not": Builtin(_not, 1, 1, context=True),
    "exists": Builtin(_exists),
    "type": Builtin(_type),
    "count": Builtin(arrays.count),
    "append": Builtin(arrays.append, 2, 2),
    "reverse": Builtin(arrays.reverse),
    "shuffle": Builtin(arrays.shuffle),
    "distinct": Builtin(arrays.distinct, sequence=True),
    "partition": Builtin(arrays.partition, 2, 2),
    "range": Builtin(arrays.numbers, 3, 3),
    "keys": Builtin(arrays.keys, 1, 1, context=True, sequence=True),
    "lookup": Builtin(arrays.look_up, 2, 2, context=True),
    "spread": Builtin(arrays.spread, 1, 1, context=True, sequence=True),
    "merge": Builtin(arrays.merge_objects),
    "error": Builtin(lambda *_: FAILS, 0, 1),
    "assert": Builtin(lambda *_: NOTHING, 1, 2),
    "clone": Builtin(_anything("copy of a value"), 1, 1, context=True),
    "eval": Builtin(_anything("evaluated text"), 1, 2),
    "match": Builtin(_anything("matches of a regular expression"), 2, 3, context=True, sequence=True),
    "single": Builtin(_anything("item of an array"), 1, 2),
    "zip": Builtin(_anything("arrays combined"), 1, 99),
    "map": Builtin(_anything(""), 2, 2, sequence=True),
    "filter": Builtin(_anything(""), 2, 2, sequence=True),
    "each": Builtin(_anything(""), 2, 2, context=True, sequence=True),
    "sift": Builtin(_anything(""), 2, 2, context=True),
    "reduce": Builtin(_anything(""), 2, 3),
    "sort": Builtin(_anything(""), 1, 2),
}

"""Every function, by its name without the `$`."""
