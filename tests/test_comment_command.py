"""`asl-iam comment` as a CI job runs it: a repository, an event, a forge on this machine, and what is printed and posted."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from analyzer.bot.comment import GIVEN, INCOMPLETE, NOTHING
from analyzer.bot.settle import marker_of
from analyzer.cli import main
from analyzer.cli.ci import job as job_of
from analyzer.cli.revisions import read_revision
from tests.forges.server import ME, TOKEN, Forge, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

GIT = str(shutil.which("git"))
PUT = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "t", "Item": {}}, "End": True}
SEND = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl.$": "$.q", "MessageBody": "m"},
    "End": True,
}
CI = (
    "SYSTEM_",
    "BUILD_",
    "TF_BUILD",
    "BITBUCKET_",
    "GITHUB_",
    "GITLAB_",
    "CI_",
    "GIT_",
    "CI",
    "HTTP",
    "http",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
)


def machine(**states: dict[str, Any]) -> str:
    """Return the text of a machine of one state, or of more that nothing leads to."""
    return json.dumps({"StartAt": next(iter(states)), "States": states}, indent=2)


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return what runs git in an empty repository, which is the current folder, outside of any CI."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(CI)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))

    def git(*arguments: str) -> str:
        command = [GIT, "-c", "user.name=n", "-c", "user.email=e@example.com", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q", "-b", "main")
    return git


@pytest.fixture
def commit(git: Callable[..., str]) -> Callable[[str, str], str]:
    """Return what commits one file, and gives the name of the commit."""

    def commit(path: str, text: str) -> str:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
        git("add", path)
        git("commit", "-q", "--allow-empty", "-m", path)
        return git("rev-parse", "HEAD")

    return commit


@pytest.fixture
def ends(git: Callable[..., str], commit: Callable[[str, str], str]) -> tuple[str, str]:
    """Return the base and the head of a pull request that puts one state in the place of another; the base has moved on."""
    start = commit("flows/orders.asl.json", machine(Store=PUT))
    git("switch", "-q", "-c", "topic")
    head = commit("flows/orders.asl.json", machine(**{"Ask @team": SEND}))
    git("switch", "-q", "main")
    base = commit("flows/other.asl.json", machine(Other=PUT))
    git("switch", "-q", "topic")
    assert start not in (base, head)
    return base, head


@pytest.fixture
def server() -> Iterator[Forge]:
    """Return a running GitHub."""
    with running("github") as forge:
        yield forge


def actions(server: Forge, event: dict[str, Any], folder: Path) -> dict[str, str]:
    """Return the environment of a workflow run for *event*."""
    (folder / "event.json").write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": server.url,
        "GITHUB_SERVER_URL": "https://github.example.com",
        "GITHUB_REPOSITORY": "acme/flows",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_RUN_ID": "42",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
    }


@pytest.fixture
def job(server: Forge, ends: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a run for pull request 7."""
    base, head = ends
    server.state.heads[7] = head
    event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
    return actions(server, event, tmp_path_factory.mktemp("job"))


def run(environment: dict[str, str], *arguments: str) -> Result:
    """Run the command; an exception that is not an exit is a failure."""
    done = CliRunner().invoke(main, ["comment", "--no-config", *arguments], env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_pull_request_gets_a_comment(server: Forge, job: dict[str, str], ends: tuple[str, str]) -> None:
    """It compares with the merge base, links lines at the head, and calls nobody."""
    done = run(job)
    assert (done.exit_code, done.stderr) == (0, "comment: written\n")
    [text] = server.state.bodies()
    marker = marker_of(text)
    assert marker is not None
    assert (marker.id, marker.head, marker.run) == ("default", ends[1], 42_001)
    assert marker.time > 1_600_000_000
    assert "**1 state machine · 1 needs new permissions (+1 −1) · 1 wildcard to close**" in text
    assert f"(https://github.example.com/acme/flows/blob/{ends[1]}/flows/orders.asl.json#L4)" in text
    assert "other" not in text
    assert "@team" not in text


def test_the_same_run_again_writes_nothing(server: Forge, job: dict[str, str]) -> None:
    """Unchanged is not rewritten."""
    run(job)
    server.state.asked.clear()
    assert run(job).stderr == "comment: written\n"
    assert {"issues/update-comment", "issues/create-comment"}.isdisjoint(server.state.asked)


def test_what_is_settled_becomes_one_line(
    server: Forge, job: dict[str, str], ends: tuple[str, str], commit: Callable[[str, str], str]
) -> None:
    """When the head needs what the base needs, the comment says so; without a comment, none is written."""
    run(job)
    head = commit("flows/orders.asl.json", machine(Store=PUT))
    server.state.heads[7] = head
    event = {"pull_request": {"number": 7, "base": {"sha": ends[0]}, "head": {"sha": head}}}
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    run(job)
    assert [text.split("\n", 1)[1] for text in server.state.bodies()] == [NOTHING + "\n"]
    server.state.comments.clear()
    assert run(job).stderr == "comment: nothing to say\n"
    assert server.state.comments == {}


def test_a_folder_of_a_repository_is_linked_from_its_top(
    job: dict[str, str], server: Forge, monkeypatch: pytest.MonkeyPatch, ends: tuple[str, str]
) -> None:
    """Paths are told from where the command runs, links from where the repository begins."""
    monkeypatch.chdir("flows")
    run(job)
    assert f"/blob/{ends[1]}/flows/orders.asl.json#L4)" in server.state.bodies()[0]


def test_a_dry_run_prints_and_asks_nobody(server: Forge, job: dict[str, str]) -> None:
    """It needs no token."""
    del job["GITHUB_TOKEN"]
    done = run(job, "--dry-run")
    assert done.exit_code == 0
    assert "**1 state machine · 1 needs new permissions" in done.stdout
    assert server.state.asked == []


def test_nothing_printed_is_obeyed_by_the_runner(server: Forge, job: dict[str, str]) -> None:
    """Commands are stopped by a word that nobody knows before, and resumed after it."""
    first, *_ = run(job, "--dry-run").stdout.splitlines()
    again, *lines = run(job, "--dry-run").stdout.splitlines()
    assert first.startswith("::stop-commands::")
    assert first != again
    word = again.rpartition("::")[2]
    assert lines.index(f"::{word}::") > lines.index("</details>")
    assert server.state.asked == []


def test_a_run_leaves_a_summary_an_output_and_annotations(job: dict[str, str]) -> None:
    """The summary holds what the comment holds, annotations stand at their lines."""
    done = run(job)
    assert Path(job["GITHUB_STEP_SUMMARY"]).read_text().startswith("**1 state machine")
    assert Path(job["GITHUB_OUTPUT"]).read_text() == "changed=true\n"
    assert done.stdout.startswith("::warning file=flows/orders.asl.json,title=asl-iam%3A unresolved-resource,line=8::")


def test_a_token_without_rights_is_told_and_the_comment_printed(server: Forge, job: dict[str, str]) -> None:
    """The text is not lost, the way out is named, and the exit code says that something is wrong."""
    server.state.allowed = False
    done = run(job)
    assert done.exit_code == 3
    assert "status 403, Resource not accessible by integration" in done.stderr
    assert "`permissions: pull-requests: write`" in done.stderr
    assert "**1 state machine · 1 needs new permissions" in done.stdout
    assert TOKEN not in done.output


def test_a_token_that_was_stored_with_a_line_end_is_that_token(server: Forge, job: dict[str, str]) -> None:
    """It is how a secret is often pasted."""
    done = run(job | {"GITHUB_TOKEN": f"{TOKEN}\n"})
    assert (done.exit_code, done.stderr) == (0, "comment: written\n")
    assert len(server.state.bodies()) == 1


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("GITHUB_TOKEN", "there is no token in GITHUB_TOKEN"),
        ("GITHUB_REPOSITORY", "nothing says where to comment"),
        ("GITHUB_EVENT_PATH", "nothing says what to compare: give --base and --head"),
    ],
)
def test_what_is_missing_is_wrong_usage(job: dict[str, str], missing: str, said: str) -> None:
    """Each message says what to give."""
    del job[missing]
    done = run(job)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("time", ["-1", "99999999999999", "18446744073709551615"])
