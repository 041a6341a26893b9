"""What a task asks IAM for, by its integration and the parameters it is called with: reads the table `requests.txt`.

Shares neither code nor data with `analyzer` and `service_maps`, whose answers it judges. Where the pages leave open which
texts a service takes for a name, more are taken here than there: a call that AWS would refuse only makes the proof harder.
"""

from __future__ import annotations

import random
import re
import string
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from engine.iam import Request

Json = Any

TABLE = Path(__file__).with_name("requests.txt")

KINDS: Mapping[str, tuple[str, ...]] = {
    "name": (r"(?P<name>(?!arn:)[^*?]+)",),
    "arn": (r"(?P<name>arn:aws:[a-z0-9-]+:[^:*?]*:\d*:[^*?]+)",),
    "arn-or-name": (
        r"arn:aws:[a-z-]+:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):[a-z-]+/(?P<name>[^*?]+)",
        r"(?P<name>[\w./+=-]+)",
    ),
    "last-part": (
        r"arn:aws:[a-z-]+:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):[a-z-]+/(?P<name>[^*?]+)",
        r"(?P<name>[\w./+=-]+)",
    ),
    "function": (
        r"arn:aws:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:(?P<name>[\w-]+(:[$\w-]+)?)",
        r"(?P<account>\d{12}):function:(?P<name>[\w-]+(:[$\w-]+)?)",
        r"(?P<name>[\w-]+(:[$\w-]+)?)",
    ),
    "unqualified": (
        r"arn:aws:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:(?P<name>[\w-]+)(:[$\w-]+)?",
        r"(?P<account>\d{12}):function:(?P<name>[\w-]+)(:[$\w-]+)?",
        r"(?P<name>[\w-]+)(:[$\w-]+)?",
    ),
    "table": (
        r"arn:aws:dynamodb:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):table/(?P<name>[\w.-]+)",
        r"(?P<name>[\w.-]+)",
    ),
    "queue": (r"https?://sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<account>\d{12})/(?P<name>[\w-]+(\.fifo)?)",),
    "machine": (r"arn:aws:states:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):stateMachine:(?P<name>[^:*?\s/]+)(:[\w-]+)?",),
    "revision": (
        r"arn:aws:[a-z]+:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):[a-z-]+/(?P<name>[\w-]+:\d+)",
        r"arn:aws:[a-z]+:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):[a-z-]+/(?P<latest>[\w-]+)",
        r"(?P<name>[\w-]+:\d+)",
        r"(?P<latest>[\w-]+)",
    ),
    "definition": (
        r"arn:aws:[a-z]+:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):[a-z-]+/(?P<name>[\w-]+(:\d+)?)",
        r"(?P<name>[\w-]+(:\d+)?)",
    ),
    "model": (
        r"arn:aws:bedrock:(?P<region>[a-z0-9-]+)::foundation-model/(?P<name>[\w.:-]+)",
        r"(?!(?:us|us-gov|eu|apac|jp|au|ca|global)\.)(?P<name>[a-z0-9-]+\.[\w.:-]+)",
    ),
    "profile": (r"(?P<name>(?:us|us-gov|eu|apac|jp|au|ca|global)\.[a-z0-9-]+\.[\w.:-]+)",),
    "profiled": (r"(?:us|us-gov|eu|apac|jp|au|ca|global)\.(?P<name>[a-z0-9-]+\.[\w.:-]+)",),
    "bucket": (r"(?P<name>[\w.-]+)",),
    "key": (r"(?P<name>.+)",),
    "source": (r"/?(?P<name>[\w.-]+/[^?]+)(\?versionId=.*)?",),
    "secret": (
        r"arn:aws:secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):secret:(?P<name>[\w/+=.@-]+-[A-Za-z0-9]{6})",
        r"arn:aws:secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):secret:(?P<secret>[\w/+=.@-]+)",
        r"(?P<secret>[\w/+=.@-]+)",
    ),
    "parameter": (r"/?(?P<name>[\w./-]+)",),
    "key-id": (r"arn:aws:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/(?P<name>[\w-]+)", r"(?P<name>[\w-]+)"),
    "connection": (r"arn:aws:events:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):connection/(?P<name>[\w.-]+)/[\w-]+",),
    "api": (r"(?P<name>[\w-]+)\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com",),
    "path": (r"/*(?P<name>[^*?]*)",),
}
"""Which texts a parameter may be, by its kind, and what of them stands in an ARN; an ARN brings its own Region and account."""

