"""The functions of JSONata on arrays and objects, over values of the domain: one alternative of each argument.

https://docs.jsonata.org/array-functions
https://docs.jsonata.org/object-functions
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from analyzer.dataflow.functions import concrete
from analyzer.dataflow.join import LIMIT, describes
from analyzer.dataflow.jsonata.compare import equal
from analyzer.dataflow.jsonata.outcome import (
    NOTHING,
    Outcome,
    Stream,
    as_array,
    choices,
    collapse,
    joined,
    lookup,
    loosen,
    maybe,
    merge,
    merge_all,
    some,
    unknown,
)
from analyzer.dataflow.jsonata.strings import NoText, any_text, integer, join_texts, plain
from analyzer.dataflow.values import HOLE, Literal, Record, Sequence, Text, Unknown, Value, every

_NULL = (None,)


def is_null(value: Value) -> bool:
    """Tell whether *value* is null, on which implementations of the functions differ."""
    return isinstance(value, Literal) and value.value is None


def join_items(array: Value | None, separator: Value | None = None) -> Outcome:
    """`$join`: the items as one text, as far as they are known."""
    if array is None:
        return NOTHING
    try:
        mark = "" if separator is None else plain(separator)
        known = as_array(array)
        absent = isinstance(array, Unknown)
        count = 1
        for item in known.items:
            count *= len(choices(item))
        if count > LIMIT:
            return Outcome(any_text(reason="one of too many texts"), undefined=absent)
        more = known.element is not None
        texts = [join_texts(one, mark, more=more) for one in product(*(choices(item) for item in known.items))]
    except NoText:
        return Outcome(any_text(reason="result of `$join`"), undefined=isinstance(array, Unknown))
    return Outcome(joined(texts), undefined=absent)


def count(array: Value | None) -> Outcome:
    """`$count`: nothing counts zero, and what is no array counts one."""
    if array is None:
        return some(Literal(0))
    if is_null(array) or isinstance(array, Unknown):
        return unknown("")
    known = as_array(array)
    return some(Literal(len(known.items))) if known.element is None else unknown("")


def append(left: Value | None, right: Value | None) -> Outcome:
    """`$append`: nothing adds nothing."""
    if left is None or right is None:
        one = right if left is None else left
        return some(one)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return unknown("")
    stream = Stream()
    stream.add_all(as_array(left))
    stream.add_all(as_array(right))
    return some(stream.array())


def reverse(array: Value | None) -> Outcome:
    """`$reverse`."""
    if array is None or is_null(array) or isinstance(array, Unknown):
        return NOTHING if array is None else unknown("")
    known = as_array(array)
    return some(Sequence(known.items[::-1]) if known.element is None else loosen(known))


def shuffle(array: Value | None) -> Outcome:
    """`$shuffle`: the items in any order."""
    if array is None or is_null(array) or isinstance(array, Unknown):
        return NOTHING if array is None else unknown("")
    known = as_array(array)
    return some(loosen(known) if len(every(known)) > 1 else known)


def distinct(array: Value | None) -> Outcome:
    """`$distinct`. Whether a single item left stays in an array depends on where the array came from."""
    if array is None or isinstance(array, Unknown):
        return NOTHING if array is None else unknown("")
    if not isinstance(array, Sequence):
        return some(array)
    if len(every(array)) <= 1 and array.element is None:
        return some(array)
    kept: list[Value] = []
    loose = loosen(array)
    if array.element is not None:
        return merge(collapse(loose), some(loose))
    for item in array.items:
        answers = [equal(one, item) for one in kept]
        mixed = any(_kind(one) != _kind(item) for one in kept)
        if mixed or any(len(answer) > 1 for answer in answers) or not concrete(item)[0]:
            return merge(collapse(loose), some(loose))
        if not any(True in answer for answer in answers):
            kept.append(item)
    found = Sequence(tuple(kept))
    return merge(collapse(found), some(found)) if found.element is not None or len(kept) < 2 else some(found)


def _kind(value: Value) -> str:
    return type(value.value).__name__ if isinstance(value, Literal) else type(value).__name__


def partition(array: Value | None, size: Value | None) -> Outcome:
    """`$partition`: the array in pieces."""
    if array is None or size is None or isinstance(array, Unknown) or is_null(array):
        return unknown("")
    known = as_array(array)
    try:
        length = integer(size)
    except NoText:
        length = 0
    if length < 1:
        return unknown("")
    if known.element is not None:
        return some(Sequence((), loosen(known)))
    return some(Sequence(tuple(Sequence(known.items[at : at + length]) for at in range(0, len(known.items), length))))


def numbers(first: Value | None, last: Value | None, step: Value | None) -> Outcome:
    """`$range`: numbers from the first to the last."""
    try:
        if first is None or last is None or step is None:
            return unknown("")
        start, end, stride = integer(first), integer(last), integer(step)
    except NoText:
        return unknown("")
    if stride == 0 or abs(end - start) // abs(stride) > 1000:
        return unknown("")
    return some(Sequence(tuple(Literal(one) for one in range(start, end + (1 if stride > 0 else -1), stride))))


def keys(value: Value | None) -> Outcome:
    """`$keys`: the names of the fields, in any order; of an array, those of all its items."""
    if value is None:
        return NOTHING
    names: set[str] = set()
    sure: set[str] = set()
    loose = False
    waiting = [(value, True)]
    while waiting:
        one, certain = waiting.pop()
        if isinstance(one, Sequence):
            waiting += [(choice, certain and len(choices(item)) == 1) for item in one.items for choice in choices(item)]
            waiting += [(choice, False) for choice in (choices(one.element) if one.element is not None else ())]
        elif isinstance(one, Record):
            names |= set(one.fields)
            sure |= set(one.fields) - one.optional if certain else set()
            loose = loose or one.rest is not None
        else:
            loose = loose or isinstance(one, Unknown)
    if not names and not loose:
        return NOTHING
    if loose:
        return unknown("names of fields")
    element = joined(Literal(name) for name in sorted(names))
    if sure == names:
        return collapse(Sequence((element,) * len(names)))
    return collapse(Sequence((), element)) if not sure else replace(collapse(Sequence((), element)), undefined=False)


def look_up(value: Value | None, key: Value | None) -> Outcome:
    """`$lookup`: the field of this name, or any whose name the key may be."""
    if value is None or key is None:
        return NOTHING
    if isinstance(key, Literal):
        return lookup(value, key.value) if isinstance(key.value, str) else unknown("")
    if isinstance(value, Record) and isinstance(key, (Text, Unknown)):
        pattern = key if isinstance(key, Text) else Text(HOLE)
        found = [maybe(field) for name, field in value.fields.items() if describes(pattern, name)]
        return merge_all([*found, NOTHING if value.rest is None else maybe(value.rest)])
    return NOTHING if isinstance(value, (Literal, Text)) else unknown("")


def spread(value: Value | None) -> Outcome:
    """`$spread`: each field as an object of its own."""
    if value is None or isinstance(value, (Literal, Text)):
        return some(value)
    if not isinstance(value, Record) or value.rest is not None:
        return unknown("")
    single = [Record({name: field}) for name, field in sorted(value.fields.items())]
    if not single:
        return NOTHING
    element = joined(single)
    if value.optional or len(single) > LIMIT:
        return collapse(Sequence((), element))
    return collapse(Sequence((element,) * len(single)))


def merge_objects(array: Value | None) -> Outcome:
    """`$merge`: one object of all the fields; the last of a name wins."""
    if array is None:
        return NOTHING
    if isinstance(array, Unknown):
        return unknown("")
    known = as_array(array)
    merged = Record({})
    for item in known.items:
        sides = [_as_record(choice) for choice in choices(item)]
        made = [_overridden(merged, side) for side in sides if side is not None]
        if not made:
            return unknown("")
        both = joined(made)
        if not isinstance(both, Record):
            return unknown("")
        merged = both
    if known.element is not None:
        rest = [_as_record(choice) for choice in choices(known.element)]
        fields = [field for one in rest if one is not None for field in (*one.fields.values(), one.rest) if field is not None]
        if fields:
            merged = _overridden(merged, Record({}, joined(fields)))
    return some(merged)


def _as_record(value: Value) -> Record | None:
    """Return *value* as an object; anything else would fail."""
    if isinstance(value, Unknown):
        return Record({}, value)
    return value if isinstance(value, Record) else None


def _overridden(below: Record, above: Record) -> Record:
    fields: dict[str, Value] = {}
    for name in (*below.fields, *(name for name in above.fields if name not in below.fields)):
        over = above.fields.get(name, above.rest)
        under = below.fields.get(name, below.rest)
        if name in above.fields and name not in above.optional:
            fields[name] = above.fields[name]
        else:
            fields[name] = joined(one for one in (over, under) if one is not None)
    rests = [one for one in (below.rest, above.rest) if one is not None]
    sure = (set(below.fields) - below.optional) | (set(above.fields) - above.optional)
    return Record(fields, joined(rests) if rests else None, frozenset(set(fields) - sure))