def test_the_clock_of_a_commit_is_anybodys(
    server: Forge, job: dict[str, str], ends: tuple[str, str], git: Callable[..., str], tmp_path: Path, time: str
) -> None:
    """However wrong it is, there is one comment, also after the next run."""
    who = f"n <e@example.com> {time} +0000"
    tree = git("rev-parse", f"{ends[1]}^{{tree}}")
    made = tmp_path / "commit"
    made.write_text(f"tree {tree}\nparent {ends[0]}\nauthor {who}\ncommitter {who}\n\nm\n")
    head = git("hash-object", "-t", "commit", "-w", "--literally", str(made))
    server.state.heads[7] = head
    event = {"pull_request": {"number": 7, "base": {"sha": ends[0]}, "head": {"sha": head}}}
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    assert [run(job).exit_code, run(job).exit_code, len(server.state.bodies())] == [0, 0, 1]


def test_a_shallow_clone_is_told_how_to_be_deep(job: dict[str, str], ends: tuple[str, str]) -> None:
    """The commits of a pull request are not there by default."""
    event = {"pull_request": {"number": 7, "base": {"sha": "f" * 40}, "head": {"sha": ends[1]}}}
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    done = run(job)
    assert done.exit_code == 2
    assert "`fetch-depth: 0`" in done.stderr


@pytest.mark.usefixtures("ends")
def test_a_clone_without_the_merge_base_is_told_how_to_be_deep(git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the base has come to since would look like something that the request takes away."""
    git("clone", "-q", "--depth", "1", "--no-single-branch", Path.cwd().as_uri(), "shallow")
    monkeypatch.chdir("shallow")
    done = run({}, "--base", "origin/main", "--head", "origin/topic", "--dry-run")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "too little history to tell where the request starts; in a workflow, check out with `fetch-depth: 0`" in done.stderr


@pytest.mark.usefixtures("ends")
def test_a_clone_without_all_files_is_told_so(git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A sparse checkout leaves files out of a clone, too, and nothing is fetched."""
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "-q", "--filter=blob:none", "--no-checkout", Path.cwd().as_uri(), "partial")
    monkeypatch.chdir("partial")
    git("remote", "set-url", "origin", "file:///nowhere")  # an older git would fetch
    done = run({}, "--base", "origin/main", "--head", "origin/topic", "--dry-run")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "are not in this clone: clone it whole, without a filter" in done.stderr


