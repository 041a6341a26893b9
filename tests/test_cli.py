"""The command line: exit codes, streams, options. What the reports look like is shown in tests/reports."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

import analyzer
from analyzer.cli import io, main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:Test"
EXACT = {
    "StartAt": "Put",
    "States": {
        "Put": {
            "Type": "Task",
            "Resource": "arn:aws:states:::events:putEvents",
            "Parameters": {"Entries": [{"EventBusName": "orders"}]},
            "End": True,
        }
    },
}
DOUBTFUL = {
    "StartAt": "Put",
    "States": {
        "Put": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {"TableName": "${Table}"},
            "End": True,
        }
    },
}
NOTED = {
    "StartAt": "Run",
    "States": {
        "Run": {
            "Type": "Task",
            "Resource": "arn:aws:states:::ecs:runTask",
            "Parameters": {
                "Cluster.$": "$.cluster",
                "TaskDefinition": "job:1",
                "Overrides": {"TaskRoleArn": "job", "ExecutionRoleArn": "start"},
            },
            "End": True,
        }
    },
}
FAULTY = {"StartAt": "Put", "States": {"Put": {"Type": "Pass", "Next": "Nowhere"}}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory with one definition of each kind, and without a word on colour in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, definition in {"exact": EXACT, "doubtful": DOUBTFUL, "noted": NOTED, "faulty": FAULTY}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(definition), encoding="utf-8")
    (tmp_path / "broken.json").write_text('{"StartAt": ', encoding="utf-8")
    return tmp_path


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments, prog_name="asl-iam", input=stdin)


# -------------------------------------------------------------------------------------------------------------- exit codes


@pytest.mark.parametrize(("file", "lowest"), [("exact", None), ("noted", "note"), ("doubtful", "warning"), ("faulty", "error")])
@pytest.mark.parametrize("form", ["text", "json", "policy", "trust"])
def test_what_is_at_least_as_severe_as_fail_on_makes_the_command_fail(
    here: Path, file: str, lowest: str | None, form: str
) -> None:
    """Exit 1 from the given severity upwards and 0 below it, whatever the form; by default, errors alone fail."""
    levels = ["note", "warning", "error"]
    for limit in [*levels, "never"]:
        fails = lowest is not None and limit != "never" and levels.index(lowest) >= levels.index(limit)
        done = run("analyze", f"{file}.json", "--arn", ARN, "--format", form, "--fail-on", limit)
        assert (limit, done.exit_code) == (limit, 1 if fails else 0)
    assert run("analyze", f"{file}.json", "--arn", ARN, "--format", form).exit_code == (1 if lowest == "error" else 0)
    assert (here / f"{file}.json").exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["analyse"], "No such command 'analyse'"),
        (["analyze"], "Missing argument 'PATH...'"),
        (["analyze", "exact.json", "--format", "xml"], "'xml' is not one of"),
        (["analyze", "exact.json", "--arn", "arn:aws:iam::111122223333:role/x"], "is not the ARN of a state machine"),
        (["analyze", "exact.json", "--account", "12"], "`12` is not an account id"),
        (["analyze", "exact.json", "--arn", ARN, "--region", "us-east-1"], "contradicts the machine's ARN"),
        (["analyze", "exact.json", "--account", "11112222333\u0663"], "is not an account id"),
        (["analyze", "exact.json", "--region", "us-east-\u0661"], "is not a Region"),
        (["analyze", "exact.json", "--partition", "aws/cn"], "`aws/cn` is not a partition"),
        (["analyze", "exact.json", "--partition", "aws-cn", "--region", "us-east-1"], "in the partition `aws`, not"),
        (["analyze", "exact.json", "--role", "Runner"], "`Runner` is not the ARN of a role"),
        (["analyze", "exact.json", "--account", "444455556666", "--role", "arn:aws:iam::111122223333:role/Runner"],
         "is not of the machine's account `444455556666`"),
        (["analyze", "exact.json", "--kms-key", "*"], "`*` is not a key"),
        (["analyze", "exact.json", "--substitution", "Table"], "`Table` has no value: write NAME=VALUE"),
        (["analyze", "exact.json", "--type", "fast"], "'fast' is not one of"),
        (["analyze", "exact.json", "doubtful.json", "--format", "policy"], "there are 2: exact.json, doubtful.json"),
        (["analyze", "exact.json", "doubtful.json", "--format", "trust"], "--format trust takes one definition"),
        (["analyze", "exact.json", "doubtful.json", "--name", "Orders"], "--name takes one definition"),
        (["analyze", "exact.json", "-o", "no/such/folder"], "cannot write `no/such/folder`: no such file or directory"),
        (["analyze", "exact.json", "-o", "exact.json/x"], "cannot write `exact.json/x`: not a directory"),
        (["analyze", "exact.json", "-o", "x" * 300], "file name too long"),
        (["graph", "."], "a graph takes one definition"),
        (["maps", "dynamo"], "there is no map of `dynamo`; did you mean `dynamodb`?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_wrong_usage_exits_with_2(arguments: list[str], said: str) -> None:
    """A mistake in the command says what is wrong on standard error, and nothing is printed or analysed."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert done.stdout == ""


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", [["analyze"], ["analyze", "--format", "json"], ["explain", "*"]], ids=" ".join)
def test_a_broken_input_exits_with_3_and_hides_no_other(command: list[str]) -> None:
    """What can be analysed is printed as if it stood alone; what cannot be is told with its line, and the exit code is 3."""
    alone = run(*command, "exact.json", "-q" if "analyze" in command else "--color=never")
    together = run(*command, "broken.json", "exact.json", "missing.json", "-q" if "analyze" in command else "--color=never")
    assert (together.exit_code, together.stdout) == (3, alone.stdout)
    assert "--> broken.json:1:13" in together.stderr
    assert "error: no such file: `missing.json`" in together.stderr


