"""The tests of the maps (`when: present(Tags)`), decided over abstract values.

A test is true, false, or open. An open one counts as true wherever a permission hangs on it: a missing permission
breaks a production, a superfluous one is reported.
"""

from __future__ import annotations

import json
import re

from analyzer.dataflow.values import Literal, OneOf, Presence, Record, Sequence, Text, Unknown, Value, look
from analyzer.maps import LONGEST
from analyzer.text import Json


def holds(test: Json, arguments: Value) -> bool | None:
    """Decide *test*, as the map compiler parsed it, for *arguments*; `None` when it depends on an unknown value."""
    if test is None:
        return True
    name, *operands = test
    if name == "not":
        inner = holds(operands[0], arguments)
        return None if inner is None else not inner
    if name in ("all", "any"):
        decisive: bool = name == "any"
        results = [holds(operand, arguments) for operand in operands]
        if decisive in results:
            return decisive
        return None if None in results else not decisive
    if name in ("equals", "matches"):
        return _compare(arguments, operands[0], operands[1], whole=name == "equals")
    present = _present(arguments, operands[0])
    return present if name == "present" or present is None else not present


def _present(arguments: Value, path: str) -> bool | None:
    item = path.endswith("[]")  # an item of nothing is an item
    found = {Presence.NO if not item and _is_empty(entry.value) else entry.presence for entry in look(arguments, path)}
    if Presence.YES in found:
        return True
    return None if Presence.MAYBE in found else False


def _is_empty(value: Value | None) -> bool:
    """Tell whether *value* is an array or an object of nothing: no tags are no tagging."""
    if isinstance(value, Sequence):
        return not value.items and value.element is None
    return isinstance(value, Record) and not value.fields and value.rest is None


def _compare(arguments: Value, path: str, wanted: str, *, whole: bool) -> bool | None:
    """Compare what stands at *path* with a text (*whole*), or with a regular expression over all of it."""
    answers = [False if entry.value is None else _is(entry.value, wanted, whole=whole) for entry in look(arguments, path)]
    if True in answers:
        return True
    return None if None in answers else False


def _is(value: Value, wanted: str, *, whole: bool) -> bool | None:
    if isinstance(value, Literal):
        text = value.value if isinstance(value.value, str) else json.dumps(value.value)
        if whole:
            return text == wanted
        return re.fullmatch(wanted, text, re.DOTALL) is not None if len(text) <= LONGEST else None
    if isinstance(value, OneOf):
        answers = [_is(choice, wanted, whole=whole) for choice in value.choices]
        return True if True in answers else None if None in answers else False
    return None if isinstance(value, (Unknown, Text)) else False