def test_a_repository_that_git_does_not_read_is_told_with_what_git_says(job: dict[str, str]) -> None:
    """In a container it is often that of another user: no depth helps there."""
    done = run(job | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    assert done.exit_code == 2
    assert "git reads no repository here: detected dubious ownership in repository at" in done.stderr
    assert "git config --global --add safe.directory" in done.stderr
    assert "fetch-depth" not in done.stderr


def test_a_path_that_is_in_neither_revision_is_wrong_usage(server: Forge, job: dict[str, str]) -> None:
    """A misspelt one would find that nothing needs other permissions, in every request."""
    done = run(job, "flowss")
    assert done.exit_code == 2
    assert "there is no `flowss` in" in done.stderr
    assert server.state.comments == {}


@pytest.mark.parametrize("repo", ["acme", "acme/../x", "acme/flows?x", "acme/flows\n"])
def test_a_repository_is_a_name(job: dict[str, str], repo: str) -> None:
    """It becomes a part of every address."""
    done = run({**job, "GITHUB_REPOSITORY": repo})
    assert done.exit_code == 2
    assert "is no repository" in done.stderr


def test_a_machine_that_cannot_be_read_is_not_called_removed(
    job: dict[str, str], server: Forge, ends: tuple[str, str], commit: Callable[[str, str], str]
) -> None:
    """The comment says that something is missing from it, and the exit code that it could not be analysed."""
    head = commit("flows/orders.asl.json", '{"StartAt": "A", "States": {')
    server.state.heads[7] = head
    event = {"pull_request": {"number": 7, "base": {"sha": ends[0]}, "head": {"sha": head}}}
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    done = run(job, "--dry-run")
    assert done.exit_code == 3
    assert "Some inputs could not be analysed" in done.stdout
    assert "removed" not in done.stdout.lower().replace("| removed |", "")


@pytest.mark.parametrize("how", ["utf-16", "large", "link"])
def test_a_machine_that_is_not_read_any_more_is_not_called_removed(
    git: Callable[..., str], commit: Callable[[str, str], str], how: str
) -> None:
    """It may be there all the same for whoever deploys it."""
    text = machine(Store=PUT)
    base = commit("orders.asl.json", text)
    path = Path("orders.asl.json")
    if how == "link":
        path.rename("orders.txt")
        path.symlink_to("orders.txt")
    else:
        path.write_bytes(text.encode("utf-16") if how == "utf-16" else text.encode() + b" " * 10 * 1024 * 1024)
    git("add", "-A")
    git("commit", "-q", "-m", how)
    done = run({}, "--base", base, "--head", "HEAD", "--dry-run")
    assert done.exit_code == 3
    assert "error: orders.asl.json is not read: " in done.stderr
    assert INCOMPLETE in done.stdout
    assert "removed" not in done.stdout


def test_a_request_that_mends_what_cannot_be_read_is_no_failure(commit: Callable[[str, str], str]) -> None:
    """What is wrong in the base is told, and is not what the request brings."""
    base = commit("orders.asl.json", machine(Store=PUT)[:-9])
    head = commit("orders.asl.json", machine(Store=PUT))
    done = run({}, "--base", base, "--head", head, "--dry-run")
    assert done.exit_code == 0
    assert "note: that is about the base" in done.stderr
    assert INCOMPLETE in done.stdout


def test_fail_on_counts_what_is_said(job: dict[str, str]) -> None:
    """A warning fails the run that asks for it, and no other."""
    assert [run(job, "--fail-on", level).exit_code for level in ("never", "error", "warning")] == [0, 0, 1]


def test_an_id_that_no_comment_can_have_is_wrong_usage(job: dict[str, str]) -> None:
    """It stands in a hidden line, which it may not end."""
    done = run(job, "--id", "a-->")
    assert done.exit_code == 2
    assert "is no id of a comment" in done.stderr


def test_two_jobs_of_one_repository_have_a_comment_each(server: Forge, job: dict[str, str]) -> None:
    """The id tells them apart."""
    run(job, "--id", "one")
    run(job, "--id", "two")
    run(job, "--id", "one")
    assert [marker.id for text in server.state.bodies() if (marker := marker_of(text))] == ["one", "two"]


# ---------------------------------------------------------------------------------------------------------- suggestions

TEMPLATE = """\
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: A
        States:
          A:
            Type: Task
            Resource: arn:aws:states:::sqs:sendMessage
            Parameters: {QueueUrl: !Ref Jobs, MessageBody: m}
            End: true
      Policies:
        - Version: '2012-10-17'
          Statement:
            - Sid: SqsSendMessage
              Effect: Allow
              Action: sqs:SendMessage
              Resource: !GetAtt Jobs.Arn
  Jobs: {Type: AWS::SQS::Queue}
"""
"""A template that says what its machine needs, as `write` would say it."""

LACKING = TEMPLATE.replace("Sid: SqsSendMessage", "Sid: Old").replace("sqs:SendMessage\n", "sqs:ReceiveMessage\n")

Requested = Callable[..., dict[str, str]]
"""What makes a pull request, and gives the environment of its run."""


class Request:
    """A pull request that makes one file another one."""

    def __init__(self, commit: Callable[[str, str], str], git: Callable[..., str], server: Forge, folder: Path) -> None:
        """Take what is needed to make one."""
        self.commit, self.git, self.server, self.folder = commit, git, server, folder

    def made(self, before: str, after: str, path: str = "infra/t.yaml", moved_to: str = "") -> dict[str, str]:
        """Return the environment of its run. The forge shows and takes what git says that the diff shows."""
        base = self.commit(path, before) if before else self.commit("readme", "r")
        if moved_to:
            self.git("mv", path, moved_to)
        head = self.commit(moved_to or path, after)
        event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
        self.server.state.heads[7] = head
        self.server.state.diff.lines = {moved_to or path: set(range(1, after.count("\n") + 1))}
        return actions(self.server, event, self.folder)


@pytest.fixture
def request_of(
    commit: Callable[[str, str], str], git: Callable[..., str], server: Forge, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, str]]:
    """Return what makes a pull request of a text before and a text after, and gives the environment of its run."""
    return Request(commit, git, server, tmp_path_factory.mktemp("job")).made


