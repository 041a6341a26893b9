"""`asl-iam.toml`: what is known around the machines of a project, so that nobody has to repeat it on the command line.

account = "111122223333"                        # for every machine
region = "us-east-1"

[machines."workflows/order.asl.json"]           # by the definition's path, from the folder of this file
name = "OrderFlow"
substitutions = {Table = "orders"}
assume = {"$.order.kind" = ["sale", "refund"]}
input_schema = "schemas/order.json"             # from the folder of this file, and not out of it

[facts."arn:aws:sqs:us-east-1:111122223333:orders"]     # what no definition shows, by the ARN of the resource that has it
key = "arn:aws:kms:us-east-1:111122223333:key/1234"     # one text or several; "" when it has none

[[check.ignore]]                                # a finding of `check` to live with: all findings that fit
id = "excess-permission"
reason = "the table is emptied by hand once a year"
machine = "OrderFlow"                           # optional, like the next two; texts are patterns with *
action = "dynamodb:DeleteItem"
resource = "*"
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.diagnostics import did_you_mean
from analyzer.errors import OptionError

if TYPE_CHECKING:
    from analyzer.compare.findings import Ignore

FILE = "asl-iam.toml"
LIMIT = 1_000_000
"""The most bytes of a configuration or a schema."""

_TEXTS = ("arn", "account", "region", "partition", "name", "type", "kms_key", "role", "input_schema")
_FLAGS = ("logging", "tracing")
_IGNORE = ("id", "reason", "machine", "action", "resource")
_KEYS = (*_TEXTS, *_FLAGS, "substitutions", "assume", "facts")
_TABLES = ("substitutions", "assume", "facts")


class Config(NamedTuple):
    """A configuration file: the folder it is in, what holds for every machine, and what for single ones."""

    folder: str
    everywhere: Mapping[str, Any]
    machines: Mapping[str, Mapping[str, Any]]
    ignores: tuple[Ignore, ...] = ()

    def options_for(self, path: str) -> dict[str, Any]:
        """Return what is configured for the definition at *path*, as the keywords of `make_context`."""
        here = os.path.relpath(os.path.realpath(path), self.folder).replace(os.sep, "/")
        own = self.machines.get(here, {})
        merged = {**self.everywhere, **own}
        for name in _TABLES:
            both = {**self.everywhere.get(name, {}), **own.get(name, {})}
            if both:
                merged[name] = both
        return _keywords(merged, self.folder)


def discover(start: str) -> str | None:
    """Return the nearest configuration file from *start* upwards, not above the top of a checkout; `None` without one."""
    folder = os.path.realpath(start)
    while True:
        path = os.path.join(folder, FILE)
        if os.path.isfile(path):
            return path
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            return None
        folder = parent


def read_config(path: str) -> Config:
    """Read the configuration at *path*. Raises `OptionError` for a file that is none, and for a key nobody reads."""
    import tomllib

    try:
        raw = tomllib.loads(_text(path))
    except ValueError as error:
        raise OptionError(f"`{path}` is not TOML: {error}") from error
    machines = raw.pop("machines", {})
    if not isinstance(machines, dict) or not all(isinstance(own, dict) for own in machines.values()):
        raise OptionError(f'`{path}`: `machines` holds tables: [machines."workflows/order.asl.json"]')
    ignores = tuple(_ignores(raw.pop("check"), path)) if "check" in raw else ()
    _check(raw, path, "")
    for name, own in machines.items():
        _check(own, path, f" of machine `{name}`")
    return Config(os.path.dirname(os.path.realpath(path)), raw, machines, ignores)


def _ignores(table: Any, path: str) -> Iterator[Ignore]:
    """Yield what the table `check` says to live with. Raises `OptionError` for an entry without a reason."""
    from analyzer.compare.findings import RULES, Ignore

    entries = table.get("ignore", []) if isinstance(table, dict) and set(table) <= {"ignore"} else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise OptionError(f"`{path}`: `check` holds `[[check.ignore]]` entries and nothing else")
    for number, entry in enumerate(entries, 1):
        where = f"`{path}`: `[[check.ignore]]` {number}"
        for name, value in entry.items():
            if name not in _IGNORE or not isinstance(value, str):
                raise OptionError(f"{where}: {'`' + name + '` is not a text' if name in _IGNORE else f'unknown key `{name}`'}")
        if not entry.get("reason", "").strip():
            raise OptionError(f"{where} has no `reason`: say why it is ignored")
        if entry.get("id") not in RULES:
            raise OptionError(f"{where}: `id` is none of what `check` reports; {did_you_mean(entry.get('id', ''), RULES)}")
        yield Ignore(**entry)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        raise OptionError(f"`{path}` cannot be read: {error}") from error
    if len(text) > LIMIT:
        raise OptionError(f"`{path}` is larger than {LIMIT:,} characters")
    return text


def _check(table: Mapping[str, Any], path: str, where: str) -> None:
    for name, value in table.items():
        if name not in _KEYS:
            raise OptionError(f"`{path}`: unknown key `{name}`{where}; {did_you_mean(name, _KEYS)}".rstrip("; "))
        tables = "tables of texts" if name == "facts" else "texts"
        wanted = "a text" if name in _TEXTS else "true or false" if name in _FLAGS else f"a table of {tables}"
        fits = isinstance(value, str if name in _TEXTS else bool if name in _FLAGS else dict)
        if fits and name == "substitutions":
            fits = all(isinstance(text, str) for text in value.values())
        if fits and name == "assume":
            fits = _are_texts(value)
        if fits and name == "facts":
            fits = all(isinstance(own, dict) and _are_texts(own) for own in value.values())
            _check_facts(value if fits else {}, path)
        if not fits:
            raise OptionError(f"`{path}`: `{name}`{where} is not {wanted}")


def _check_facts(table: Mapping[str, Any], path: str) -> None:
    """Refuse a kind of fact that no permission hangs on: it is a slip of the pen."""
    from analyzer.maps import index

    known = index().facts
    for arn, own in table.items():
        for kind in own:
            if kind not in known:
                raise OptionError(f"`{path}`: there is no fact `{kind}` of `{arn}`; {did_you_mean(kind, known)}".rstrip("; "))


def _keywords(table: Mapping[str, Any], folder: str) -> dict[str, Any]:
    given = dict(table)
    if "type" in given:
        given["type"] = given["type"].upper()
    if "assume" in given:
        given["assumptions"] = {path: tuple(_listed(texts)) for path, texts in given.pop("assume").items()}
    if "facts" in given:
        given["facts"] = by_kind(given["facts"])
    if "input_schema" in given:
        given["input_schema"] = _schema(given["input_schema"], folder)
    return given


def by_kind(table: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the facts of a configuration as a context has them: a text that is empty says that there is none."""
    return {
        (kind, arn): tuple(text for text in _listed(texts) if text)
        for arn, own in table.items()
        for kind, texts in own.items()
    }  # fmt: skip


def _schema(name: str, folder: str) -> Any:
    path = os.path.realpath(os.path.join(folder, name))
    if os.path.commonpath([path, folder]) != folder:
        raise OptionError(f"input_schema `{name}` leads out of the folder of the configuration")
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise OptionError(f"`{name}` is no JSON Schema: {error}") from error


def _are_texts(table: Mapping[str, Any]) -> bool:
    return all(isinstance(one, str) for texts in table.values() for one in _listed(texts))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
