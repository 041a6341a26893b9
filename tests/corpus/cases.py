"""Where the cases come from: an `index.json` with its files, the CDK records beside it, and every other file.

`tests/corpus_small` has the shape of the large corpus, so that both go through the same code.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzer.context import Context, make_context
from analyzer.errors import SourceError
from analyzer.sources import read_source
from analyzer.text import Source

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SMALL = HERE.parent / "corpus_small"

_PLACE = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z]{2}-[a-z-]+-\d):(\d{12}):")
_ACCOUNT = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[^:]*:(\d{12}):")


@dataclass(frozen=True)
class Case:
    """One text to analyse, what is known round it, and what others say about it.

    `expected` holds the statements of another policy for it, `origin` who wrote that one (`cdk`, `declared`) or
    `file` for a text nothing is said about. `source` is `None` when the file is no text at all.
    """

    id: str
    origin: str
    source: Source | None
    context: Context
    valid: bool | None = None
    expected: list[dict[str, Any]] | None = None
    refused: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


def corpus_root(argument: str | None = None) -> Path:
    """Return where the large corpus is looked for: *argument*, else ASL_IAM_CORPUS, else beside the checkout."""
    return Path(argument or os.environ.get("ASL_IAM_CORPUS") or ROOT.parent / "shared" / "corpus")


def load(root: Path) -> list[Case]:
    """Read every case below *root*, in a stable order: the index, its other files, then what the CDK makes."""
    index = json.loads((root / "index.json").read_text("utf-8"))
    cases = [case for entry in index for case in _indexed(root, entry)]
    named = {entry.get(key) for entry in index for key in ("path", "resolved_path")} | {"index.json"}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root).as_posix()
        if path.is_file() and relative not in named and not relative.startswith("cdk/"):
            cases.append(_read(path, relative, "file", Context()))
    cases.extend(_cdk(path) for path in sorted((root / "cdk").glob("*.json")))
    return cases


def _indexed(root: Path, entry: dict[str, Any]) -> Iterator[Case]:
    """Yield the definition as it was written and, when there is one, with its placeholders filled: that is compared."""
    valid = entry.get("valid") if isinstance(entry.get("valid"), bool) else None
    context = _context(entry)
    resolved, expected = entry.get("resolved_path"), entry.get("expected_policy")
    yield _read(root / entry["path"], entry["id"], "declared", context, valid=valid, expected=None if resolved else expected)
    if resolved:
        yield _read(root / resolved, entry["id"] + "#resolved", "declared", context, expected=expected)


def _context(entry: dict[str, Any]) -> Context:
    """Return what the template says, with the account and Region that most ARNs of its policy name."""
    policy = json.dumps(entry.get("expected_policy") or [])
    places, accounts = Counter(_PLACE.findall(policy)), Counter(_ACCOUNT.findall(policy))
    region, account = places.most_common(1)[0][0] if places else (None, accounts.most_common(1)[0][0] if accounts else None)
    given = entry.get("definition_substitutions") or {}
    return make_context(
        region=region,
        account=account,
        name=entry.get("name"),
        type=entry.get("sm_type") or "STANDARD",
        logging=bool(entry.get("logging")),
        tracing=bool(entry.get("tracing")),
        substitutions={name: value for name, value in given.items() if isinstance(value, str)},
    )


def _read(path: Path, id: str, origin: str, context: Context, **more: Any) -> Case:
    try:
        return Case(id, origin, read_source(str(path)), context, **more)
    except SourceError as error:
        return Case(id, origin, None, context, refused=str(error), **more)


def _cdk(path: Path) -> Case:
    record = json.loads(path.read_text("utf-8"))
    machine = record["state_machine"]
    context = make_context(
        arn=machine["arn"],
        type=machine["type"],
        logging=machine["logging"],
        tracing=machine["tracing"],
        kms_key=machine.get("encryption", {}).get("KmsKeyId"),
    )
    source = Source(json.dumps(record["definition"], indent=1), path.name)
    return Case(f"cdk/{path.stem}", "cdk", source, context, valid=True, expected=record["policy_statements"])
