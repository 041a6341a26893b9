"""What policies hold as a whole: their sizes, and trust that stays within what a role has room for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from iam import listed
from jsonschema import Draft202012Validator

from analyzer import Analysis, analyze, make_context, report
from analyzer.cli import main
from analyzer.errors import OptionError
from analyzer.policy import LIMITS, TRUST_LIMIT, policy_size
from analyzer.report import policy_documents
from analyzer.report.document import schema_text
from analyzer.text import Source

if TYPE_CHECKING:
    from click.testing import Result

ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:Machine"


def machine(*states: dict[str, object]) -> Source:
    """Return a definition that runs *states* one after the other."""
    names = [f"s{number}" for number in range(len(states))]
    follow = [{"Next": name} for name in names[1:]] + [{"End": True}]
    chained = {name: {**state, **after} for name, state, after in zip(names, states, follow, strict=True)}
    return Source(json.dumps({"StartAt": names[0], "States": chained}), "x")


def put(table: str, role: str | None = None) -> dict[str, object]:
    """Return a task that writes to *table*, under *role* when there is one."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": table}}
    return {**task, "Credentials": {"RoleArn": role}} if role else task


def chain(number: int, role: str | None = None, name: str = "a-table-with-a-long-name") -> Analysis:
    """Analyse a machine of that many tasks, each on a table of its own."""
    return analyze(machine(*(put(f"{name}-{one:04}", role) for one in range(number))), make_context(arn=ARN))


def found(analysis: Analysis, id: str) -> list[str]:
    """Return the messages of one kind."""
    return [one.message for one in analysis.diagnostics if one.id == id]


@pytest.mark.parametrize("role", [None, "arn:aws:iam::444455556666:role/far"])
def test_a_policy_that_is_too_large_inline_is_split_for_every_role(role: str | None) -> None:
    """The limits hold for the execution role as for the roles taken on by Credentials; a warning says what was done."""
    analysis = chain(200, role)
    [message] = found(analysis, "policy-split")
    assert message.startswith(f"the policy of {f'`{role}`' if role else 'the execution role'} has 1")
    assert message.endswith(" characters, and 10,240 are allowed inline: the rest is in a managed policy")
    [inline, managed] = analysis.targets[0].documents if role else analysis.documents
    assert policy_size(inline.to_dict()) <= LIMITS.inline
    assert policy_size(managed.to_dict()) <= LIMITS.managed


def test_a_policy_that_fits_says_nothing() -> None:
    """Nothing is split, and nothing said, as long as the inline policy has room."""
    analysis = chain(100)
    assert analysis.documents == (analysis.policy,)
    assert found(analysis, "policy-split") == found(analysis, "policy-too-large") == found(analysis, "possible-widening") == []


def test_a_policy_that_no_role_can_hold_says_what_makes_it_large_and_what_would_help() -> None:
    """The error names services and states with their characters; each pattern that would help has its price. None is taken."""
    tasks = [put(f"{('orders', 'orders-eu', 'users')[one % 3]}-table-{one:04}") for one in range(1_200)]
    logger = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": "arn:aws:sns:us-east-1:111122223333:" + "t" * 200},
    }
    analysis = analyze(machine(*tasks, logger), make_context(arn=ARN))
    [message] = found(analysis, "policy-too-large")
    size = policy_size(analysis.policy.to_dict())
    assert message.startswith(
        f"the policy of the execution role has {size:,} characters, and 10,240 are allowed inline; "
        "10 managed policies of 6,144 do not hold the rest; the largest statements are those of dynamodb with "
    )
    assert "; the most that one state alone names are the resources of `s1200` with 238 characters, `s1" in message
    assert message.endswith(" and 1,198 more states")
    table = "arn:aws:dynamodb:us-east-1:111122223333:table/"
    prices = found(analysis, "possible-widening")
    assert [price.partition(" saves ")[0] for price in sorted(prices)] == [
        f"`{table}*` in the place of 1,200 resources",
        f"`{table}orders-*` in the place of 800 resources",
        f"`{table}orders-eu-table-*` in the place of 400 resources",
        f"`{table}orders-table-*` in the place of 400 resources",
        f"`{table}users-table-*` in the place of 400 resources",
    ]
    assert all(", which is enough, and also grants dynamodb:PutItem on every other table" in price for price in prices)
    assert any(price.endswith(" whose name begins with `orders-`, and on what is below one") for price in prices)
    assert "*" not in json.dumps(analysis.policy.to_dict())
    assert len(analysis.documents) > 11