@pytest.mark.usefixtures("here")
def test_an_input_that_is_missing_weighs_more_than_findings() -> None:
    """With an error in one input and another one unreadable, the answer is incomplete: 3, not 1."""
    assert run("analyze", "faulty.json", "missing.json").exit_code == 3


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("glob", "code"), [("events:Put*", 0), ("EVENTS", 0), ("putevents", 0), ("?vents:*", 0), ("s3:*", 1), ("Put", 1)]
)
def test_explain_finds_actions_by_glob(glob: str, code: int) -> None:
    """Case does not matter; a glob without a colon is a service or the name of an action; nothing found is 1, as in grep."""
    done = run("explain", glob, "exact.json")
    assert done.exit_code == code
    assert ("events:PutEvents" in done.stdout) == (code == 0)
    assert json.loads(run("explain", glob, "exact.json", "--format", "json").stdout)["permissions"] != [] or code == 1


# -------------------------------------------------------------------------------------------------------------------- bugs


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the analysis of what mentions the table `orders` fail as no input should make it fail."""
    real: Callable[..., Any] = analyzer.analyze

    def failing(source: analyzer.Source, *rest: Any) -> analyzer.Analysis:
        if "orders" in source.text:
            raise ZeroDivisionError("divided\nby zero")
        return real(source, *rest)

    monkeypatch.setattr(import_module("analyzer.analyze"), "analyze", failing)


@pytest.mark.usefixtures("here", "bug")
def test_a_bug_is_one_line_and_exits_with_70() -> None:
    """Our own mistake is told as ours, in one line with a next step, and the other inputs are still answered."""
    done = run("analyze", "exact.json", "noted.json", "--format", "json", "-q")
    assert done.exit_code == 70
    assert [machine["source"]["path"] for machine in json.loads(done.stdout)["machines"]] == ["noted.json"]
    first, second = done.stderr.splitlines()
    assert first == "bug in exact.json: ZeroDivisionError: divided\\nby zero"
    assert "asl-iam --debug" in second


@pytest.mark.usefixtures("here", "bug")
def test_debug_shows_the_traceback_of_a_bug() -> None:
    """With --debug a bug goes all the way up."""
    assert isinstance(run("--debug", "analyze", "exact.json").exception, ZeroDivisionError)


@pytest.mark.usefixtures("here")
def test_a_bug_outside_the_analysis_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it happens, no traceback reaches a user who did not ask for it."""

    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("torn page")

    monkeypatch.setattr(import_module("analyzer.report.terminal"), "text_report", failing)
    done = run("analyze", "exact.json")
    assert (done.exit_code, done.stdout) == (70, "")
    assert done.stderr.startswith("bug: RuntimeError: torn page\n")


