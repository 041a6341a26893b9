"""The service maps as typed values, read lazily: one small compiled file per service that a definition uses.

The files are checked when they are built (`service_maps/README.md`), not when they are read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from analyzer.errors import ServiceMapError
from analyzer.text import Json

SDK = "aws-sdk:"
"""What stands before the name of a service that is reached through the AWS SDK integrations."""

SDK_PATTERNS = ("request_response", "wait_for_task_token")
"""https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html"""

UNVERIFIED = "no source says which IAM action authorizes the call; the action of its own name is granted"


LONGEST = 4_096
"""Characters of a text that a form or a test of the maps looks at: twice those of the longest ARN. What is longer names
nothing, and a regular expression could take its time over it."""


class Case(NamedTuple):
    """One case of a form: what it matches, and what it gives or the whole ARNs it makes."""

    match: re.Pattern[str]
    give: tuple[str, ...]
    arn: tuple[str, ...]


class Template(NamedTuple):
    """A text with `{holes}`, the form that reads each parameter, and the texts to use when one is wholly unknown.

    `unknown` may be empty: then there is nothing to grant for an unknown value.
    """

    text: str
    read: Mapping[str, str]
    unknown: tuple[str, ...] | None = None


class FactRule(NamedTuple):
    """The fact that a grant hangs on: a `kind` of fact about the resources whose ARNs the templates `of` make.

    Where `none_is_open`, that the resource is known to have none settles nothing.
    """

    kind: str
    of: tuple[Template, ...]
    none_is_open: bool


class GrantRule(NamedTuple):
    """One grant of a map: actions on resources under a condition, when a test holds; with the page that says so."""

    level: str
    only: frozenset[str]
    actions: tuple[str, ...]
    resources: tuple[Template, ...]
    condition: tuple[tuple[str, str, tuple[Template, ...]], ...]
    when: Json
    source: str
    assume: str | None
    external: str | None
    unverified: str | None
    other_regions: bool
    fact: FactRule | None = None


class SqlText(NamedTuple):
    """Where a call keeps its SQL: the path of the text, its dialect, and where the parts of a name come from that it lacks.

    A default is a parameter's path and, after a bar, what stands for an absent one: ``Context.Database|default``.
    """

    statement: str
    dialect: str
    defaults: Mapping[str, str]


class Starts(NamedTuple):
    """That a call starts an execution: the parameters that name the machine and its input."""

    machine: str
    input: str


class Operation(NamedTuple):
    """What one operation of an integration needs, in the patterns it supports, and whether a task may take on a role for it."""

    patterns: tuple[str, ...]
    grants: tuple[GrantRule, ...]
    note: str | None
    unverified: Mapping[str, str]
    source: str
    sql: SqlText | None = None
    starts: Starts | None = None
    credentials: bool = True


class ServiceMap(NamedTuple):
    """One compiled service map."""

    service: str
    forms: Mapping[str, tuple[Case, ...]]
    operations: Mapping[str, Operation]


class Index(NamedTuple):
    """What is covered: services, their operations and patterns, and the ARNs that name an integration directly.

    `facts` are the kinds of fact that a grant may hang on.
    """

    services: Mapping[str, Json]
    direct: tuple[Mapping[str, Json], ...]
    sdk: Mapping[str, Mapping[str, str]]
    trust: Mapping[str, str]
    version: str
    facts: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def maps_root() -> str:
    """Return the folder of the maps: inside the installed package, else beside it in a checkout."""
    here = os.path.dirname(os.path.abspath(__file__))
    packaged = os.path.join(here, "service_maps")
    return packaged if os.path.isdir(packaged) else os.path.join(os.path.dirname(here), "service_maps")


@lru_cache(maxsize=1)
def index() -> Index:
    """Read the index of all maps."""
    raw = read_compiled("index.json")
    return Index(raw["services"], tuple(raw["direct"]), raw["sdk"], raw["trust"], raw["version"], tuple(raw["facts"]))


class SdkIndex(NamedTuple):
    """Every service the AWS SDK integrations reach, by the name Step Functions has for it, and those AWS has retired."""

    services: Mapping[str, str | None]
    retired: frozenset[str]
    coverage: Mapping[str, Json]


@lru_cache(maxsize=1)
def sdk_index() -> SdkIndex:
    """Read the index of the SDK maps; only a definition with an SDK integration needs it."""
    raw = read_compiled("services.json")
    return SdkIndex(raw["services"], frozenset(raw["retired"]), raw["coverage"])


@lru_cache(maxsize=64)
def service_map(service: str) -> ServiceMap:
    """Read the map of *service*: a key of `Index.services`, or `aws-sdk:` and a key of `SdkIndex.services`."""
    if service.startswith(SDK):
        return _sdk_map(service)
    raw = read_compiled(f"optimized/{service}.json")
    operations = {
        name: Operation(
            tuple(entry["patterns"]),
            tuple(_grant(grant) for grant in entry["grants"]),
            entry.get("note"),
            entry.get("unverified", {}),
            entry["source"],
            _sql(entry),
            _starts(entry),
            entry.get("credentials", True),
        )
        for name, entry in raw["operations"].items()
    }
    return ServiceMap(raw["service"], _Forms(raw["forms"]), operations)


class _Forms(Mapping[str, tuple[Case, ...]]):
    """The forms of a map. The cases of one are compiled when it reads its first parameter."""

    def __init__(self, rows: Mapping[str, Json]) -> None:
        self._rows = rows
        self._compiled: dict[str, tuple[Case, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Case, ...]:
        if name not in self._compiled:
            self._compiled[name] = tuple(_case(row) for row in self._rows[name])
        return self._compiled[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class _Rows(Mapping[str, Json]):
    """A table of a compiled file, one row a line: a row is parsed when it is asked for, since a definition uses few of them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = {line[1 : line.index('"', 1)]: line for line in lines}

    def __getitem__(self, name: str) -> Json:
        return json.loads(f"{{{self._lines[name].rstrip(',')}}}")[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


class _SdkOperations(Mapping[str, Operation]):
    """The operations of an SDK map, found without regard to case and read only when they are asked for."""

    def __init__(self, rows: Mapping[str, Json], source: str) -> None:
        self._rows = rows
        self._source = source

    def __getitem__(self, name: str) -> Operation:
        row = self._rows[name.casefold()]
        grants = tuple(_grant({"only": SDK_PATTERNS, "source": self._source, **grant}) for grant in row["grants"])
        doubt = dict.fromkeys(SDK_PATTERNS, UNVERIFIED) if row.get("unverified") else {}
        return Operation(SDK_PATTERNS, grants, None, doubt, self._source, _sql(row), _starts(row))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.casefold() in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(row["name"] for row in self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)


def _sdk_map(service: str) -> ServiceMap:
    name = f"sdk/{service.removeprefix(SDK)}.json"
    with _reading(name):
        head, found, table = _text_of(name).partition(',\n"operations": {\n')
        if not found or not table.endswith("\n}\n}\n"):
            raise ValueError("its table of operations is not whole")
        raw = json.loads(f"{head}}}")
        rows = _Rows(table.split("\n")[:-3])
    return ServiceMap(service, _Forms(raw["forms"]), _SdkOperations(rows, raw["source"]))


def read_compiled(name: str) -> Json:
    """Read a compiled file by its path below `compiled/`. Raises `ServiceMapError` when it is missing or no JSON."""
    with _reading(name):
        return json.loads(_text_of(name))


def _text_of(name: str) -> str:
    with open(os.path.join(maps_root(), "compiled", name), encoding="utf-8") as file:
        return file.read()


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise ServiceMapError(f"the service map {name} cannot be read: {error}") from error


def _case(raw: Json) -> Case:
    return Case(re.compile(raw["match"], re.DOTALL), tuple(raw.get("give", ())), tuple(raw.get("arn", ())))


def _sql(raw: Json) -> SqlText | None:
    sql = raw.get("sql")
    return SqlText(sql["statement"], sql["dialect"], sql.get("defaults", {})) if sql else None


def _starts(raw: Json) -> Starts | None:
    return Starts(**raw["starts"]) if "starts" in raw else None


def _template(raw: Json) -> Template:
    unknown = tuple(raw["unknown"]) if "unknown" in raw else None
    return Template(raw.get("arn") or raw.get("text"), raw.get("read", {}), unknown)


def _grant(raw: Json) -> GrantRule:
    condition = tuple(
        (operator, key, tuple(_template(value) for value in values))
        for operator, keys in raw.get("condition", {}).items()
        for key, values in keys.items()
    )
    return GrantRule(
        raw["level"],
        frozenset(raw["only"]),
        tuple(raw["actions"]),
        tuple(_template(entry) for entry in raw["resources"]),
        condition,
        raw.get("when"),
        raw["source"],
        raw.get("assume"),
        raw.get("external"),
        raw.get("unverified"),
        raw.get("other_regions", False),
        _fact(raw["fact"]) if "fact" in raw else None,
    )


def _fact(raw: Json) -> FactRule:
    return FactRule(raw["is"], tuple(_template(entry) for entry in raw["of"]), raw.get("none") == "open")