def test_a_request_that_changes_what_it_is_measured_by_says_so(
    server: Forge, git: Callable[..., str], commit: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Who ignores a finding, or assumes a value, in the request that needs it, does so in sight."""
    commit("flows/a.asl.json", machine(Store=PUT))
    base = commit("asl-iam.toml", 'account = "111122223333"\n')
    git("switch", "-q", "-c", "topic")
    head = commit("asl-iam.toml", 'account = "111122223333"\n[assume]\n"$.table" = "orders"\n')
    server.state.heads[7] = head
    event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
    environment = actions(server, event, tmp_path_factory.mktemp("job"))
    assert run(environment).stderr == "comment: nothing to say\n"
    done = CliRunner().invoke(main, ["comment"], env=environment)
    assert (done.exit_code, done.stderr) == (0, "comment: written\n")
    [text] = server.state.bodies()
    assert "⚠️ This request changes <code>asl-iam.toml</code>, which says what is assumed and what is lived with." in text
    Path("flows").joinpath("asl-iam.toml").write_text("")  # the nearest one counts, which the request does not change
    done = CliRunner().invoke(main, ["comment", "--config", "flows/asl-iam.toml", "--dry-run"], env=environment)
    assert "This request changes" not in done.output


def test_what_write_would_write_is_suggested_in_the_diff(server: Forge, request_of: Requested) -> None:
    """The policy that the request breaks is put right by one click, and the comment says so. The next run says nothing new."""
    environment = request_of(TEMPLATE, LACKING)
    done = run(environment)
    assert (done.exit_code, done.stderr) == (0, "comment: written\nsuggestions: 1 in the diff\n")
    [one] = server.state.diff.comments.values()
    assert (one["sent"]["commit_id"], one["path"], one["start"], one["line"]) == (server.state.heads[7], "infra/t.yaml", 16, 18)
    lines = ["            - Sid: SqsSendMessage", "              Effect: Allow", "              Action: sqs:SendMessage"]
    assert "\n".join(("```suggestion", *lines, "```")) in one["body"]
    assert "one click in the diff puts this, at <code>infra/t.yaml:16</code>." in server.state.bodies()[0]
    server.state.asked.clear()
    run(environment)
    assert {"pulls/create-review-comment", "pulls/delete-review-comment"}.isdisjoint(server.state.asked)


def test_a_suggestion_that_was_taken_is_withdrawn(server: Forge, request_of: Requested) -> None:
    """When the template says what it should, nothing is left to suggest."""
    run(request_of(TEMPLATE, LACKING))
    assert len(server.state.diff.comments) == 1
    run(request_of(LACKING, TEMPLATE))
    assert server.state.diff.comments == {}


def test_what_the_diff_does_not_show_is_left_to_the_comment(server: Forge, request_of: Requested) -> None:
    """The policy is ten lines below the state that changes."""
    tags = "      Tags:\n" + "".join(f"        T{number}: x\n" for number in range(9))
    far = TEMPLATE.replace("      Policies:", f"{tags}      Policies:") + "  Other: {Type: AWS::SQS::Queue}\n"
    environment = request_of(far, far.replace("QueueUrl: !Ref Jobs", "QueueUrl: !Ref Other"))
    assert run(environment).stderr == "comment: written\n"
    assert server.state.diff.comments == {}
    assert "which does not show all lines that it changes: `asl-iam write` puts it there." in server.state.bodies()[0]


def test_another_spelling_of_the_same_policy_is_not_corrected(server: Forge, request_of: Requested) -> None:
    """`check` finds nothing, so there is nothing to apply."""
    environment = request_of("", TEMPLATE.replace("SqsSendMessage", "MyOwnName"))
    assert run(environment).stderr == "comment: written\n"
    assert server.state.diff.comments == {}


def test_what_write_refuses_is_not_suggested(server: Forge, request_of: Requested) -> None:
    """A role that serves others too is nobody's to write."""
    role = """\
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: [%s]}}]
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
      Definition:
        StartAt: A
        States:
          A:
            Type: Task
            Resource: arn:aws:states:::sqs:sendMessage
            Parameters: {QueueUrl: !Ref Jobs, MessageBody: m}
            End: true
  Jobs: {Type: AWS::SQS::Queue}
"""
    run(request_of("", role % "states.amazonaws.com, lambda.amazonaws.com"))
    assert server.state.diff.comments == {}
    run(request_of("", role % "states.amazonaws.com", path="infra/own.yaml"))
    assert {one["path"] for one in server.state.diff.comments.values()} == {"infra/own.yaml"}


def test_suggestions_can_be_left_out(server: Forge, request_of: Requested) -> None:
    """Then the comment does not speak of them, and the forge is not asked about any."""
    environment = request_of(TEMPLATE, LACKING)
    assert run(environment, "--no-suggest").stderr == "comment: written\n"
    assert "one click" not in server.state.bodies()[0]
    assert not [one for one in server.state.asked if "review" in one]


def test_a_dry_run_prints_what_would_be_suggested(server: Forge, request_of: Requested) -> None:
    """After the comment, with the lines it is for; but not where it is not wanted."""
    environment = request_of(TEMPLATE, LACKING)
    said = run(environment, "--dry-run").stdout
    assert "In the diff, in the place of <code>infra/t.yaml:16-18</code>:" in said
    assert said.count("```suggestion\n") == 1
    assert "```suggestion" not in run(environment, "--dry-run", "--no-suggest").stdout
    assert server.state.asked == []


@pytest.mark.parametrize("folder", [".", "infra"])
@pytest.mark.parametrize("machine", [(), ("--machine", "Flow")], ids=["all", "one"])
def test_paths_of_suggestions_begin_at_the_top(
    server: Forge,
    request_of: Requested,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    machine: tuple[str, ...],
) -> None:
    """Wherever the command runs, and whether one machine or all are looked at."""
    environment = request_of(TEMPLATE, LACKING)
    monkeypatch.chdir(folder)
    run(environment, *machine)
    assert [one["path"] for one in server.state.diff.comments.values()] == ["infra/t.yaml"]


@pytest.mark.parametrize(
    "path", ["-p.yaml", "a b/:(top)t.yaml", "é.yaml", "*.yaml", 'q"t.yaml', "--output=x.yaml", "a:b.yaml", "$(x);`x`.yaml"]
)
def test_names_of_files_are_anybodys(server: Forge, request_of: Requested, path: str, tmp_path: Path) -> None:
    """None of them is an option, a pattern or a command of anything."""
    before = {one.name for one in tmp_path.iterdir()}
    run(request_of(TEMPLATE, LACKING, path=f"d/{path}" if path.startswith("-") else path))
    assert len(server.state.diff.comments) == 1
    assert {one.name for one in tmp_path.iterdir()} - before <= {"d", "a b", path}


def test_a_name_that_no_review_takes_is_no_place_for_a_suggestion(server: Forge, request_of: Requested) -> None:
    """A file of a hidden folder may be what runs next: it is looked at only when it is named, and never suggested into."""
    environment = request_of(TEMPLATE, LACKING, path=".github/t.yaml")
    assert run(environment, ".github/t.yaml").stderr == "comment: written\n"
    assert server.state.diff.comments == {}


def test_of_a_file_that_is_renamed_only_what_changes_is_shown(server: Forge, request_of: Requested) -> None:
    """As forges show it: the rest of the file is no place for a suggestion."""
    far = TEMPLATE + "".join(f"  Q{number}: {{Type: AWS::SQS::Queue}}\n" for number in range(30))
    tail = far.replace("Q29:", "Q30:").replace("Action: sqs:SendMessage", "Action: sqs:ReceiveMessage")
    lacking = far.replace("Action: sqs:SendMessage", "Action: sqs:ReceiveMessage")
    run(request_of(lacking, tail, moved_to="infra/new.yaml"))
    assert server.state.diff.comments == {}
    run(request_of(far, lacking, path="infra/other.yaml", moved_to="infra/newer.yaml"))
    assert [one["path"] for one in server.state.diff.comments.values()] == ["infra/newer.yaml"]


@pytest.mark.parametrize(
    "setting",
    ["diff.external=false", "diff.context=0", "diff.noprefix=true", "diff.algorithm=patience", "diff.suppressBlankEmpty=true",
     "diff.interHunkContext=99", "color.ui=always", "diff.renames=false", "diff.relative=true", "diff.orderFile=/no/such/file"],
)  # fmt: skip
def test_settings_of_git_change_nothing(
    server: Forge,
    request_of: Requested,
    git: Callable[..., str],
    setting: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Forges have none of them."""
    environment = request_of(TEMPLATE, LACKING)
    git("config", *setting.split("="))
    Path("infra/.gitattributes").write_text("*.yaml -diff\n")
    monkeypatch.chdir("infra")
    run(environment)
    assert [one["line"] for one in server.state.diff.comments.values()] == [18]


@pytest.mark.parametrize(
    "change", [lambda text: text.replace("\n", "\r\n"), lambda text: text.removesuffix("\n")], ids=["CRLF", "no end"]
)
def test_line_ends_that_a_forge_would_change_are_not_touched(
    git: Callable[..., str], request_of: Requested, server: Forge, change: Callable[[str], str]
) -> None:
    """The last line of the second is no part of the policy, which is suggested; of the first no line stays as it is."""
    git("config", "core.autocrlf", "false")
    run(request_of(change(TEMPLATE), change(LACKING)))
    offered = server.state.diff.comments
    assert len(offered) == (0 if "\r" in change(TEMPLATE) else 1)
    assert ("where a forge could not put it there as it is" in server.state.bodies()[0]) == (not offered)


def test_a_forge_that_takes_no_comment_in_the_diff_is_no_failure(server: Forge, request_of: Requested) -> None:
    """It is told, and the comment stands."""
    environment = request_of(TEMPLATE, LACKING)
    server.state.diff.lines = {}
    done = run(environment)
    assert done.exit_code == 0
    assert "suggestions: none at infra/t.yaml:18: the forge refused (status 422" in done.stderr
    assert len(server.state.bodies()) == 1


def test_the_second_workflow_suggests_what_the_first_found(
    server: Forge, request_of: Requested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without git and without the files: the review says it all."""
    analysing = {**request_of(TEMPLATE, LACKING), "GITHUB_TOKEN": ""}
    review = tmp_path / "review.json"
    assert run(analysing, "--dry-run", "--review", str(review)).exit_code == 0
    started = {"head_sha": server.state.heads[7], "head_branch": "topic", "head_repository": {"owner": {"login": "stranger"}}}
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    environment = actions(server, {"workflow_run": started}, tmp_path)
    done = run(environment, "--from", str(review))
    assert done.stderr == "comment: written\nsuggestions: 1 in the diff\n"
    assert [one["path"] for one in server.state.diff.comments.values()] == ["infra/t.yaml"]
    assert run(environment, "--from", str(review), "--no-suggest").stderr == "comment: written\n"
    assert "one click" not in server.state.bodies()[0]


# ---------------------------------------------------------------------------------------------------------------- forks


@pytest.fixture
def fork(server: Forge, job: dict[str, str], ends: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of the run that comments, after the run that analyses has left a review."""
    review = tmp_path_factory.mktemp("artifact") / "review.json"
    analysing = {name: value for name, value in job.items() if name != "GITHUB_TOKEN"}
    assert run(analysing, "--dry-run", "--review", str(review)).exit_code == 0
    started = {"head_sha": ends[1], "head_branch": "topic", "head_repository": {"owner": {"login": "stranger"}}}
    environment = actions(server, {"workflow_run": started}, tmp_path_factory.mktemp("commenting"))
    return {**environment, "REVIEW": str(review)}


def test_the_second_workflow_comments_on_what_the_first_left(
    server: Forge, fork: dict[str, str], ends: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the files of the pull request: what is linked is the commit that GitHub names."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    done = run(fork, "--from", fork["REVIEW"])
    assert (done.exit_code, done.stderr) == (0, "comment: written\n")
    [text] = server.state.bodies()
    assert "**1 state machine · 1 needs new permissions (+1 −1) · 1 wildcard to close**" in text
    assert f"/acme/flows/blob/{ends[1]}/flows/orders.asl.json#L4)" in text


def test_the_second_workflow_says_that_it_only_passes_on_what_it_was_given(
    server: Forge, fork: dict[str, str], job: dict[str, str]
) -> None:
    """Whoever opened the request can have any review written, one with nothing in it, too."""
    path = Path(fork["REVIEW"])
    run(fork, "--from", str(path))
    review = json.loads(path.read_text())
    path.write_text(json.dumps(review | {"machines": []}))
    [text] = server.state.bodies()
    run(fork, "--from", str(path))
    [other] = server.state.bodies()
    assert NOTHING in other
    assert (GIVEN in text, GIVEN in other) == (True, True)
    assert GIVEN in Path(fork["GITHUB_STEP_SUMMARY"]).read_text()
    run(job)
    assert GIVEN not in server.state.bodies()[0]


def test_a_pull_request_that_moved_on_is_left_to_the_next_run(server: Forge, fork: dict[str, str]) -> None:
    """The review is about a commit that is no longer there."""
    server.state.heads[7] = "e" * 40
    done = run(fork, "--from", fork["REVIEW"])
    assert done.exit_code == 0
    assert "has moved on" in done.stderr
    assert server.state.comments == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda review: review.update(schema="asl-iam/v1"),
        lambda review: review["machines"][0].update(html="<script>"),
        lambda review: review["machines"][0].update(path="../../../evil/repo"),
        lambda review: review["machines"][0]["permissions"][0]["reasons"][0]["spot"].update(path="a/../../b"),
        lambda review: review["machines"][0]["permissions"][0]["reasons"][0].update(page="https://evil.example.com/"),
        lambda review: review["machines"][0]["permissions"][0]["reasons"][0].update(page="https://github.com/aws/../evil/x"),
        lambda review: review["machines"][0]["permissions"][0]["reasons"][0].update(page="https://github.com/aws/%2E%2e/evil/x"),
        lambda review: review["machines"][0].update(diagram="flowchart TD\n  click s1 href\n"),
        lambda review: review["machines"][0].update(diagram="%%{init: {}}%%\nflowchart TD\n"),
        lambda review: review.update(total="3"),
        lambda review: review.update(total=True),
        lambda review: review["machines"][0]["permissions"][0].update(certainty="exact</code>"),
        lambda review: review["machines"][0]["suggestion"].append({"title": "t", "language": "json\n```", "text": ""}),
    ],
    ids=[
        "another schema",
        "a field too many",
        "a path upwards",
        "a way upwards inside",
        "another site",
        "a way to another site",
        "a way to another site that is written otherwise",
        "a diagram that is clicked",
        "a directive of a diagram",
        "a text for a number",
        "a flag for a number",
        "a tag for a word",
        "a fence in a language",
    ],
)
def test_a_review_that_its_schema_refuses_is_not_posted(
    server: Forge, fork: dict[str, str], change: Callable[[dict[str, Any]], None]
) -> None:
    """The run that wrote it is anybody's."""
    path = Path(fork["REVIEW"])
    review = json.loads(path.read_text())
    change(review)
    path.write_text(json.dumps(review))
    done = run(fork, "--from", str(path))
    assert done.exit_code == 3
    assert "no review" in done.stderr
    assert server.state.asked == []


# ----------------------------------------------------------------------------------------------------- a process and its end


def spawn(environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start the command as a process of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    root = str(Path(__file__).parent.parent)
    return subprocess.Popen(
        [sys.executable, "-m", "analyzer", "comment", "--no-config"],
        env={**kept, **environment, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_that_is_killed_while_it_writes_leaves_one_comment(server: Forge, job: dict[str, str]) -> None:
    """The answer to what it wrote never reaches it; the next process finds the comment and makes no second one."""
    first = spawn(job)

    def kill(operation: str) -> None:
        if operation == "issues/create-comment":
            server.state.after = lambda _: None
            first.send_signal(signal.SIGKILL)
            first.wait(30)

    server.state.after = kill
    first.communicate(timeout=60)
    assert first.returncode == -signal.SIGKILL
    assert len(server.state.comments) == 1
    second = spawn(job)
    _, said = second.communicate(timeout=60)
    assert (second.returncode, said) == (0, "comment: written\n")
    assert len(server.state.bodies(ME)) == 1


# --------------------------------------------------------------------------------------------------------------- GitLab


def test_a_merge_request_gets_a_note_and_a_code_quality_report(ends: tuple[str, str], tmp_path: Path) -> None:
    """The same comment, by the variables and the token of GitLab."""
    forge = Forge("gitlab")
    thread = threading.Thread(target=forge.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    forge.state.heads[7] = ends[1]
    environment = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": forge.url,
        "CI_SERVER_URL": "https://gitlab.example.com",
        "CI_PROJECT_PATH": "acme/teams/flows",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": ends[0],
        "CI_COMMIT_SHA": ends[1],
        "GITLAB_TOKEN": TOKEN,
    }
    done = run(environment, "--code-quality", str(tmp_path / "quality.json"))
    forge.shutdown()
    forge.server_close()
    thread.join()
    assert (done.exit_code, done.stdout, forge.state.complaints) == (0, "", [])
    [text] = forge.state.bodies()
    assert f"(https://gitlab.example.com/acme/teams/flows/-/blob/{ends[1]}/flows/orders.asl.json#L4)" in text
    [entry] = json.loads((tmp_path / "quality.json").read_text())
    assert (entry["check_name"], entry["severity"]) == ("unresolved-resource", "minor")
    assert entry["location"] == {"path": "flows/orders.asl.json", "lines": {"begin": 8}}


# --------------------------------------------------------------------------------------------- Azure DevOps and Bitbucket


@pytest.fixture
def pipeline(ends: tuple[str, str], git: Callable[..., str]) -> dict[str, str]:
    """Return the environment of a run of Azure Pipelines for a request, whose names have spaces in them."""
    git("update-ref", "refs/remotes/origin/release/1", ends[0])
    return {
        "TF_BUILD": "True",
        "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
        "SYSTEM_TEAMPROJECT": "All Flows",
        "SYSTEM_TEAMPROJECTID": "6f2a0c4e-0000-4000-8000-00000000000a",
        "BUILD_REPOSITORY_PROVIDER": "TfsGit",
        "BUILD_REPOSITORY_ID": "6f2a0c4e-0000-4000-8000-00000000000b",
        "BUILD_REPOSITORY_NAME": "Order Flows",
        "BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/All%20Flows/_git/Order%20Flows",
        "BUILD_SOURCEVERSION": "c" * 40,
        "BUILD_BUILDID": "42",
        "SYSTEM_JOBATTEMPT": "2",
        "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
        "SYSTEM_PULLREQUEST_SOURCECOMMITID": ends[1],
        "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/release/1",
        "SYSTEM_ACCESSTOKEN": TOKEN,
    }


def test_a_pull_request_of_azure_gets_a_thread(ends: tuple[str, str], pipeline: dict[str, str]) -> None:
    """It compares with the branch that was fetched, and links a line by the name of the repository."""
    with running("azure") as forge:
        forge.state.heads[7] = ends[1]
        done = run({**pipeline, "SYSTEM_COLLECTIONURI": f"{forge.url}/"})
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", "comment: written\n")
        [text] = forge.state.bodies()
        assert run({**pipeline, "SYSTEM_COLLECTIONURI": f"{forge.url}/"}).stderr == "comment: written\n"
        assert forge.state.asked.count("issues/create-comment") == 1
    marker = marker_of(text)
    assert marker is not None
    assert (marker.head, marker.run) == (ends[1], 42_002)
    assert "**1 state machine · 1 needs new permissions (+1 −1) · 1 wildcard to close**" in text
    page = f"https://dev.azure.com/acme/All%20Flows/_git/Order%20Flows?version=GC{ends[1]}&path=/flows/orders.asl.json"
    assert f"({page}&line=4&lineEnd=4&lineStartColumn=1&lineEndColumn=999)" in text
    assert "mermaid" not in text


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("https://acme@dev.azure.com/acme/All%20Flows/_git/x", "https://dev.azure.com/acme/All%20Flows/_git/x"),
        ("https://dev.azure.com/acme/a(b)/_git/x", "https://dev.azure.com/acme/a%28b%29/_git/x"),
        ("https://user:password@example.com:8080/tfs/p/_git/x", "https://example.com:8080/tfs/p/_git/x"),
        ("ssh://git@example.com/x", ""),
        ("https://example.com](https://evil.example.com)/x", ""),
        ("", ""),
    ],
)
def test_a_repository_of_azure_is_linked_without_who_fetches_from_it(pipeline: dict[str, str], address: str, server: str) -> None:
    """The address has a name in it, or worse; what is no address links nothing."""
    assert job_of({**pipeline, "BUILD_REPOSITORY_URI": address}).server == server


def test_what_azure_builds_of_another_forge_is_no_request_of_azure(pipeline: dict[str, str]) -> None:
    """Its number counts something else."""
    done = run({**pipeline, "BUILD_REPOSITORY_PROVIDER": "GitHub"})
    assert done.exit_code == 2
    assert "nothing says what to compare" in done.stderr


def test_azure_without_a_token_is_told_which(pipeline: dict[str, str]) -> None:
    """The token is only there when a step asks for it."""
    del pipeline["SYSTEM_ACCESSTOKEN"]
    done = run(pipeline)
    assert done.exit_code == 2
    assert "there is no token in SYSTEM_ACCESSTOKEN" in done.stderr


def test_nothing_printed_is_obeyed_by_the_agent_of_azure(pipeline: dict[str, str], commit: Callable[[str, str], str]) -> None:
    """An agent looks for commands anywhere in a line, and knows no way to be told to stop."""
    name = "##vso[task.setvariable variable=PATH]x"
    head = commit("flows/orders.asl.json", machine(**{name: {**PUT, "Parameters": {"TableName": name, "Item": {}}}}))
    done = run({**pipeline, "SYSTEM_PULLREQUEST_SOURCECOMMITID": head}, "--dry-run")
    assert done.exit_code == 0
    assert "vso" in done.stdout
    assert "##vso[" not in done.output


def test_nothing_quoted_is_obeyed_by_the_agent_of_azure(pipeline: dict[str, str], commit: Callable[[str, str], str]) -> None:
    """A message that shows the line that is wrong shows what stands there."""
    head = commit("flows/orders.asl.json", '{"StartAt": "##vso[task.setvariable variable=PATH]x", "States": {}')
    done = run({**pipeline, "SYSTEM_PULLREQUEST_SOURCECOMMITID": head}, "--dry-run")
    assert done.exit_code == 3
    assert "vso[" in done.stderr
    assert "##vso[" not in done.output


@pytest.fixture
def bitbucket(ends: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    """Return a running Bitbucket, on which request 7 stands at the head."""
    with running("bitbucket") as forge:
        forge.state.heads[7] = ends[1]
        monkeypatch.setattr("analyzer.bot.bitbucket.API", forge.url)
        yield forge


@pytest.fixture
def step(ends: tuple[str, str]) -> dict[str, str]:
    """Return the environment of a step of Bitbucket Pipelines for request 7."""
    return {
        "BITBUCKET_BUILD_NUMBER": "42",
        "BITBUCKET_STEP_RUN_NUMBER": "1",
        "BITBUCKET_REPO_FULL_NAME": "acme/flows",
        "BITBUCKET_PR_ID": "7",
        "BITBUCKET_PR_DESTINATION_COMMIT": ends[0],
        "BITBUCKET_COMMIT": ends[1],
        "BITBUCKET_TOKEN": TOKEN,
    }


@pytest.mark.parametrize("digits", [12, 40])
def test_a_pull_request_of_bitbucket_gets_a_comment(
    bitbucket: Forge, step: dict[str, str], ends: tuple[str, str], digits: int
) -> None:
    """Its pipelines name the commit that it starts from by its first digits."""
    environment = {**step, "BITBUCKET_PR_DESTINATION_COMMIT": ends[0][:digits]}
    done = run(environment)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "comment: written\n")
    [text] = bitbucket.state.bodies()
    assert run(environment).stderr == "comment: written\n"
    assert bitbucket.state.asked.count("issues/create-comment") == 1
    marker = marker_of(text)
    assert marker is not None
    assert (marker.head, marker.run) == (ends[1], 42_001)
    assert text.startswith("[//]: # (asl-iam:v1 ")
    assert f"[`Ask \\x40team`](https://bitbucket.org/acme/flows/src/{ends[1]}/flows/orders.asl.json#lines-4)" in text
    assert not re.search(r"<[a-z!/]", text)


def test_bitbucket_shows_remarks_beside_their_lines(bitbucket: Forge, step: dict[str, str], ends: tuple[str, str]) -> None:
    """In a report on the commit, which a second run puts in the place of the first one's."""
    run(step)
    run(step)
    [(name, found)] = bitbucket.state.reports.items()
    assert name == f"{ends[1]}/asl-iam-default"
    assert found["result"] == "PASSED"
    [annotation] = found["annotations"]
    assert (annotation["path"], annotation["line"], annotation["severity"]) == ("flows/orders.asl.json", 8, "MEDIUM")
    assert annotation["summary"].startswith("unresolved-resource: ")


def test_what_is_settled_takes_its_report_away(bitbucket: Forge, step: dict[str, str], commit: Callable[[str, str], str]) -> None:
    """Nothing is said where there is nothing to say."""
    head = commit("flows/orders.asl.json", machine(Store=PUT))
    bitbucket.state.heads[7] = head
    bitbucket.state.reports[f"{head}/asl-iam-default"] = {"annotations": [{}]}
    assert run({**step, "BITBUCKET_COMMIT": head}).stderr == "comment: nothing to say\n"
    assert bitbucket.state.reports == {}


@pytest.mark.parametrize("operation", ["reports/delete", "reports/put", "annotations/post"])
def test_a_report_that_is_refused_leaves_the_comment(bitbucket: Forge, step: dict[str, str], operation: str) -> None:
    """The comment says the same, so the run is none that failed."""
    bitbucket.state.faults = [(operation, "502")]
    done = run(step)
    assert done.exit_code == 0
    assert done.stderr == "comment: written\nnote: there is no report in Code Insights: the forge is busy (status 502)\n"
    assert len(bitbucket.state.bodies()) == 1


TERRAFORM = """
resource "aws_iam_role" "r" {
  assume_role_policy = "{}"
}
resource "aws_sfn_state_machine" "m" {
  role_arn = aws_iam_role.r.arn
  definition = jsonencode({
    StartAt = "A"
    States = {
      A = { Type = "Task", Resource = "arn:aws:states:::aws-sdk:sqs:deleteQueue", Parameters = { QueueUrl = "u" }, End = true }
    }
  })
}
"""
CALLED = 'module "m" {\n  source = "../../modules/m"\n}\n'


@pytest.mark.parametrize("path", [".", "envs"])
def test_terraform_of_a_revision_is_read_with_the_modules_that_it_calls(
    git: Callable[..., str], commit: Callable[[str, str], str], path: str
) -> None:
    """Without a checkout of them, too: a machine in `.tf` files that nobody looked at would be one that needs nothing new."""
    commit("modules/m/out.tf", 'output "m" { value = aws_sfn_state_machine.m.arn }\n')
    commit("envs/prod/main.tf", CALLED)
    base = commit("modules/m/main.tf", TERRAFORM)
    head = commit("modules/m/main.tf", TERRAFORM.replace("deleteQueue", "purgeQueue"))
    git("rm", "-qr", "modules", "envs")  # nothing of it is looked for in the checkout
    text = run({}, "--base", base, "--head", head, "--dry-run", path).stdout
    assert "**1 state machine · 1 needs new permissions (+1 −1)" in text
    assert "<code>sqs:PurgeQueue</code>" in text


def test_a_module_of_terraform_may_be_a_link(git: Callable[..., str], commit: Callable[[str, str], str]) -> None:
    """A folder that is one, and a file in it: modules share files so."""
    Path("modules").mkdir()
    Path("modules/m").symlink_to("../shared")
    Path("shared").mkdir()
    Path("shared/main.tf").symlink_to("../common/machine.tf")
    git("add", "-A")
    commit("envs/prod/main.tf", CALLED)
    base = commit("common/machine.tf", TERRAFORM)
    head = commit("common/machine.tf", TERRAFORM.replace("deleteQueue", "purgeQueue"))
    text = run({}, "--base", base, "--head", head, "--dry-run", "envs").stdout
    assert "**1 state machine · 1 needs new permissions (+1 −1)" in text


def test_a_line_of_a_text_that_stands_in_no_file_is_not_linked(
    server: Forge, job: dict[str, str], commit: Callable[[str, str], str]
) -> None:
    """What a template puts together has lines of its own. The template is what somebody can open."""
    base = commit("main.tf", TERRAFORM)
    head = commit("main.tf", TERRAFORM.replace("deleteQueue", "purgeQueue"))
    server.state.heads[7] = head
    event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    done = run(job)
    assert f"[<code>A</code>](https://github.example.com/acme/flows/blob/{head}/main.tf)" in server.state.bodies()[0]
    assert set(re.findall(r"::\w+ file=([^,]*),title=[^,]*::", done.stdout)) == {"main.tf"}


def test_a_revision_of_many_files_is_read_whole(
    git: Callable[..., str], commit: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some at a time, so that what is held at once does not grow with the repository: each name has its own text."""
    monkeypatch.setattr("analyzer.cli.revisions.AT_ONCE", 3)
    texts = {f"{number}.asl.json": machine(**{f"S{number}": PUT}) for number in range(8)}
    for name, text in texts.items():
        Path(name).write_text(text)
    git("add", "-A")
    commit("empty.json", "")
    assert {name: source.text for name, source in read_revision("HEAD").sources(".").items()} == texts


APART = {"Resources": {"M": {"Type": "AWS::Serverless::StateMachine", "Properties": {"DefinitionUri": "../flows/a.asl.json"}}}}


def test_a_folder_may_name_files_beside_it(
    server: Forge, job: dict[str, str], commit: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a checkout, what a template names lies anywhere in the repository. What is linked is the template."""
    commit("infra/template.json", json.dumps(APART))
    base = commit("flows/a.asl.json", machine(Store=PUT))
    head = commit("flows/a.asl.json", machine(Send=SEND))
    commit("elsewhere/b.asl.json", machine(Store=PUT))
    server.state.heads[7] = head
    event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    monkeypatch.chdir("infra")
    assert run(job).stderr == "comment: written\n"
    [text] = server.state.bodies()
    assert "**1 state machine · 1 needs new permissions (+1 −1)" in text
    assert f"[<code>Send</code>](https://github.example.com/acme/flows/blob/{head}/infra/template.json)" in text


@pytest.mark.parametrize(("link", "target"), [("flows", "shared/flows"), ("flows/a.asl.json", "../shared/flows/a.asl.json")])
def test_links_inside_a_revision_are_followed_where_a_template_names_them(
    git: Callable[..., str], commit: Callable[[str, str], str], link: str, target: str
) -> None:
    """As in a checkout, of a folder as of a file."""
    Path(link).parent.mkdir(exist_ok=True)
    Path(link).symlink_to(target)
    git("add", "-A")
    commit("infra/template.json", json.dumps(APART))
    base = commit("shared/flows/a.asl.json", machine(Store=PUT))
    head = commit("shared/flows/a.asl.json", machine(Send=SEND))
    done = run({}, "--base", base, "--head", head, "--dry-run", "infra")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "**1 state machine · 1 needs new permissions (+1 −1)" in done.stdout


@pytest.mark.parametrize("target", ["../../outside.asl.json", "{}/outside.asl.json", "a.asl.json", "../flows/./a.asl.json"])
def test_links_out_of_a_revision_and_in_a_circle_lead_nowhere(
    git: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """A file of the machine that reads is none of the repository."""
    git("init", "-q", "inner")
    monkeypatch.chdir("inner")
    (tmp_path / "outside.asl.json").write_text(machine(Secret=PUT))
    Path("flows").mkdir()
    Path("flows/a.asl.json").symlink_to(target.format(tmp_path))
    Path("infra").mkdir()
    Path("infra/template.json").write_text(json.dumps(APART))
    git("add", "-A")
    git("commit", "-q", "-m", "m")
    done = run({}, "--base", "HEAD", "--head", "HEAD", "--dry-run")
    assert (done.exit_code, "Secret" in done.output) == (3, False)
    assert "there is no file `../flows/a.asl.json`" in " ".join(done.stderr.split())
