"""`asl-iam write`: the policy goes where the role is declared, and nothing else changes."""

from __future__ import annotations

import shutil
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from render.templates_found import READABLE, document_of, label, policies, run, text_of

from analyzer.cli import main
from analyzer.errors import CannotEdit
from analyzer.render.inplace import replaced
from analyzer.render.stack import Tagged, long_form
from analyzer.sources import parse_any
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATES = Path(__file__).parent / "render" / "templates"

REFUSED = {
    "bedrock-evaluations-sam/template.yaml": "serves others too: `bedrock.amazonaws.com`",
}
"""Templates that are not written into, and what is said about it."""

WRITTEN = {"Policies", "AssumeRolePolicyDocument"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Return a function that copies the project of a template to where the command runs, and gives the path of its copy."""
    monkeypatch.chdir(tmp_path)

    def copied(path: Path) -> Path:
        if path.parent == TEMPLATES:
            shutil.copyfile(path, tmp_path / path.name)
            return Path(path.name)
        shutil.copytree(path.parent, tmp_path / "project", copy_function=shutil.copyfile)
        return Path("project") / path.name

    return copied


def without_policies(document: Any) -> Any:
    """Return a template without what may be written into it."""
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role" or resource["Type"].endswith("::StateMachine"):
            resource["Properties"] = {key: item for key, item in resource["Properties"].items() if key not in WRITTEN}
    return document


def unchanged(before: str, after: str) -> list[str]:
    """Return the lines that stand in both, in their order."""
    same = SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False).get_matching_blocks()
    return [line for block in same for line in before.splitlines()[block.a : block.a + block.size]]


def outside(text: str) -> list[str]:
    """Return the lines of a template in YAML that are no part of policies, found by their indentation."""
    kept: list[str] = []
    inside = -1
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        if inside >= 0 and (not line.strip() or indent > inside or (indent == inside and line.lstrip().startswith("- "))):
            continue
        inside = indent if line.strip().partition(":")[0] in WRITTEN else -1
        kept += [line] if inside < 0 else []
    return kept


@pytest.mark.parametrize("path", READABLE, ids=label)
def test_only_the_policies_change(path: Path, project: Callable[[Path], Path]) -> None:
    """The template says what it said before but for its policies; a second run changes nothing, nor what is derived."""
    name = project(path)
    before, derived = text_of(name), policies(name)
    rest = without_policies(document_of(name))
    first = run("write", str(name))
    if label(path) in REFUSED:
        assert first.exit_code == 1
        assert REFUSED[label(path)] in first.stderr
        assert text_of(name) == before
        return
    assert first.exit_code == 0, first.output
    after = text_of(name)
    assert without_policies(document_of(name)) == rest
    kept = unchanged(before, after)
    assert [line for line in outside(before) if "{" not in line and '"' not in line and line not in kept] == []
    second = run("write", str(name))
    assert (second.exit_code, second.stdout) == (0, f"{name}: nothing to change\n")
    assert text_of(name) == after
    assert policies(name) == derived


@pytest.mark.parametrize("path", sorted(TEMPLATES.iterdir()), ids=label)
def test_what_a_dry_run_shows(path: Path, project: Callable[[Path], Path], expect: Callable[[Path, str], None]) -> None:
    """--dry-run prints the difference and writes nothing: line ends, comments, indentation and order stay as they are."""
    name = project(path)
    done = run("write", "--dry-run", str(name))
    assert done.exit_code == 0
    assert text_of(name) == text_of(path)
    expect(TEMPLATES.parent / f"{path.name}.diff", done.stdout)


def test_several_machines_of_one_role_get_one_policy(project: Callable[[Path], Path]) -> None:
    """A shared role may do what any of its machines needs, and any of them may take it on."""
    name = project(TEMPLATES / "shared-role.yaml")
    assert run("write", str(name), "--machine", "Parent").stdout == f"{name}: wrote the policies of Role\n"
    role = document_of(name)["Resources"]["Role"]["Properties"]
    [policy] = role["Policies"]
    assert policy["PolicyName"] == "All"
    assert [one["Action"] for one in policy["PolicyDocument"]["Statement"]] == ["lambda:InvokeFunction", "states:StartExecution"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert len(trust["Condition"]["ArnLike"]["aws:SourceArn"]) == 2


def test_what_the_machines_of_a_loop_need_stays_in_their_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that machines of a loop share with another one is written for all of them."""
    monkeypatch.chdir(tmp_path)
    task = "{Type: Task, Resource: 'arn:aws:states:::dynamodb:getItem', Parameters: {TableName: %s, Key: {}}, End: true}"
    looped = LOOP.replace("!GetAtt 'Role${Name}.Arn'", OWN_ROLE).replace("{Type: Succeed}", task % "!Sub 'of-${Name}'")
    Path("template.yaml").write_text(ROLE % (STATES, OWN_ROLE, task % "plain") + looped.removeprefix("Resources:\n"))
    assert run("write", "template.yaml").exit_code == 0
    role = document_of(Path("template.yaml"))["Resources"]["Role"]["Properties"]
    [statement] = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert [one["Fn::Sub"].rpartition("/")[2] for one in statement["Resource"]] == ["of-a", "of-b", "plain"]
    # None of the machines has a name that the role could know, so one pattern is all three.
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":stateMachine:*")