_LINE = re.compile(
    r"(?:(?P<sync>sync)|(?P<guard>if|unless) (?P<of>\S+))? *"
    r"(?P<action>[\w-]+:\w+)  (?P<resource>\S+)(?P<keys>(?:  \S+=\S+)*)"
)
_HOLE = re.compile(r"\{(?P<path>[\w.\[\]]+)(?::(?P<kind>[a-z-]+))?(?P<default>\|[^}]*)?\}")
_INTEGRATION = re.compile(r"arn:aws:states:::(?P<name>[\w:-]+?)(?P<suffix>\.sync(?::2)?|\.waitForTaskToken)?")
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[$\w-]+)?")


@dataclass(frozen=True)
class Home:
    """The machine that calls: its Region, its name, the account of the role that it calls under, its execution."""

    region: str
    account: str
    machine: str
    execution: int = 0

    def names(self) -> dict[str, str]:
        """Return what the table may name of it."""
        arn = f"arn:aws:states:{self.region}:{self.account}:"
        own = {"machine": f"{arn}stateMachine:{self.machine}", "execution": f"{arn}execution:{self.machine}"}
        return {"region": self.region, "account": self.account, **own, **made_up(self.execution)}


@lru_cache(maxsize=64)
def made_up(execution: int) -> Mapping[str, str]:
    """Return what AWS makes up in an execution: an id, the revision that is taken, the ending of a secret's ARN."""
    chance = random.Random(execution)  # noqa: S311 - the same every time, and nothing secret
    ending = "".join(chance.choices(string.ascii_letters + string.digits, k=6))
    return {"id": str(uuid.UUID(int=chance.getrandbits(128))), "latest": f":{execution + 7}", "secret": f"-{ending}"}


@dataclass(frozen=True)
class Asked:
    """What became of a call: `asked` IAM for the requests, `free` of any, `refused` by AWS before, or `unmapped` here."""

    outcome: str
    requests: tuple[Request, ...] = ()


@dataclass(frozen=True)
class _Line:
    sync: bool
    guard: str
    of: str
    action: str
    resource: str
    keys: tuple[tuple[str, str], ...]


@cache
def table() -> Mapping[str, tuple[_Line, ...]]:
    """Return the lines of each integration."""
    made: dict[str, tuple[_Line, ...]] = {}
    name = ""
    for text in TABLE.read_text("utf-8").splitlines():
        if not text.strip() or text.startswith("#"):
            continue
        if not text.startswith(" "):
            name, _, same = text.partition(" = ")
            assert name not in made, name
            made[name] = made[same] if same else ()
            continue
        match = _LINE.fullmatch(text.strip())
        assert match is not None, text
        keys = tuple(tuple(key.split("=", 1)) for key in match["keys"].split())
        guard, of = match["guard"] or "", match["of"] or ""
        made[name] += (_Line(match["sync"] is not None, guard, of, match["action"], match["resource"], keys),)
    return made


