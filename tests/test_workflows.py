"""The action and the workflows to copy: what a linter finds, and what must hold of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from analyzer.bot.forges import FORGES
from analyzer.cli import main

ROOT = Path(__file__).parent.parent
ACTION = ROOT / ".github/actions/suggest-policy/action.yml"
EXAMPLES = sorted((ROOT / ".github/workflows-examples").glob("asl-iam*.yml"))
WORKFLOWS = [*EXAMPLES, ROOT / ".github/workflows/ci.yml"]


def load(path: Path) -> dict[str, Any]:
    """Read a workflow; `on` is a word here and no boolean."""
    found = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts only
    assert isinstance(found, dict)
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    """Return the steps of a workflow or an action."""
    document = load(path)
    if "runs" in document:
        return list(document["runs"]["steps"])
    return [step for job in document["jobs"].values() for step in job["steps"]]


def options(name: str) -> set[str]:
    """Return the options of a command."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return {option for each in command.params for option in each.opts}


def test_zizmor_finds_nothing() -> None:
    """Not in the action, not in the workflows to copy, and not in our own."""
    command = [str(Path(sys.executable).parent / "zizmor"), "--offline", "--no-progress", str(ACTION), *map(str, WORKFLOWS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_nothing_is_interpolated_into_a_script(path: Path) -> None:
    """An input in a script is a part of the script."""
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_what_is_used_is_pinned(path: Path) -> None:
    """A tag can be moved, a hash cannot."""
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_starts_without_rights(path: Path) -> None:
    """Each job names what it needs, and none may write to the contents."""
    document = load(path)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert set(job["permissions"].items()) <= {("contents", "read"), ("pull-requests", "write"), ("actions", "read")}


def test_every_input_of_the_action_comes_by_the_environment() -> None:
    """Each is used, and each variable is read by the script in quotes."""
    document = load(ACTION)
    [step] = [step for step in steps(ACTION) if "env" in step]
    given = {re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value)[1]: name for name, value in step["env"].items()}  # type: ignore[index]
    assert given.keys() == document["inputs"].keys()
    for name in set(given.values()) - {"GITHUB_TOKEN"}:
        assert re.search(rf'"[^"]*\${name}[^"]*"', step["run"])
        assert not re.search(rf'(?<!["\w=]){re.escape("$" + name)}', re.sub(r'"[^"\n]*"', "", step["run"]))


def test_the_action_installs_what_reads_terraform_sources() -> None:
    """Without it a repository with `.tf` files could not be read, and each of its pull requests would fail."""
    [script] = [step["run"] for step in steps(ACTION) if "pip install" in step["run"]]
    assert '"$GITHUB_ACTION_PATH/../../..[hcl]"' in script


def test_the_outputs_of_the_action_are_written() -> None:
    """By the script itself, or by the command, which writes `changed`."""
    document = load(ACTION)
    [step] = [step for step in steps(ACTION) if step.get("id") == "comment"]
    assert document["outputs"].keys() == {"report-json", "sarif-file", "changed"}
    for name in ("report-json", "sarif-file"):
        assert f"{name}=%s" in step["run"]


def test_the_action_uses_options_that_there_are() -> None:
    """A misspelt option would only fail in somebody's workflow."""
    [script] = [step["run"] for step in steps(ACTION) if step.get("id") == "comment"]
    known = {option for name in ("comment", "check") for option in options(name)}
    assert set(re.findall(r"--[a-z][a-z-]+", script)) <= known


def test_the_workflow_that_may_comment_never_checks_out() -> None:
    """The one that analyses may not write, and the one that may write runs nothing of the pull request."""
    commenting, analysing = (
        load(ROOT / ".github/workflows-examples" / name) for name in ("asl-iam-comment.yml", "asl-iam-analyse.yml")
    )
    assert "workflow_run" in commenting["on"]
    assert commenting["on"]["workflow_run"]["workflows"] == [analysing["name"]]
    used = [step["uses"].partition("@")[0] for step in commenting["jobs"]["comment"]["steps"]]
    assert used == ["actions/download-artifact", "OWNER/asl-iam/.github/actions/suggest-policy"]
    assert analysing["jobs"]["analyse"]["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in (ROOT / ".github/workflows-examples/asl-iam-analyse.yml").read_text()


def test_a_run_that_fails_is_commented_on_too() -> None:
    """One input that cannot be read, or `fail-on`, is when a comment is wanted most: the review is handed on all the same."""
    commenting, analysing = (
        load(ROOT / ".github/workflows-examples" / name) for name in ("asl-iam-comment.yml", "asl-iam-analyse.yml")
    )
    *_, upload = analysing["jobs"]["analyse"]["steps"]
    assert upload["if"] == "${{ !cancelled() }}"
    [script] = [step["run"] for step in steps(ACTION) if step.get("id") == "comment"]
    assert f'report="{upload["with"]["path"].replace("${{ runner.temp }}", "$RUNNER_TEMP")}"' in script
    read = commenting["jobs"]["comment"]["steps"][-1]["with"]["review"]
    assert Path(read).name == Path(upload["with"]["path"]).name
    assert '["success", "failure"]' in commenting["jobs"]["comment"]["if"]


def test_the_readme_shows_the_workflow_in_ten_lines() -> None:
    """And it is the one that is linted."""
    text = (ROOT / ".github/workflows-examples/asl-iam.yml").read_text()
    assert len(text.splitlines()) <= 10
    shown = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert shown == [text]


def test_the_hooks_of_pre_commit_run_commands_that_there_are() -> None:
    """Each runs when what it says changes."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {hook["entry"].split()[0] for hook in hooks} == {"asl-iam"}
    assert {hook["entry"].split()[1] for hook in hooks} <= set(main.list_commands(click.Context(main)))
    files = ["flows/a.asl.json", "a.asl.yml", "template.yaml", "stacks/x.template.json"]
    matched = {
        hook["id"]: [bool(re.search(hook["files"], name)) for name in (*files, "package.json", "mytemplate.json")]
        for hook in hooks
    }
    assert matched == {
        "asl-iam-check": [True, True, True, True, False, False],
        "asl-iam-analyze": [True, True, False, False, False, False],
        "asl-iam-write": [False, False, True, True, False, False],
    }


def hook(id: str, *files: str) -> int:
    """Run a hook for *files* as pre-commit does, and return its exit code."""
    [one] = [hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()) if hook["id"] == id]
    _, *words = one["entry"].split()
    given = files if one.get("pass_filenames", True) else ()
    return CliRunner().invoke(main, [*words, *one.get("args", []), *given]).exit_code


def test_a_definition_that_changes_is_checked_against_the_role_of_its_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template is not among the files that change, and the definition alone declares no role."""
    monkeypatch.chdir(tmp_path)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": "t", "Message": ""},
        "End": True,
    }
    Path("a.asl.json").write_text(json.dumps({"StartAt": "A", "States": {"A": task}}))
    properties = {"DefinitionUri": "a.asl.json", "Policies": []}
    Path("template.json").write_text(
        json.dumps({"Resources": {"M": {"Type": "AWS::Serverless::StateMachine", "Properties": properties}}})
    )
    assert hook("asl-iam-check", "a.asl.json") == 1


def test_a_template_without_a_machine_holds_up_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any stack has one, and a file of that name may be no template at all. One that cannot be read is told."""
    monkeypatch.chdir(tmp_path)
    Path("a.asl.json").write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}))
    Path("template.yaml").write_text("Resources:\n  B:\n    Type: AWS::S3::Bucket\n")
    Path("template.json").write_text("{}")
    assert [hook(f"asl-iam-{name}", "template.yaml", "template.json") for name in ("check", "write")] == [0, 0]
    Path("template.json").write_bytes(b"\xff")
    assert hook("asl-iam-write", "template.yaml", "template.json") == 3


def test_the_job_of_gitlab_keeps_the_report() -> None:
    """What the command writes is what GitLab reads."""
    job = yaml.safe_load((ROOT / ".github/workflows-examples/gitlab-ci.yml").read_text())["asl-iam"]
    assert job["script"][-1].split()[2:] == ["--code-quality", job["artifacts"]["reports"]["codequality"]]


def lines_of(job: dict[str, Any]) -> list[str]:
    """Return the lines that a job of any forge runs."""
    if "steps" in job:
        return [line for step in job["steps"] for line in str(step.get("script", "")).split(" && ") if line]
    [step] = job["pipelines"]["pull-requests"]["**"] if "pipelines" in job else [{"step": job["asl-iam"]}]
    return list(step["step"]["script"])


@pytest.mark.parametrize("name", ["gitlab-ci.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml"])
def test_the_jobs_of_other_forges_run_the_command(name: str) -> None:
    """With the whole history, in as many lines as the README says."""
    text = (ROOT / ".github/workflows-examples" / name).read_text()
    job = yaml.safe_load(text)
    *_, install, run = lines_of(job)
    assert install == "pip install --quiet 'asl-iam[hcl]'"
    assert run.split()[:2] == ["asl-iam", "comment"]
    assert {word for word in run.split() if word.startswith("--")} <= options("comment")
    assert re.search(r"GIT_DEPTH: \"0\"|fetchDepth: 0|depth: full", text)
    [number] = re.findall(rf"\[(\d+) lines\]\(\.github/workflows-examples/{name}\)", (ROOT / "README.md").read_text())
    assert len(text.splitlines()) == int(number)


def test_a_pipeline_of_azure_gives_the_token_to_one_step() -> None:
    """The one that comments: no other step needs it."""
    steps = yaml.safe_load((ROOT / ".github/workflows-examples/azure-pipelines.yml").read_text())["steps"]
    assert [step["env"] for step in steps if "env" in step] == [{FORGES["azure"].token: "$(System.AccessToken)"}]
    assert "asl-iam comment" in steps[-1]["script"]


@pytest.mark.parametrize("hostile", ["flows", '$(touch pwned) "; touch pwned; #', "--help"])
def test_the_script_of_the_action_does_what_it_says(tmp_path: Path, hostile: str) -> None:
    """Run as a runner runs it: whatever the path holds is a path, and the outputs are written."""
    [script] = [step["run"] for step in steps(ACTION) if step.get("id") == "comment"]
    command = tmp_path / "asl-iam" / "bin" / "asl-iam"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m analyzer "$@"\n')
    command.chmod(0o755)
    work = tmp_path / "work"
    (work / hostile).mkdir(parents=True)
    (work / hostile / "a.asl.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"]
    for line in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "m"]):
        subprocess.run([str(shutil.which("git")), *line], cwd=work, check=True)
    said = [str(shutil.which("git")), "rev-parse", "HEAD"]
    head = subprocess.run(said, cwd=work, check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "event.json").write_text(
        json.dumps({"pull_request": {"number": 1, "base": {"sha": head}, "head": {"sha": head}}})
    )
    inputs = {"PATH": hostile, "COMMENT": "false", "REVIEW": "", "ID": "default", "FAIL_ON": "never"}
    environment = {
        **{f"INPUT_{name}": value for name, value in inputs.items()},
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/flows",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }
    done = subprocess.run(
        [str(shutil.which("bash")), "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=work, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert list(tmp_path.rglob("pwned")) == []
    assert done.returncode == 0, done.stderr
    outputs = dict(line.split("=") for line in (tmp_path / "output").read_text().splitlines())
    assert outputs == {
        "report-json": f"{tmp_path}/asl-iam-review.json",
        "sarif-file": f"{tmp_path}/asl-iam.sarif",
        "changed": "false",
    }
    assert json.loads(Path(outputs["report-json"]).read_text())["schema"] == "asl-iam/review-v1"