# ---------------------------------------------------------------------------------------------------------- what is refused

ROLE = """\
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: %s, Action: 'sts:AssumeRole'}]}}
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: %s
      Definition: {StartAt: A, States: {A: %s}}
"""
LOOP = """\
Resources:
  Fn::ForEach::Flows:
    - Name
    - [a, b]
    - Role${Name}: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}}}
      Flow${Name}:
        Type: AWS::StepFunctions::StateMachine
        Properties: {RoleArn: !GetAtt 'Role${Name}.Arn', Definition: {StartAt: A, States: {A: {Type: Succeed}}}}
"""
STATES, OWN_ROLE, STATE = "{Service: states.amazonaws.com}", "!GetAtt Role.Arn", "{Type: Succeed}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ROLE % (STATES, "arn:aws:iam::111122223333:role/x", STATE), "the role of `Flow` is not declared in this template"),
        (ROLE % (STATES, "!ImportValue role", STATE), "the role of `Flow` is not declared in this template"),
        (ROLE % ("{Service: [states.amazonaws.com, lambda.amazonaws.com]}", OWN_ROLE, STATE), "serves others too: `lambda"),
        (ROLE % ("{AWS: '*'}", OWN_ROLE, STATE), "serves others too: `AWS: *`"),
        (ROLE % (STATES, OWN_ROLE, "{Type: Pass, Next: B}"), "`Flow` has errors, such as: "),
        (
            "Resources: &all\n" + (ROLE % (STATES, OWN_ROLE, STATE)).partition("\n")[2] + "Copy: *all\n",
            "without changing something else",
        ),
        (LOOP, "the role of `Flowa` is made by a loop of this template"),
        ('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}', "a definition has no role"),
    ],
    ids=["elsewhere", "imported", "shared-with-a-service", "shared-with-accounts", "errors", "anchored", "loop", "plain"],
)
def test_what_is_not_written(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a policy has no place of its own, that is said, and the file stays as it is."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "template.yaml"
    path.write_text(text)
    done = run("write", "template.yaml")
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stderr.endswith("nothing was written\n")
    assert path.read_text() == text


def test_one_that_is_refused_keeps_all_others_from_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run writes everything or nothing."""
    monkeypatch.chdir(tmp_path)
    good, bad = ROLE % (STATES, OWN_ROLE, STATE), ROLE % (STATES, "!ImportValue role", STATE)
    Path("a.yaml").write_text(good)
    Path("b.yaml").write_text(bad)
    assert run("write", ".").exit_code == 1
    Path("b.yaml").write_text("Resources: {Flow: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: ../x.json}}}")
    done = run("write", ".")
    assert done.exit_code == 3
    assert "nothing was written" in done.stderr
    assert Path("a.yaml").read_text() == good


BESIDE = """\
Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties: {RoleArn: !GetAtt Role.Arn, Definition: {StartAt: A, States: {A: {Type: Succeed}}}}
  Elsewhere:
    Type: AWS::StepFunctions::StateMachine
    Properties: {RoleArn: !GetAtt %s.Arn, DefinitionS3Location: {Bucket: b, Key: !Ref Key}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Other: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
"""


def test_another_machine_that_cannot_be_read_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --machine the policy of that one is written, unless its role is that of the other one, too."""
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(BESIDE % "Other")
    assert run("write", "t.yaml").exit_code == 3
    done = run("write", "t.yaml", "--machine", "Flow")
    assert (done.exit_code, done.stdout) == (0, "t.yaml: wrote the policies of Role\n")
    assert "state machine `Elsewhere`: its definition lies where only the deployment" in done.stderr
    shared = BESIDE % "Role"
    Path("t.yaml").write_text(shared)
    done = run("write", "t.yaml", "--machine", "Flow")
    assert done.exit_code == 1
    assert "`Elsewhere` has the role of `Flow`, and what it needs is not known" in done.stderr
    assert Path("t.yaml").read_text() == shared
    assert run("write", "t.yaml", "--machine", "Elsewhere").exit_code == 2


OTHERS = {
    "serverless.yml": """\
service: s
provider: {name: aws}
stepFunctions: {stateMachines: {flow: {definition: {StartAt: A, States: {A: {Type: Succeed}}}}}}
""",
    "main.tf": """\
resource "aws_sfn_state_machine" "flow" {
  name = "flow"
  role_arn = "arn:aws:iam::111122223333:role/r"
  definition = jsonencode({ StartAt = "A", States = { A = { Type = "Succeed" } } })
}
""",
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_policy_has_no_place_in_other_languages(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no template of CloudFormation is refused, and is no bug."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(OTHERS[name])
    done = run("write", name)
    assert done.exit_code == 1
    assert f"error: {name}: a policy is written into CloudFormation and SAM templates only" in done.stderr
    assert Path(name).read_text() == OTHERS[name]


def test_a_link_a_read_only_file_and_one_outside_of_the_project_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a file of the project that can be written to is."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    text = ROLE % (STATES, OWN_ROLE, STATE)
    for path in (inside / "read-only.yaml", inside / "file.yaml", outside / "template.yaml"):
        path.write_text(text)
    (inside / "read-only.yaml").chmod(0o444)
    (inside / "link.yaml").symlink_to("file.yaml")
    monkeypatch.chdir(inside)
    for name, said in (
        ("read-only.yaml", "it is read-only"),
        ("link.yaml", "it is a link"),
        ("../outside/template.yaml", "it lies outside the project"),
    ):
        done = run("write", name)
        assert done.exit_code == 1
        assert said in done.stderr
    shown = run("write", "--dry-run", "read-only.yaml")
    assert (shown.exit_code, shown.stdout.startswith("--- a/read-only.yaml")) == (0, True)  # it shows what would be written
    assert {path.read_text() for path in (*inside.iterdir(), *outside.iterdir())} == {text}
    assert sorted(path.name for path in inside.iterdir()) == ["file.yaml", "link.yaml", "read-only.yaml"]


GUARDED = """\
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
      Policies: %s
"""
ALLOW = "{Statement: [{Effect: Allow, NotAction: 'iam:*', Resource: '*'}]}"


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ("[AWSLambdaRole, {Statement: {Sid: Guard, Effect: Deny, Action: 's3:*', Resource: '*'}}]", "`Guard` denies something"),
        ("[{Statement: [{Effect: Deny, NotAction: 's3:*', Resource: '*'}]}]", "a statement denies something"),
        ("[{Statement: [{Effect: !If [P, Allow, Deny], Action: 's3:*', Resource: '*'}]}]", "a statement may deny something"),
        (f"!If [P, {ALLOW}, {{Statement: {{Effect: Deny, Action: '*', Resource: '*'}}}}]", "a statement denies something"),
        ("[{Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/p.yaml}}}]", "`Fn::Transform` may put in"),
    ],
    ids=["deny", "not-action", "either", "branch", "included"],
)
def test_a_denial_is_not_lost(policies: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody denied by hand, or may have, is not written over."""
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(GUARDED % policies)
    done = run("write", "t.yaml")
    assert done.exit_code == 1
    assert said in done.stderr
    assert "in `Flow`, which would be lost: put it into a managed policy or a permissions boundary" in done.stderr
    assert Path("t.yaml").read_text() == GUARDED % policies


def test_a_denial_in_a_trust_policy_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not take the role is not forgotten either."""
    monkeypatch.chdir(tmp_path)
    text = (ROLE % (STATES, OWN_ROLE, STATE)).replace("[{Effect", "[{Effect: Deny, Principal: '*', Action: 'sts:*'}, {Effect")
    Path("t.yaml").write_text(text)
    done = run("write", "t.yaml")
    assert (done.exit_code, "a statement denies something in `Role`" in done.stderr) == (1, True)
    assert Path("t.yaml").read_text() == text


PINNED = """\
Conditions: {P: !Equals [!Ref 'AWS::Region', us-east-1]}
Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn%s
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: 'sts:AssumeRole', Condition: %s}
"""
AT = "arn:aws:states:${AWS::Region}:${AWS::AccountId}:stateMachine"
NAME, EITHER = "\n      StateMachineName: flow", "\n      StateMachineName: !If [P, flow-prod, flow-dev]"
DERIVED = AT.replace("aws:", "${AWS::Partition}:", 1)
ACCOUNT = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def sub(text: str) -> dict[str, str]:
    """Return an `Fn::Sub` in its long form."""
    return {"Fn::Sub": text}


@pytest.mark.parametrize(
    ("name", "condition", "becomes"),
    [
        # The deployment makes the name up, and it begins with what the template calls the machine.
        (
            "",
            f"{{ArnLike: {{'aws:SourceArn': !Sub '{AT}:Flow-*'}}}}",
            {"ArnLike": {"aws:SourceArn": sub(f"{AT}:Flow-*")}, "StringEquals": ACCOUNT},
        ),
        (
            "",
            f"{{ArnLike: {{'aws:SourceArn': !Sub '{AT}:*'}}}}",
            {"ArnLike": {"aws:SourceArn": sub(f"{DERIVED}:*")}, "StringEquals": ACCOUNT},
        ),
        (
            "",
            f"{{ArnLike: {{'aws:SourceArn': !Sub '{AT}:Other-*'}}}}",  # the machine could not run
            {"ArnLike": {"aws:SourceArn": sub(f"{DERIVED}:*")}, "StringEquals": ACCOUNT},
        ),
        (
            NAME,
            f"{{ArnLike: {{'aws:SourceArn': !Sub '{AT}:f*'}}, StringEquals: {{'aws:SourceOrgID': o-1}}}}",
            {"ArnLike": {"aws:SourceArn": sub(f"{DERIVED}:flow")}, "StringEquals": {**ACCOUNT, "aws:SourceOrgID": "o-1"}},
        ),
        (
            EITHER,
            "{}",
            {
                "ArnLike": {"aws:SourceArn": [sub(f"{DERIVED}:flow-prod"), sub(f"{DERIVED}:flow-dev")]},
                "StringEquals": ACCOUNT,
            },
        ),
        (
            EITHER,
            f"{{ArnEquals: {{'aws:SourceArn': !If [P, !Sub '{AT}:flow-prod', !Sub '{AT}:flow-dev']}}}}",
            {
                "ArnEquals": {"aws:SourceArn": {"Fn::If": ["P", sub(f"{AT}:flow-prod"), sub(f"{AT}:flow-dev")]}},
                "StringEquals": ACCOUNT,
            },
        ),
        ("", "!If [P, {StringEquals: {'aws:SourceOrgID': o-1}}, !Ref AWS::NoValue]", None),
    ],
    ids=["prefix", "any", "another", "organization", "names", "branches", "not-read"],
)
def test_who_may_take_a_role_is_not_made_wider(
    name: str, condition: str, becomes: dict[str, Any] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a trust policy asks for besides stays, and so does a pattern of the machine that is tighter than the derived one."""
    monkeypatch.chdir(tmp_path)
    text = PINNED % (name, condition)
    Path("t.yaml").write_text(text)
    assert run("write", "t.yaml").exit_code == 0
    [statement] = document_of(Path("t.yaml"))["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    if becomes is None:
        assert Path("t.yaml").read_text() == text
    else:
        assert statement["Condition"] == becomes
    assert run("write", "t.yaml").stdout == "t.yaml: nothing to change\n"


def test_what_a_template_allows_is_derived_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions go without a word, whatever they were written with; a policy of which nobody knows what it denies does not."""
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(GUARDED % f"[AWSLambdaRole, S3ReadPolicy: {{BucketName: b}}, !If [P, {ALLOW}, '{{}}'], !Ref Own]")
    done = CliRunner().invoke(main, ["write", "--no-config", "t.yaml"])
    assert done.exit_code == 0
    assert Path("t.yaml").read_text() == GUARDED % "[]"
    why = "if it denies something, put it into a permissions boundary"
    assert done.stderr.strip() == f"note: t.yaml: the managed policy `${{Own}}` is taken out of `Flow`: {why}"


# ----------------------------------------------------------------------------------------------------------------- places

VALUES = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=8)
    | st.builds(Tagged, st.just("Sub"), st.just("${A}/x")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)

PLACES = (
    "A:\n  Before: 1 # one\n  X:{}\n  After: [a,\n    b] # two\n# end\n",
    "A:\r\n  X:{} # c\r\n  # d\r\n  After: |\r\n    text\r\n",
    "# 😀\nA: {{Before: é, X: {}, After: 2}} # c\n",
    "A:\n    Before: >-\n      folded\n\n    X:{}",
    '{{"A": {{"Before": "\\ud83d\\ude00", "X":{}, "After": 1}}}}',
    '\ufeff{{\n\t"A": {{\n\t\t"X":{}\n\t}}\n}}\n',
)
WRITINGS = (
    " x",
    " [1, 2]",
    ' "q"',
    " {y: 1}",
    "\n  - a\n  -   b # c\n",
    "\n    k: v\n\n    l: [w]\n",
    " # nothing\n",
    " |\n    block\n",
)


@settings(max_examples=25)
@given(value=VALUES.filter(lambda value: not isinstance(value, str | Tagged)))
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("writing", WRITINGS)
def test_a_value_is_replaced_and_nothing_else(place: str, writing: str, value: Any) -> None:
    """Whatever stood there, and however it was written, the text then says the new value, and keeps what is around it."""
    text = place.format(writing)
    try:
        before, _ = parse_any(Source(text, "x"))
    except Exception:  # noqa: BLE001 - a writing that this place cannot have
        return
    source = Source(text, "x")
    try:
        made = replaced(source, {("A", "X"): value})
    except CannotEdit:
        assert not isinstance(before["A"]["X"], dict | list)  # what is sure to work is what templates have
        return
    after, _ = parse_any(Source(made, "x"))
    assert after == {**before, "A": {**before["A"], "X": long_form(value)}}
    start = text.index("X:") if "X:" in text else text.index('"X"')
    assert made[:start] == text[:start]
    assert replaced(Source(made, "x"), {("A", "X"): value}) == made


@pytest.mark.parametrize("text", ["0E0", "-.5", "1.5e3", "0o17", "1_0", "yes", "~", ".inf", "2012-10-17"])
def test_a_text_that_could_be_read_as_something_else_is_quoted(text: str) -> None:
    """Whichever version of YAML reads it, ours among them."""
    made = replaced(Source("A:\n  X: [1]\n", "x"), {("A", "X"): [text]})
    assert made == f"A:\n  X:\n    - '{text}'\n"
    assert parse_any(Source(made, "x"))[0] == {"A": {"X": [text]}}


def test_what_an_alias_shares_is_not_written_through() -> None:
    """A value that stands elsewhere too cannot be changed in one place; what a merge key gives is said anew."""
    with pytest.raises(CannotEdit, match="something else"):
        replaced(Source("A: &a {X: 1}\nB: *a\n", "x"), {("A", "X"): ["new"]})
    with pytest.raises(CannotEdit, match="shared by an alias"):
        replaced(Source("A: &a {X: 1}\nB: *a\n", "x"), {("B", "X"): ["new"]})
    merged = "A: &a\n  X: 1\nB:\n  <<: *a\n  Y: 2\n"
    assert replaced(Source(merged, "x"), {("B", "X"): ["new"]}) == merged + "  X:\n    - new\n"
