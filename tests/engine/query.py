"""JSONata for the interpreter, which comes without: jsonata-python, with the functions that Step Functions adds.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

LIMIT = sys.getrecursionlimit()
from jsonata import Jsonata  # noqa: E402
from jsonata.utils import Utils  # noqa: E402

sys.setrecursionlimit(LIMIT)  # which the library raises for everybody

Json = Any


class QueryError(Exception):
    """An expression failed, gave nothing, or gave what is no JSON value."""


def query(text: str, bindings: Mapping[str, Json]) -> Json:
    """Return what the expression *text* gives; *bindings* are `$states` and the variables.

    Raises `QueryError` where the state would fail with `States.QueryEvaluationError`.
    """
    try:
        found = _compiled(text).evaluate(None, {name: _with_nulls(value) for name, value in bindings.items()})
    except Exception as error:
        raise QueryError(str(error)) from error
    if found is None:
        raise QueryError(f"`{text}` gave nothing")
    return _without_nulls(found)


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Jsonata:
    expression = Jsonata(text)
    expression.set_output_convert_nulls(False)
    for name, function in _ADDED.items():
        expression.register_lambda(name, function)
    return expression


def _with_nulls(value: Json) -> Json:
    """Return a copy of *value* with the library's own null, since it takes `None` for nothing."""
    if isinstance(value, dict):
        return {name: _with_nulls(field) for name, field in value.items()}
    if isinstance(value, list):
        return [_with_nulls(item) for item in value]
    return Utils.NULL_VALUE if value is None else value


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {str(name): _without_nulls(field) for name, field in value.items()}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if value is not Utils.NULL_VALUE and (value is None or not isinstance(value, (str, int, float, bool))):
        raise QueryError(f"{value!r} is no JSON value")
    return None if value is Utils.NULL_VALUE else value


def _partition(array: list[Json], size: int) -> list[Json]:
    return [array[at : at + int(size)] for at in range(0, len(array), int(size))]


def _range(first: int, last: int, step: int) -> list[int]:
    return list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))


def _hash(text: str, algorithm: str) -> str:
    return hashlib.new(algorithm.lower().replace("-", ""), str(text).encode()).hexdigest()


_ADDED = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "uuid": lambda: str(uuid.UUID(int=7, version=4)),
    "parse": lambda text: _with_nulls(json.loads(text)),
}
"""The functions of Step Functions itself; `$uuid` gives the same every time, so that every run is the same."""
