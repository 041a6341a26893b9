"""The specification of the analyzer: one directory a case, `tests/specs/<a-sentence>/`.

A case is a `definition.json` and the exact `policy.json` it must give. Where they are there, too, `trust.json`,
`targets.json` and `diagnostics.txt` (a line each: severity, id, state or `-`, message) are as exact; `options.toml` gives
what is known around the definition (`arn = ""`: not even its ARN; `facts` as a configuration has them), and `README.md` says
why, with the AWS page.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analyzer.analyze import Analysis, analyze
from analyzer.config import by_kind
from analyzer.context import make_context
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Callable

SPECS = Path(__file__).parent / "specs"
CASES = sorted(path.parent for path in SPECS.glob("*/definition.json"))
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:Machine"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_spec(case: Path, expect: Callable[[Path, str], None]) -> None:
    """The definition of each case gives exactly the policy, and the other outputs, checked in beside it."""
    for name, text in outputs(analysed(case)).items():
        path = case / name
        if (path.exists() or name == "policy.json") and not same(path, text):
            expect(path, text)


def test_every_spec_says_why() -> None:
    """Every case names in its README the AWS page that proves it."""
    silent = [case.name for case in SPECS.iterdir() if "https://docs.aws.amazon.com/" not in read(case / "README.md")]
    assert silent == []


def analysed(case: Path) -> Analysis:
    """Analyse the definition of a case with what its options say."""
    options = {"arn": MACHINE, **tomllib.loads(read(case / "options.toml"))}
    known = {name: value for name, value in options.items() if value != ""} | {"facts": by_kind(options.get("facts", {}))}
    return analyze(Source(read(case / "definition.json"), "definition.json"), make_context(**known))


def outputs(analysis: Analysis) -> dict[str, str]:
    """Return the outputs of *analysis* by the names of the files that hold them."""
    targets = [{"role_arn": it.role.arn, "policy": it.policy.to_dict(), "trust_policy": it.trust} for it in analysis.targets]
    lines = "".join(f"{d.severity} {d.id} {d.state or '-'}: {d.message}\n" for d in analysis.diagnostics)
    values = {"policy.json": analysis.policy.to_dict(), "trust.json": analysis.trust, "targets.json": targets}
    return {"diagnostics.txt": lines, **{name: json.dumps(value, indent=2) + "\n" for name, value in values.items()}}


def same(path: Path, text: str) -> bool:
    """Tell whether the JSON file at *path* holds the value of *text*, however it is laid out."""
    return path.suffix == ".json" and path.exists() and read(path) != "" and json.loads(read(path)) == json.loads(text)


def read(path: Path) -> str:
    """Return what the file at *path* holds; nothing when there is none."""
    return path.read_text() if path.exists() else ""