def asked(resource: str, parameters: Json, home: Home) -> Asked:
    """Return what a task of *resource*, called with *parameters*, asks for."""
    if _FUNCTION.fullmatch(resource):
        return Asked("asked", (Request("lambda:InvokeFunction", resource),))
    if ":activity:" in resource:
        return Asked("free")
    match = _INTEGRATION.fullmatch(resource)
    name = match["name"] if match else resource
    if name not in table():
        return Asked("unmapped")
    waits = match is not None and (match["suffix"] or "").startswith(".sync")
    lines = [line for line in table()[name] if _applies(line, parameters, waits=waits)]
    if not lines:
        return Asked("refused" if any(not line.sync and line.guard != "if" for line in table()[name]) else "free")
    requests = tuple(one for line in lines for one in _requests(line, parameters, home))
    made = any(request.action == lines[0].action for request in requests)
    return Asked("asked", requests) if made else Asked("refused")


def _applies(line: _Line, parameters: Json, *, waits: bool) -> bool:
    if line.sync:
        return waits
    path, _, wanted = line.of.partition("=")
    there = [value for value, _ in _found(parameters, path)] if line.guard else []
    holds = wanted in there if wanted else bool(there)
    return {"": True, "if": holds, "unless": not holds}[line.guard]


def _requests(line: _Line, parameters: Json, home: Home) -> Iterator[Request]:
    """Yield the requests of a line: one for each item of an array that it reads, none when a name is not there.

    A condition key without a parameter is not carried; one whose parameter is malformed belongs to a call that is refused.
    """
    names = home.names()
    for _, text in line.keys:
        there = [hole for hole in _HOLE.finditer(text) if list(_found(parameters, hole["path"]))]
        if there and not list(_filled(text, parameters, names)):
            return
    for resource, taken in _filled(line.resource, parameters, names):
        keys = tuple((key, value) for key, text in line.keys for value, _ in _filled(text, parameters, {**names, **taken}))
        yield Request(line.action, resource, keys)


def _filled(text: str, parameters: Json, names: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield *text* with its holes filled, in each way, and what the ARNs among its parameters say of Region and account."""
    ways: list[tuple[Mapping[str, str], Mapping[str, str]]] = [({}, {})]
    for hole in _HOLE.finditer(text):
        if hole["path"] in names:
            continue
        readings = list(_read(hole, parameters, names))
        ways = [({**holes, hole[0]: name}, {**taken, **own}) for holes, taken in ways for name, own in readings]
    for holes, taken in ways:
        known = {**names, **taken}
        yield _HOLE.sub(lambda hole: holes.get(hole[0], known.get(hole["path"], "")), text), taken  # noqa: B023


def _read(hole: re.Match[str], parameters: Json, names: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the names that a parameter gives. One that is not there gives its default, one that is malformed nothing."""
    for value, is_there in _found(parameters, hole["path"], missing=True):
        if not is_there:
            if hole["default"] is not None:
                yield hole["default"][1:], {}
            continue
        for pattern in KINDS[hole["kind"] or "name"]:
            if isinstance(value, str) and (match := re.fullmatch(pattern, value, re.DOTALL)):
                groups = match.groupdict()
                [(kind, name)] = [
                    (kind, groups.pop(kind)) for kind in ("name", "latest", "secret") if groups.get(kind) is not None
                ]
                yield name + names.get(kind, ""), groups
                break


def _found(value: Json, path: str, *, missing: bool = False) -> Iterator[tuple[Json, bool]]:
    """Yield what stands at *path*, and that it does; with *missing* also each place where it would stand."""
    field, _, rest = path.partition(".")
    several = field.endswith("[]")
    field = field.removesuffix("[]")
    if not isinstance(value, dict) or value.get(field) is None:
        if missing:
            yield None, False
        return
    items = value[field] if several and isinstance(value[field], list) else [] if several else [value[field]]
    for item in items:
        if rest:
            yield from _found(item, rest, missing=missing)
        else:
            yield item, True


def under(home: Home, role: str) -> Home | None:
    """Return *home* as a call under *role* has it, `None` when that is the ARN of no role."""
    match = re.fullmatch(r"arn:aws:iam::(\d{12}):role/[\w+=,.@/-]+", role)
    return replace(home, account=match[1]) if match else None