# ------------------------------------------------------------------------------------------------------------ output files


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "command",
    [
        ["analyze", "exact.json"],
        ["analyze", "exact.json", "--format", "json"],
        ["explain", "*", "exact.json"],
        ["graph", "exact.json"],
        ["maps"],
    ],
    ids=" ".join,
)
def test_a_result_goes_to_a_file(command: list[str]) -> None:
    """With -o the file holds what standard output would have shown; - is standard output."""
    shown = run(*command).stdout
    done = run(*command, "-o", "out")
    assert (done.exit_code, done.stdout) == (0, "")
    assert Path("out").read_text("utf-8") == shown == run(*command, "-o", "-").stdout


@pytest.mark.usefixtures("here")
def test_a_file_is_replaced_whole_and_keeps_its_mode() -> None:
    """The old file is there until the new one is complete; its permissions stay, and no other file is left behind."""
    out = Path("out.json")
    out.write_text("old", encoding="utf-8")
    out.chmod(0o640)
    before = sorted(Path.cwd().iterdir())
    run("analyze", "exact.json", "--format", "policy", "--arn", ARN, "-o", "out.json")
    assert json.loads(out.read_text("utf-8"))["Version"] == "2012-10-17"
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert sorted(Path.cwd().iterdir()) == before


@pytest.mark.usefixtures("here")
def test_nothing_is_written_when_nothing_could_be_analysed() -> None:
    """A file of yesterday is not replaced by the answer to no question."""
    Path("out.json").write_text("old", encoding="utf-8")
    assert run("analyze", "broken.json", "--format", "json", "-o", "out.json").exit_code == 3
    assert Path("out.json").read_text("utf-8") == "old"


