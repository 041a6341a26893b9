"""The tasks of a definition, found without the analyzer: a walk over the plain document and a reading of `Resource`.

Written apart from `analyzer.integrations` on purpose: a task that the analyzer overlooks is still counted here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_INTEGRATION = re.compile(r"arn:[^:]+:states:::(aws-sdk:)?([A-Za-z0-9-]+):([A-Za-z0-9]+)(\.[A-Za-z]+(?::2)?)?")
_PATTERNS = {"": "request_response", ".sync": "sync", ".sync:2": "sync:2", ".waitForTaskToken": "wait_for_task_token"}
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True)
class Task:
    """One use of a service: `kind` is optimized, sdk, lambda, activity, placeholder or malformed."""

    pointer: tuple[str | int, ...]
    state: str
    kind: str
    service: str = ""
    operation: str = ""
    pattern: str = ""
    text: str = ""
    body: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """How a report names it."""
        return f"{self.service}:{self.operation} ({self.pattern})" if self.service else f"{self.kind} `{self.text}`"


def tasks_of(document: Any, substitutions: Mapping[str, str]) -> list[Task]:
    """Return the tasks, item readers and result writers of *document*, in whatever scope they stand."""
    return list(_scope(document, (), substitutions))


def distributed(document: Any) -> bool:
    """Tell whether a Map of *document* starts executions."""
    if isinstance(document, dict):
        return _mode(document) == "DISTRIBUTED" or any(distributed(value) for value in document.values())
    return isinstance(document, list) and any(distributed(item) for item in document)


def _mode(processor: Any) -> Any:
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return config.get("Mode") if isinstance(config, dict) else None


def _scope(scope: Any, pointer: tuple[str | int, ...], substitutions: Mapping[str, str]) -> Iterator[Task]:
    states = scope.get("States") if isinstance(scope, dict) else None
    for name, body in states.items() if isinstance(states, dict) else ():
        if not isinstance(body, dict):
            continue
        at = (*pointer, "States", str(name))
        if body.get("Type") == "Task" and isinstance(body.get("Resource"), str):
            yield _task(at, str(name), body["Resource"], body, substitutions)
        if body.get("Type") == "Map":
            # Only a distributed Map reads items and writes results.
            accesses = ("ItemReader", "item_reader"), ("ResultWriter", "result_writer")
            for key, pattern in accesses if _mode(body.get("ItemProcessor")) == "DISTRIBUTED" else ():
                access = body.get(key)
                if isinstance(access, dict) and isinstance(access.get("Resource"), str):
                    found = _task((*at, key), str(name), access["Resource"], access, substitutions)
                    yield Task(
                        found.pointer, found.state, found.kind, found.service, found.operation, pattern, found.text, access
                    )
            for key in ("ItemProcessor", "Iterator"):
                yield from _scope(body.get(key), (*at, key), substitutions)
        if body.get("Type") == "Parallel" and isinstance(body.get("Branches"), list):
            for number, branch in enumerate(body["Branches"]):
                yield from _scope(branch, (*at, "Branches", number), substitutions)


def _task(
    pointer: tuple[str | int, ...], state: str, written: str, body: Mapping[str, Any], substitutions: Mapping[str, str]
) -> Task:
    text = written
    for name, value in substitutions.items():
        text = text.replace(f"${{{name}}}", value)
    if text.startswith("arn:${"):
        text = _PLACEHOLDER.sub("aws", text, count=1)
    if match := _INTEGRATION.fullmatch(text):
        sdk, service, operation, suffix = match.groups()
        pattern = _PATTERNS.get(suffix or "", suffix)
        return Task(pointer, state, "sdk" if sdk else "optimized", service, operation, pattern, text, body)
    if re.match(r"arn:[^:]+:lambda:.*:function:", _PLACEHOLDER.sub("x", text)):
        return Task(pointer, state, "lambda", text=text, body=body)
    if re.match(r"arn:[^:]+:states:.*:activity:", _PLACEHOLDER.sub("x", text)):
        return Task(pointer, state, "activity", text=text, body=body)
    return Task(pointer, state, "placeholder" if _PLACEHOLDER.fullmatch(text) else "malformed", text=text, body=body)
