"""Placeholders of a definition: those it comes to, and those that stand for whole ARNs, whatever they are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.templates.model import Texts
from analyzer.text import Json

_INTEGRATION = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:[^:]")
"""A service integration. What another task is given is an input of its own, and named as people like."""

_ARGUMENTS = ("Parameters", "Arguments")


def arns_in(definition: Json, known: Mapping[str, Texts]) -> Iterator[str]:
    """Yield the placeholders that stand alone where nothing but an ARN is taken, and those that such ones stand for.

    These are the `Resource` of a task, and the parameters of a service integration whose names end with `Arn`.
    """
    waiting = [definition]
    while waiting:
        one = waiting.pop()
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if isinstance(one, dict) and one.get("Type") == "Task":
            for text in _of_task(one):
                yield from _alone(text, known)


def followed(values: Iterable[Json], known: Mapping[str, Texts]) -> frozenset[str]:
    """Return the placeholders in *values*, and those in the texts that such ones stand for."""
    waiting = [json.dumps(value, ensure_ascii=False) for value in values]
    seen: set[str] = set()
    while waiting:
        for name in PLACEHOLDER.findall(waiting.pop()):
            if name not in seen:
                seen.add(name)
                waiting += known.get(name, ())
    return frozenset(seen)


def _of_task(task: Mapping[str, Json]) -> Iterator[Json]:
    resource = task.get("Resource")
    yield resource
    if isinstance(resource, str) and _INTEGRATION.match(resource):
        for name in _ARGUMENTS:
            given = task.get(name)
            yield from (value for key, value in given.items() if str(key).endswith("Arn")) if isinstance(given, dict) else ()


def _alone(text: Json, known: Mapping[str, Texts]) -> Iterator[str]:
    seen: set[str] = set()
    while isinstance(text, str) and (match := PLACEHOLDER.fullmatch(text)) and match[1] not in seen:
        seen.add(match[1])
        yield match[1]
        text = next(iter(known.get(match[1], ())), None)