def test_a_widening_that_is_not_enough_does_not_say_so() -> None:
    """Whether a pattern alone makes the policy fit is tried, not guessed."""
    tasks = [put(f"orders-{one:04}") for one in range(100)] + [put(f"{'name' * 10}{one:04}x") for one in range(1_500)]
    prices = found(analyze(machine(*tasks), make_context(arn=ARN)), "possible-widening")
    assert [", which is enough," in price for price in sorted(prices)] == [True, False]


# ------------------------------------------------------------------------------------------------- in the several formats


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work beside a definition whose policy takes two documents."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "large.json").write_text(machine(*(put(f"a-table-with-a-long-name-{one:04}") for one in range(200))).text)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["analyze", "large.json", "--arn", ARN, *arguments], prog_name="asl-iam")


def resources(written: Any) -> list[str]:
    """Return the resources of a document."""
    return [resource for statement in written["Statement"] for resource in listed(statement["Resource"])]


@pytest.mark.usefixtures("large")
def test_json_has_all_documents() -> None:
    """The inline policy is in its place, and the managed ones in theirs; together they have everything, and follow the schema."""
    printed = json.loads(run("--format", "json").stdout)
    assert list(Draft202012Validator(json.loads(schema_text())).iter_errors(printed)) == []
    [one] = printed["machines"]
    assert len(one["overflow_policies"]) == 1
    assert len({*resources(one["policy"]), *resources(one["overflow_policies"][0])}) == 200


@pytest.mark.usefixtures("large")
def test_the_text_report_shows_all_documents() -> None:
    """Each document has its number and says what it is to the role."""
    lines = run().stdout.splitlines()
    titles = [line for line in lines if line.startswith("Policy of")]
    assert titles == ["Policy of the execution role, 1 of 2, inline", "Policy of the execution role, 2 of 2, a managed policy"]


@pytest.mark.parametrize("output", [[], ["-o", "-"], ["-o", "/dev/null"]])
def test_the_policy_format_prints_one_document_or_none(large: Path, output: list[str]) -> None:
    """Where there is room for one document only, nothing is printed, and the message says how to get all of them."""
    done = run("--format", "policy", "-q", *output)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "the policy is in 2 documents, and --format policy prints one: "
        "give a file with -o FILE, which writes each to a file of its own, or take --format json\n"
    )
    assert sorted(path.name for path in large.iterdir()) == ["large.json"]


def test_the_policy_format_writes_a_file_for_each_document(large: Path) -> None:
    """With -o the inline policy is in the file that was named, and each managed one beside it, with its number."""
    done = run("--format", "policy", "-q", "-o", "role.policy.json")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == (
        "role.policy.json is the inline policy, role.policy.2.json is a managed policy to be attached to the role\n"
    )
    written = [json.loads((large / name).read_text()) for name in ("role.policy.json", "role.policy.2.json")]
    assert [policy_size(one) <= limit for one, limit in zip(written, (LIMITS.inline, LIMITS.managed), strict=True)] == [
        True,
        True,
    ]
    assert len({resource for one in written for resource in resources(one)}) == 200
    assert len(list(large.iterdir())) == 3


def test_the_library_has_all_documents() -> None:
    """One text of the format `policy` is refused where there are several; `policy_documents` returns them."""
    analysis = chain(200)
    with pytest.raises(OptionError, match="holds one document, and the policy is in 2"):
        report(analysis, "policy")
    assert [json.loads(text) for text in policy_documents(analysis)] == [one.to_dict() for one in analysis.documents]


@pytest.mark.parametrize("number", [1, 3, 12, 200])
def test_a_trust_policy_fits_whatever_the_number_of_labels(number: int) -> None:
    """Few labels are named one by one; many become one pattern, below this machine's own name."""

    def each(label: str) -> dict[str, object]:
        inside = {"StartAt": label, "States": {label: {"Type": "Succeed"}}}
        processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inside}
        return {"Type": "Map", "Label": label, "ItemProcessor": processor}

    trust = analyze(machine(*(each(f"label-{one:034}") for one in range(number))), make_context(arn=ARN)).trust
    sources = trust["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert policy_size(trust) <= TRUST_LIMIT
    assert sources == [ARN, *(f"{ARN}/label-{one:034}" for one in range(number))] or sources == [ARN, f"{ARN}/*"]
    assert (len(sources) == number + 1) or number > 3