@pytest.mark.usefixtures("here")
def test_a_write_that_fails_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old file stays as it was and the half-written one is removed."""

    def full(self: Path, _: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    Path("out.json").write_text("old", encoding="utf-8")
    before = sorted(Path.cwd().iterdir())
    monkeypatch.setattr(Path, "write_bytes", full)
    done = run("analyze", "exact.json", "-o", "out.json")
    assert done.exit_code == 2
    assert "cannot write `out.json`: no space left on device" in done.stderr
    assert Path("out.json").read_text("utf-8") == "old"
    assert sorted(Path.cwd().iterdir()) == before


@pytest.mark.usefixtures("here")
def test_a_file_may_have_the_longest_name_there_is() -> None:
    """The file that is written first, and then renamed, has a short name of its own."""
    assert run("graph", "exact.json", "-o", "x" * 255).exit_code == 0
    assert Path("x" * 255).read_text("utf-8").startswith("flowchart")


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("analyze exact.json >&-", 2, "cannot write standard output: it is closed"),
        ("analyze exact.json >/dev/full", 2, "cannot write standard output: no space left on device"),
        ("maps >/dev/full", 2, "cannot write standard output: no space left on device"),
        ("--help >/dev/full", 2, "cannot write standard output: no space left on device"),
        ("analyze exact.json >&- 2>&-", 2, ""),
        ("analyze faulty.json --format json 2>/dev/full", 1, ""),
        ("analyze broken.json 2>&-", 3, ""),
        ("analyze - <&-", 3, "standard input is closed"),
    ],
)
def test_a_stream_that_is_closed_or_full_is_no_bug(here: Path, command: str, code: int, said: str) -> None:
    """What cannot be written is told where there is a place for it, and by the exit code in any case."""
    shell = f"{shlex.quote(sys.executable)} -m analyzer {command}"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(["/bin/sh", "-c", shell], cwd=here, env=environment, capture_output=True, check=False)
    assert done.returncode == code
    assert said.encode() in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.usefixtures("here")
def test_a_link_keeps_leading_to_the_file_it_led_to() -> None:
    """Writing through a symbolic link replaces the file, not the link."""
    Path("real").write_text("old", encoding="utf-8")
    Path("link").symlink_to("real")
    run("graph", "exact.json", "-o", "link")
    assert Path("link").is_symlink()
    assert Path("real").read_text("utf-8").startswith("flowchart")


@pytest.mark.usefixtures("here")
def test_a_pipe_is_written_to_and_not_replaced() -> None:
    """What is no regular file, such as a device or a named pipe, is not renamed over."""
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    run("graph", "exact.json", "-o", "pipe")
    assert os.read(reader, 9) == b"flowchart"
    os.close(reader)
    assert Path("pipe").is_fifo()


# ----------------------------------------------------------------------------------------------------------------- streams


@pytest.mark.usefixtures("here")
def test_a_definition_may_come_from_standard_input() -> None:
    """`-` reads standard input, once, and is called <stdin>."""
    text = json.dumps(EXACT)
    assert (
        run("analyze", "-", "--format", "policy", "-q", stdin=text).stdout
        == run("analyze", "exact.json", "--format", "policy", "-q").stdout
    )
    [machine] = json.loads(run("analyze", "-", "-", "--format", "json", "-q", stdin=text).stdout)["machines"]
    assert machine["source"] == {"path": "<stdin>", "pointer": ""}
    assert run("analyze", "-", stdin="{").exit_code == 3


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("form", "aside"), [("text", False), ("json", True), ("policy", True), ("trust", True)])
def test_diagnostics_never_mix_with_a_document(form: str, *, aside: bool) -> None:
    """Diagnostics are part of the text report; of a document they stand aside, on standard error, unless --quiet."""
    done = run("analyze", "doubtful.json", "--format", form)
    assert ("warning[unresolved-substitution]" in done.stderr) == aside
    assert ("warning[unresolved-substitution]" in done.stdout) != aside
    quiet = run("analyze", "doubtful.json", "--format", form, "-q")
    assert (quiet.stderr, quiet.stdout) == ("", done.stdout)
    if aside:
        json.loads(done.stdout)


@pytest.mark.usefixtures("here")
def test_a_file_named_twice_is_analysed_once() -> None:
    """However often and in whatever spelling a file is named, it is one input."""
    machines = json.loads(run("analyze", "exact.json", "./exact.json", "exact.json", "--format", "json", "-q").stdout)["machines"]
    assert [machine["source"]["path"] for machine in machines] == ["exact.json"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("environment", "option", "terminal", "coloured"),
    [
        ({}, [], False, False),
        ({}, [], True, True),
        ({"TERM": "dumb"}, [], True, False),
        ({"NO_COLOR": "1"}, [], True, False),
        ({"NO_COLOR": ""}, [], True, True),
        ({"FORCE_COLOR": "1"}, [], False, True),
        ({"FORCE_COLOR": "0"}, [], False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False, False),
        ({"NO_COLOR": "1"}, ["--color", "always"], False, True),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], True, False),
        ({"FORCE_COLOR": "1"}, ["-o", "out"], True, False),
        ({}, ["-o", "out", "--color", "always"], False, True),
    ],
)
def test_colour_is_for_terminals_and_for_whoever_asks(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], option: list[str], *, terminal: bool, coloured: bool
) -> None:
    """The option decides, else NO_COLOR, else FORCE_COLOR, else whether it is a terminal; a file is none."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: terminal)
    done = run("analyze", "exact.json", *option)
    text = Path("out").read_text("utf-8") if "-o" in option else done.stdout
    assert text.strip()
    assert ("\x1b[" in text) == coloured


