"""The templates that roles are written for in the tests: our own, and those of the large corpus where that is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from corpus.cases import corpus_root

from analyzer.cli import main
from analyzer.sources import parse_any
from analyzer.text import Source

SAMPLES = Path(__file__).parent.parent.parent / "samples"
OWN = [*sorted((Path(__file__).parent / "templates").iterdir()), *sorted(SAMPLES.glob("*/template.yaml"))]
LARGE = sorted(path for path in (corpus_root() / "projects").rglob("template.y*ml"))

UNREADABLE = {
    "account-vending-machine/template.yaml": "the definition it names is not there",
    "call-microservice-apigw/template.yml": "its definition is made of what another stack exports",
}
"""Templates of the large corpus whose machine cannot be read, and why."""


def label(path: Path) -> str:
    """Return what a template is called in the tests."""
    if path in LARGE:
        return path.relative_to(corpus_root() / "projects").as_posix()
    return path.relative_to(SAMPLES).as_posix() if SAMPLES in path.parents else path.name


READABLE = [path for path in (*OWN, *LARGE) if label(path) not in UNREADABLE]


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, [arguments[0], "-q", "--no-config", *arguments[1:]], catch_exceptions=False)


def text_of(path: Path) -> str:
    """Return the text of a file as it is, whatever its line ends are."""
    return path.read_bytes().decode()


def document_of(path: Path) -> Any:
    """Return a template as a plain value."""
    return parse_any(Source(text_of(path), str(path)))[0]


@cache
def roles_of(path: Path) -> dict[str, Any]:
    """Return the roles that are written for the machines of a template, by their logical ids."""
    done = run("analyze", "--fail-on", "never", "--format", "cloudformation-json", str(path))
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert set(document) == {"Resources"}
    return document["Resources"]


def policies(path: Path) -> list[tuple[str, Any, Any]]:
    """Return what every machine of a template needs, and who may take its role on."""
    done = run("analyze", "--fail-on", "never", "--format", "json", "--keep-substitutions", str(path))
    return [(one["name"], one["policy"], one["trust_policy"]) for one in json.loads(done.stdout)["machines"]]
