"""`ResultPath`: a result put into the input of a state.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.dataflow.join import join, join_all
from analyzer.dataflow.paths import Step, Unsupported, split
from analyzer.dataflow.values import OneOf, Record, Sequence, Unknown, Value
from analyzer.text import Json


def inject(into: Value, path: Json, result: Value) -> Value:
    """Return *into* with *result* at the reference path *path*: `$` replaces it all, null drops the result."""
    if path is None:
        return into
    try:
        root, steps = split(path) if isinstance(path, str) else ("", None)
    except Unsupported:
        steps, root = None, ""
    if steps is None or root != "$":
        return Unknown("output of an unreadable `ResultPath`")
    return _inject(into, steps, result)


def _inject(into: Value, steps: tuple[Step, ...], result: Value) -> Value:
    if not steps:
        return result
    name, rest = steps[0], steps[1:]
    if isinstance(into, OneOf):
        made = join_all(_inject(choice, steps, result) for choice in into.choices)
        return made if made is not None else result
    if isinstance(name, str):
        if isinstance(into, Unknown):
            return Record({name: _inject(into, rest, result)}, into)
        known = into if isinstance(into, Record) else Record({})
        inner = known.fields.get(name, known.rest)
        if inner is None:
            inner = Record({})
        elif rest and (name not in known.fields or name in known.optional):
            # It may be absent, and is then made from nothing.
            inner = join(inner, Record({}))
        return replace(known, fields={**known.fields, name: _inject(inner, rest, result)}, optional=known.optional - {name})
    if isinstance(into, Sequence) and name < len(into.items):
        return replace(into, items=(*into.items[:name], _inject(into.items[name], rest, result), *into.items[name + 1 :]))
    return Unknown("array with a result in it")
