"""What declared policies are read with: SAM's templates and connectors, managed policies, and the texts of references."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.compare.catalogue import expand, known
from analyzer.compare.declared import PolicySet, compiled_sam, declare, fill, places_of
from analyzer.compare.statements import Place
from analyzer.maps import read_compiled
from service_maps.build.compile import ROOT, MapError, load_yaml
from service_maps.build.declared import _text, managed_policies

HOLE = re.compile(r"\$\{([^}]*)\}")
NOWHERE = Place("nowhere")


def given(**more: object) -> PolicySet:
    """Return a set of policies without statements of its own."""
    return PolicySet("t", (), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", compiled_sam()["templates"])
def test_a_policy_template_is_filled(name: str) -> None:
    """With its parameters, a template gives statements that allow something on texts without an open placeholder."""
    parameters = {parameter: f"<{parameter}>" for parameter in compiled_sam()["templates"][name]["parameters"]}
    made = declare(given(others=({name: parameters},)), {})
    assert made.unread == ()
    assert made.rights.clauses
    for clause in made.rights.clauses:
        assert (clause.open, bool(clause.actions), bool(clause.resources)) == ("", True, True)
    used = "".join(str(one) for one in compiled_sam()["templates"][name]["statements"])
    assert {hole for hole in HOLE.findall(used) if not hole.startswith("AWS::")} == set(parameters)


@pytest.mark.parametrize("destination", compiled_sam()["connectors"])
def test_a_connector_is_filled(destination: str) -> None:
    """Each category of access to each destination gives statements about that destination."""
    profile = compiled_sam()["connectors"][destination]
    values = {"Id": "x", "Type": destination, "Arn": "arn:x", "Name": "n", "Permissions": [*profile, "Nonsense"]}
    made = declare(given(others=({"Connector": values},)), {})
    assert made.unread == ()
    assert any("arn:x" in resource for clause in made.rights.clauses for resource in clause.resources)
    assert not any("%" in resource for clause in made.rights.clauses for resource in clause.resources)


@pytest.mark.parametrize("name", read_compiled("managed_policies.json")["policies"])
def test_a_managed_policy_is_found_by_name_and_by_arn(name: str) -> None:
    """A managed policy has clauses under its name, its ARN and an ARN with a path, in every partition."""
    found = [declare(given(managed=(text,)), {}) for text in (name, f"arn:aws:iam::aws:policy/service-role/{name}")]
    assert found[0].rights.clauses == found[1].rights.clauses != ()
    assert any(expand(action) for clause in found[0].rights.clauses for action in clause.actions)


def test_the_facts_of_sam_name_real_actions() -> None:
    """Nearly all actions of SAM's templates are known to the authorization data; the rest AWS has withdrawn."""
    statements = [one for entry in compiled_sam()["templates"].values() for one in entry["statements"]]
    actions = {action for one in statements for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])}
    unknown = {action for action in actions if "*" not in action and known(action) is None}
    assert len(unknown) <= 0.05 * len(actions), sorted(unknown)


def test_a_managed_policy_that_nobody_publishes_is_a_fault() -> None:
    """The list of managed policies names none that AWS does not have."""
    wanted = load_yaml(ROOT / "managed_policies.yaml")
    with pytest.raises(MapError, match="NoSuchPolicy"):
        managed_policies({**wanted, "policies": ["NoSuchPolicy"]})
    assert wanted["policies"] == sorted(wanted["policies"], key=wanted["policies"].index)
    assert len(set(wanted["policies"])) == len(wanted["policies"])


def test_a_function_that_nobody_reads_is_a_fault() -> None:
    """A policy template with another function than Ref and Fn::Sub stops the build."""
    assert _text({"Fn::Sub": ["a-${x}", {"x": {"Ref": "Name"}}]}, "t") == "a-${Name}"
    with pytest.raises(MapError, match="Fn::Join"):
        _text({"Fn::Join": ["", []]}, "t")


@pytest.mark.parametrize("other", [{}, {"A": 1, "B": 2}, "text", 3, ["x"], {"NoSuchPolicy": {}}, {"Connector": {"Type": "X"}}])
def test_what_is_not_understood_is_told(other: object) -> None:
    """Whatever else stands in a list of policies is no crash: it is told as not understood."""
    made = declare(given(others=(other,), place=NOWHERE), {})
    assert (len(made.unread), made.rights.clauses) == (1, ())


@pytest.mark.parametrize(
    ("text", "table", "expected"),
    [
        ("${A}", {"A": "x-${B}", "B": "y"}, "x-y"),
        ("${!A}", {"A": "x"}, "x"),
        ("${*}${aws:username}", {}, "${*}${aws:username}"),
        ("${A}", {"A": ("one", "two")}, "${A}"),
        ("${A}", {"A": ("one",)}, "one"),
    ],
)
def test_references_are_filled(text: str, table: dict, expected: str) -> None:
    """What a placeholder stands for is written in its place; a policy variable and what may be several texts stay."""
    assert fill([text], table) == [expected]


def test_references_that_go_round_end() -> None:
    """Placeholders that stand for each other are no endless work, and what grows without measure stays as it is."""
    assert fill("${A}", {"A": "-${B}", "B": "-${A}"}) == "--${A}"
    doubling = {f"N{number}": f"${{N{number + 1}}}" * 2 for number in range(200)}
    assert len(fill("${N0}", {**doubling, "N200": "x"})) < 10_000


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["arn:aws:sqs:us-east-1:111122223333:a", "arn:aws:s3:::b"], ("us-east-1", "111122223333")),
        (["arn:aws:sqs:*:111122223333:a"], (None, "111122223333")),
        (["arn:aws:sqs:us-east-1:111122223333:a", "arn:aws:sqs:eu-west-1:111122223333:a"], (None, "111122223333")),
        (["arn:aws:iam::aws:policy/x"], (None, None)),
        ([], (None, None)),
    ],
)
def test_where_policies_are_for(texts: list[str], expected: tuple[str | None, str | None]) -> None:
    """The Region and the account are taken from ARNs that all agree."""
    assert places_of(texts) == expected


def test_the_lists_are_the_same_files(root: Path) -> None:
    """The three files are read from where the build writes them."""
    for name in ("actions.json", "managed_policies.json", "sam_policies.json"):
        assert (root / "service_maps" / "compiled" / name).is_file()
        assert read_compiled(name)["generated by"].startswith("python -m service_maps.build")
