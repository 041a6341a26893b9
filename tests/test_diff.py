"""`asl-iam diff` as a specification: one directory a case, `tests/diff/<a-sentence>/`.

A case has a `base` and a `head`, two files or two directories; `diff.txt` is what is printed, with the exit code of
`--fail-on added` in its last line. The same cases are compared once more as two revisions of a repository.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.cli import main
from analyzer.compare.changes import _Rights
from analyzer.compare.contain import gap
from analyzer.compare.globs import read
from analyzer.compare.statements import Clause, Place, Rights

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

HERE = Path(__file__).parent
CASES = sorted(path for path in (HERE / "diff").iterdir() if path.is_dir())
TREES = [case for case in CASES if (case / "base").is_dir()]
GIT = str(shutil.which("git"))
PUT = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "t", "Item": {}}, "End": True}


def run(*arguments: str) -> Result:
    """Run the command without a configuration; an exception that is not an exit is a failure."""
    done = CliRunner().invoke(main, ["diff", *arguments, "--no-config"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def sides(case: Path) -> tuple[str, str]:
    """Return the two sides of a case."""
    return ("base", "head") if (case / "base").is_dir() else ("base.json", "head.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """What each case prints, to the byte."""
    monkeypatch.chdir(case)
    done = run(*sides(case), "--fail-on", "added")
    expect(case / "diff.txt", f"{done.stdout}{done.stderr}exit {done.exit_code}\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_json_says_the_same(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document keeps to its schema and has as many permissions as the text."""
    monkeypatch.chdir(case)
    document = json.loads(run(*sides(case), "--format", "json").stdout)
    jsonschema.validate(document, json.loads(CliRunner().invoke(main, ["schema", "diff"]).stdout))
    lines = run(*sides(case)).stdout.splitlines()
    for mark, kind in (("  + ", "added"), ("  - ", "removed")):
        assert sum(line.startswith(mark) for line in lines) == sum(len(one[kind]) for one in document["machines"])


GLOBS = st.text("ab*?", max_size=5)


@settings(max_examples=500)
@example(pattern="??a*", others=["*a", "????*"])
@example(pattern="*a", others=["a", "?*a"])
@given(pattern=GLOBS, others=st.lists(GLOBS, max_size=6))
def test_only_what_has_the_same_ends_can_hold_a_pattern(pattern: str, others: list[str]) -> None:
    """What is left out before the exact comparison changes none of its answers."""
    clauses = [Clause(Place(""), ("sqs:X",), (read(each),)) for each in others]
    rights = _Rights({}, {})
    for clause in clauses:
        rights.add(clause)
    near = Rights(tuple(rights.near("sqs:X", read(pattern))))
    whole = gap("sqs:X", read(pattern), (), Rights(tuple(clauses)))
    assert (gap("sqs:X", read(pattern), (), near) is None) == (whole is None)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return what runs git in an empty repository, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))

    def git(*arguments: str) -> str:
        command = [GIT, "-c", "user.name=n", "-c", "user.email=e@example.com", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    return git


def commit(git: Callable[..., str]) -> str:
    """Commit everything that is there."""
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "a commit")
    return git("rev-parse", "HEAD")


@pytest.mark.parametrize("case", TREES, ids=lambda case: case.name)
def test_revisions_are_compared_like_directories(case: Path, repository: Callable[..., str]) -> None:
    """Two commits give what two directories give, without a checkout: the files at hand stay as they are."""
    shutil.copytree(case / "base", "flows")
    commit(repository)
    repository("tag", "before")
    shutil.rmtree("flows")
    shutil.copytree(case / "head", "flows")
    head = commit(repository)
    Path("flows/half.asl.json").write_text("{")  # what is not committed is of no side
    before = sorted(str(path) for path in Path().rglob("*"))
    done = run("before", head[:12], "flows", "--fail-on", "added")
    told = f"{done.stdout}{done.stderr}exit {done.exit_code}\n".replace("flows/", "")
    assert told == (case / "diff.txt").read_text()
    assert sorted(str(path) for path in Path().rglob("*")) == before


def test_a_template_reads_its_files_in_its_revision(repository: Callable[..., str]) -> None:
    """The definition that a template names is the one of the same commit, not the one that lies there now."""
    template = "Resources: {Flow: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: ../flow.asl.json}}}"
    Path("stack").mkdir()
    Path("stack/template.yaml").write_text(template)
    for table in ("one", "two", "three"):
        state = {**PUT, "Parameters": {"TableName": table, "Item": {}}}
        Path("flow.asl.json").write_text(json.dumps({"StartAt": "Store", "States": {"Store": state}}))
        if table != "three":
            commit(repository)
    done = run("HEAD~1", "HEAD", "--format", "json")
    [machine] = json.loads(done.stdout)["machines"]
    assert (machine["name"], machine["path"]) == ("Flow", "stack/template.yaml")
    assert [row["resource"].rpartition("/")[2] for row in (*machine["removed"], *machine["added"])] == ["one", "two"]


def test_links_are_not_followed(repository: Callable[..., str], tmp_path: Path) -> None:
    """A link in a revision leads nowhere: neither as a definition nor as the file of a template."""
    secret = tmp_path.parent / "secret.asl.json"
    secret.write_text(json.dumps({"StartAt": "Store", "States": {"Store": PUT}}))
    commit(repository)
    Path("link.asl.json").symlink_to(secret)
    outside = "{Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: ../secret.asl.json}}"
    linked = "{Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: link.asl.json}}"
    Path("template.yaml").write_text(f"Resources: {{A: {linked}, B: {outside}}}")
    commit(repository)
    done = run("HEAD~1", "HEAD")
    assert (done.exit_code, done.stdout) == (3, "nothing changed\n")
    assert done.stderr.count("there is no file") == 2


@pytest.mark.parametrize(
    "revision", ["--output=x", "-n", "", " ", "no-such-branch", "HEAD\n", "HEAD:flow.asl.json", "HEAD..HEAD"]
)
def test_what_is_no_revision_is_wrong_usage(revision: str, repository: Callable[..., str]) -> None:
    """An option of git, an unknown name and anything else that names no commit is refused, and nothing is written."""
    Path("flow.asl.json").write_text("{}")
    commit(repository)
    done = (
        run("--", revision, "HEAD")
        if not revision.startswith("-")
        else CliRunner().invoke(main, ["diff", "--", revision, "HEAD"])
    )
    assert done.exit_code == 2
    assert not Path("x").exists()


@pytest.mark.parametrize("path", ["..", "../x", "flows/../..", "/"])
def test_a_path_stays_in_the_repository(path: str, repository: Callable[..., str]) -> None:
    """The PATH of revisions does not lead out of the current folder."""
    commit(repository)
    assert run("HEAD", "HEAD", path).exit_code == 2


def test_a_file_is_not_compared_with_a_directory(tmp_path: Path) -> None:
    """Two sides are of one kind."""
    (tmp_path / "flow.asl.json").write_text("{}")
    assert run(str(tmp_path), str(tmp_path / "flow.asl.json")).exit_code == 2


@pytest.mark.parametrize(("limit", "code"), [("added", 0), ("any", 1), ("never", 0)])
def test_fail_on(limit: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that only lost a permission fails when anything counts."""
    monkeypatch.chdir(HERE / "diff" / "a-narrower-permission-takes-away")
    assert run("base.json", "head.json", "--fail-on", limit).exit_code == code
