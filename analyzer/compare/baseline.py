"""A baseline: the findings that were there when somebody began to look. It can only shrink.

A finding in it is not reported. An entry that no longer occurs is an error until it is removed, so that what was mended once
cannot come back unseen; updating removes such entries and never adds one, unless there was no file yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from analyzer.compare.findings import Finding, Sorted, finding
from analyzer.compare.statements import Place
from analyzer.errors import OptionError
from analyzer.text import Json, Source

SCHEMA = "asl-iam/baseline-v1"
FIELDS = ("id", "machine", "statement", "actions", "resource", "state")

Entries = frozenset[tuple[str, ...]]
"""The keys of findings."""


def read_baseline(text: str, name: str) -> Entries:
    """Read a baseline. Raises `OptionError` for a text that is none."""
    try:
        document = json.loads(text)
        entries = frozenset(tuple(str(entry[field]) for field in FIELDS) for entry in document["findings"])
        known = document["schema"] == SCHEMA
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise OptionError(f"`{name}` is no baseline: {type(error).__name__}: {error}") from error
    if not known:
        raise OptionError(f"`{name}` is no baseline: its schema is not {SCHEMA}")
    return entries


def baseline_document(entries: Iterable[tuple[str, ...]]) -> dict[str, Json]:
    """Write a baseline with *entries*."""
    return {"schema": SCHEMA, "findings": [dict(zip(FIELDS, entry, strict=True)) for entry in sorted(entries)]}


def without_known(found: Sorted, entries: Entries, name: str) -> Sorted:
    """Take out of *found* what the baseline has, and add an error for each entry that does not occur."""
    keys = {one.key() for one in (*found.open, *(one for one, _ in found.ignored))}
    stale = [_stale(entry, name) for entry in sorted(entries - keys)]
    known = [(one, f"in the baseline `{name}`") for one in found.open if one.key() in entries]
    left = tuple(one for one in found.open if one.key() not in entries)
    return Sorted((*left, *stale), (*found.ignored, *known), found.unused)


def shrunk(found: Sorted, entries: Entries | None) -> Entries:
    """Return the entries of an updated baseline: those that still occur, or every finding where there was no baseline."""
    keys = frozenset(one.key() for one in found.open)
    return keys if entries is None else entries & keys


def _stale(entry: tuple[str, ...], name: str) -> Finding:
    told = dict(zip(FIELDS, entry, strict=True))
    what = ", ".join(told[field] for field in ("statement", "actions", "resource", "state") if told[field])
    message = f"the baseline has {told['id']} ({what}), which no longer occurs"
    return finding("stale-baseline", told["machine"], message, Place("the baseline", Source("", name)))
