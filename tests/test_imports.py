"""A command loads what it uses and nothing else: start-up is most of the time of a small definition."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"boto3", "botocore", "hcl2", "jsonata", "jsonpath_ng", "jsonschema", "lark", "networkx", "sqlglot", "urllib3", "yaml"}
"""The libraries that take longer to import than most definitions take to analyse."""

PROBE = """
import contextlib, io, json, runpy, sys
sys.argv = ["asl-iam", *{arguments!r}]
with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
    runpy.run_module("analyzer", run_name="__main__", alter_sys=False)
print(json.dumps([printed.getvalue(), sorted({heavy!r} & sys.modules.keys())]))
"""


def run(arguments: list[str], cwd: Path) -> tuple[str, set[str]]:
    """Run the command in an interpreter of its own; return what it printed and which heavy libraries it loaded."""
    code = PROBE.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed, loaded = json.loads(done.stdout)
    return printed, set(loaded)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["analyze", "--help"]], ids=" ".join)
def test_a_question_about_the_command_loads_no_library(arguments: list[str], root: Path) -> None:
    """Help and version are answered without any of the heavy libraries."""
    printed, loaded = run(arguments, root)
    assert printed
    assert loaded == set()


@pytest.mark.parametrize("form", ["text", "json", "policy", "trust"])
def test_a_plain_definition_loads_only_what_it_needs(form: str, root: Path) -> None:
    """A JSON definition without expressions is analysed without AWS clients, graphs or expression parsers."""
    printed, loaded = run(["analyze", "--format", form, "samples/order-saga/definition.asl.json"], root)
    assert printed
    assert loaded == set()


def test_the_package_itself_loads_nothing(root: Path) -> None:
    """`import analyzer` costs nothing until a name of it is used."""
    code = "import sys, analyzer; print(sorted(name for name in sys.modules if name.startswith('analyzer')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['analyzer']"
