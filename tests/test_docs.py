"""The README is executed: every console block runs and prints what stands below it; the install commands work as shown."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
BASH, GIT = str(shutil.which("bash")), str(shutil.which("git"))
BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SAMPLES = sorted(path.parent for path in (ROOT / "samples").glob("*/commands.txt"))


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return a function that runs a command line as a reader would, with `asl-iam` on the path, and gives all it prints."""
    folder = tmp_path_factory.mktemp("bin")
    for name, arguments in (("asl-iam", "-m analyzer"), ("python3", "")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (folder / name).chmod(0o755)
    environment = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
    }

    def run(line: str) -> str:
        done = subprocess.run(
            [BASH, "-c", line],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    return run


def test_console_blocks_of_the_readme(expect: Callable[[Path, str], None], shell: Callable[[str], str]) -> None:
    """Every command of the README prints exactly the lines that stand below it."""

    def rerun(match: re.Match[str]) -> str:
        if match["kind"] != "console":
            return match[0]
        commands = [line for line in match["body"].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{command}\n{shell(command[2:])}" for command in commands) + "```"

    readme = (ROOT / "README.md").read_text()
    expect(ROOT / "README.md", BLOCK.sub(rerun, readme))


def test_no_block_of_the_readme_goes_unexecuted() -> None:
    """A block is a console block, or one of the commands that the other tests and `.ci/run` execute, or no command at all."""
    kinds = {match["kind"] for match in BLOCK.finditer((ROOT / "README.md").read_text())}
    assert kinds <= {"console", "sh", "mermaid", "yaml"}  # the one of YAML is linted in test_workflows.py
    shell_lines = [match["body"].strip() for match in BLOCK.finditer((ROOT / "README.md").read_text()) if match["kind"] == "sh"]
    assert len(shell_lines) == 2
    assert shell_lines[0].endswith(".venv/bin/asl-iam analyze samples/order-saga/definition.asl.json")
    assert " -m pytest" in shell_lines[1]


def test_the_first_command_works_on_a_clean_machine(tmp_path: Path) -> None:
    """In a copy of what is tracked, with an empty home, the first command installs the tool and prints both policies."""
    listed = subprocess.run([GIT, "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    for name in filter(None, listed):
        if (ROOT / name).exists():
            (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "clone" / name)
    (tmp_path / "home").mkdir()
    line = next(match["body"] for match in BLOCK.finditer((ROOT / "README.md").read_text()) if match["kind"] == "sh")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [BASH, "-c", line],
        cwd=tmp_path / "clone",
        env={**environment, "HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert '"aws:SourceArn"' in done.stdout
    assert "lambda:InvokeFunction" in done.stdout


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_samples(sample: Path, expect: Callable[[Path, str], None], shell: Callable[[str], str]) -> None:
    """Every output beside a sample is what the command in its `commands.txt` prints."""
    for line in (sample / "commands.txt").read_text().splitlines():
        command, _, name = line.partition(" > ")
        expect(sample / name, shell(command.replace("asl-iam ", f"cd {sample.relative_to(ROOT)} && asl-iam ", 1)))