def test_what_a_narrow_encoding_lacks_is_still_printed(here: Path) -> None:
    """Output is UTF-8 even where the locale is not: a policy with a name in it does not depend on the machine."""
    name = {**EXACT, "StartAt": "Prüfung ✓", "States": {"Prüfung ✓": EXACT["States"]["Put"]}}  # type: ignore[index]
    (here / "named.json").write_text(json.dumps(name, ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-m", "analyzer", "analyze", "named.json"]
    root = Path(__file__).parent.parent
    done = subprocess.run(
        command,
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Prüfung ✓ · " in done.stdout.decode("utf-8")


# ----------------------------------------------------------------------------------------------------------------- options


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--arn", ARN], '"arn": "arn:aws:states:eu-west-1:111122223333:stateMachine:Test"'),
        (["--account", "444455556666"], '"aws:SourceAccount": "444455556666"'),
        (["--region", "cn-north-1"], "arn:aws-cn:dynamodb:cn-north-1:*:table/"),
        (["--partition", "aws-us-gov"], "arn:aws-us-gov:dynamodb:*:*:table/"),
        (["--name", "Nightly"], "arn:aws:states:*:*:stateMachine:Nightly"),
        (["--type", "Express"], '"type": "EXPRESS"'),
        (["--logging"], "logs:CreateLogDelivery"),
        (["--tracing"], "xray:PutTraceSegments"),
        (["--kms-key", "arn:aws:kms:eu-west-1:111122223333:key/0a1b"], "arn:aws:kms:eu-west-1:111122223333:key/0a1b"),
        (["--substitution", "Table=orders", "--substitution", "Other=a=b"], "table/orders"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_option_on_the_surroundings_changes_the_answer(options: list[str], found: str) -> None:
    """What is known around a definition narrows or widens what comes out, and only when it is given."""
    assert found in run("analyze", "doubtful.json", "--format", "json", *options).stdout
    assert found not in run("analyze", "doubtful.json", "--format", "json").stdout


@pytest.mark.usefixtures("here")
def test_the_role_is_whom_a_target_role_trusts() -> None:
    """--role names the execution role in the trust policy of a role taken on by Credentials."""
    role = "arn:aws:iam::111122223333:role/execution"
    task = {**EXACT["States"]["Put"], "Credentials": {"RoleArn": "arn:aws:iam::444455556666:role/x"}}  # type: ignore[index]
    Path("other.json").write_text(json.dumps({"StartAt": "Put", "States": {"Put": task}}), encoding="utf-8")
    done = run("analyze", "other.json", "--arn", ARN, "--role", role, "--format", "json", "-q")
    [target] = json.loads(done.stdout)["machines"][0]["target_roles"]
    assert target["trust_policy"]["Statement"][0]["Principal"] == {"AWS": role}


def commands() -> dict[str, click.Command]:
    """Return the program and every command of it, by what one types."""
    return {"asl-iam": main, **{f"asl-iam {name}": command for name, command in main.commands.items()}}


@pytest.mark.parametrize("command", commands().values(), ids=commands().keys())
def test_every_command_and_every_option_says_what_it_is_for(command: click.Command) -> None:
    """Help has a sentence for the command that fits the list of commands, and one for each of its options."""
    assert command.help
    assert command is main or not command.get_short_help_str(60).endswith("...")
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []
    assert run(*command.name.split() if command is not main else [], "--help").exit_code == 0  # type: ignore[union-attr]


def test_help_tells_exit_codes_and_completion() -> None:
    """What a script has to know is in the help: every exit code, and how to switch completion on."""
    text = run("--help").stdout
    for code in (0, io.FINDINGS, io.USAGE, io.UNREADABLE, io.BUG):
        assert f"\n  {code:<2}  " in text.replace("\n    ", "\n  ")
    assert all(f"_ASL_IAM_COMPLETE={shell}_source" in text for shell in ("bash", "zsh", "fish"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_works_as_the_help_says(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable named in the help makes the program print a completion script for the shell."""
    monkeypatch.setattr("click.shell_completion.BashComplete._check_version", lambda *_: None)
    done = CliRunner(env={"_ASL_IAM_COMPLETE": f"{shell}_source"}).invoke(main, [], prog_name="asl-iam")
    assert done.exit_code == 0
    assert f"_ASL_IAM_COMPLETE={shell}_complete" in done.stdout


def test_the_version_is_that_of_the_package(root: Path) -> None:
    """The version is written in two places, which never differ."""
    declared = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert run("--version").stdout == f"asl-iam {declared}\n"
    assert analyzer.__version__ == declared
