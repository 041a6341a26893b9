"""What references to resources give: a table written from AWS's pages, and the checks of the rows by what is published."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from analyzer.templates.types import facts, fill, resource_type, terraform_type
from service_maps.build.__main__ import TEMPLATES, outputs
from service_maps.build.compile import ROOT, MapError, load_yaml
from service_maps.build.templates import (
    FACT_KEYS,
    FILE_KEYS,
    TERRAFORM_KEYS,
    TYPE_KEYS,
    VARIABLES,
    check_templates,
    compile_templates,
)

LINES = [
    line for line in (Path(__file__).parent / "templates_types.txt").read_text(encoding="utf-8").splitlines() if line[0] != "#"
]
RAW = load_yaml(ROOT / TEMPLATES)
SMALL: dict[str, Any] = {
    "guide": RAW["guide"],
    "types": {
        name: RAW["types"][name]
        for name in ("AWS::SQS::Queue", "AWS::Glue::Table", "AWS::IAM::Role", "AWS::CloudFormation::CustomResource")
    },
    "terraform": {name: RAW["terraform"][name] for name in ("aws_sqs_queue", "aws_glue_catalog_table")},
    "facts": {"AWS::SQS::Queue": {"key": "KmsMasterKeyId"}, "aws_sqs_queue": {"key": "kms_master_key_id"}},
}
"""A few reviewed rows, to be spoilt one by one."""

QUEUE = "AWS::SQS::Queue"
TABLE = "AWS::Glue::Table"
WRONG = {
    "a page of another type": (("types", QUEUE, "page"), "aws-resource-sns-topic", "it has no page"),
    "no page": (("types", QUEUE, "page"), "", "it has no page"),
    "an ARN of no type": (("types", TABLE, "arn"), "arn:{partition}:glue:{region}:{account}:tables/{name}", "no resource type"),
    "an ARN without its Region": (("types", QUEUE, "arn"), "arn:{partition}:sqs::{account}:{name}", "no resource type"),
    "a property that names it": (("types", QUEUE, "name"), "Name", "Name is no property"),
    "an attribute": (("types", QUEUE, "attributes"), {"Address": "ref"}, "Address is no attribute"),
    "a hole": (("types", QUEUE, "ref"), "{Owner}/{name}", "Owner is no property"),
    "a fact": (("facts", QUEUE, "key"), "KmsMasterKeyId.Arn", "KmsMasterKeyId.Arn is no property"),
    "a hole in Terraform": (("terraform", "aws_sqs_queue", "attributes"), {"id": "{QueueName}"}, "QueueName is no argument"),
}
NONSENSE = {
    "a key nobody reads": (("types", QUEUE, "arns"), "x", "unknown keys"),
    "a fact nobody reads": (("facts", QUEUE, "keys"), "x", "unknown keys"),
    "a word without a template": (("types", QUEUE, "ref"), None, "the type has no ref"),
    "a type that has no row": (("terraform", "aws_sqs_queue", "type"), "AWS::SQS::Line", "there is no row for AWS::SQS::Line"),
}


def spoilt(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return the few rows with one value in them replaced."""
    raw = copy.deepcopy(SMALL)
    inner = raw
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return raw


@pytest.mark.parametrize("line", LINES)
def test_a_reference_gives_what_its_page_says(line: str) -> None:
    """`Ref` and attributes of the types that state machines name give what CloudFormation's page of the type says."""
    match = re.fullmatch(r"(?P<type>\S+) (?P<of>\S+) → (?P<text>\S+)", line)
    assert match is not None
    row = resource_type(match["type"])
    text = None if row is None else row.ref if match["of"] == "Ref" else row.attributes.get(match["of"])
    assert (text or "nothing") == match["text"]


def test_a_name_is_that_of_its_property() -> None:
    """The property that sets the name, and the attribute that gives it alone, are known where there are any."""
    machine, queue, key = (resource_type(name) for name in ("AWS::StepFunctions::StateMachine", QUEUE, "AWS::KMS::Key"))
    assert (machine.name, machine.named, machine.lower) == ("StateMachineName", "Name", False)
    assert (queue.name, queue.named) == ("QueueName", "QueueName")
    assert (key.name, key.named) == (None, None)
    assert resource_type("AWS::RDS::DBCluster").lower
    assert resource_type("Custom::Thing") is None


def test_the_two_languages_agree() -> None:
    """An attribute of Terraform is the template of the type, with arguments in the place of properties."""
    table = terraform_type("aws_glue_catalog_table")
    assert (table.type, table.name) == ("AWS::Glue::Table", "name")
    assert table.attributes["arn"] == "arn:{partition}:glue:{region}:{account}:table/{database_name}/{name}"
    assert terraform_type("aws_sqs_queue").attributes["url"] == resource_type(QUEUE).ref
    assert terraform_type("aws_iam_role").attributes["arn"] == "arn:{partition}:iam::{account}:role{path|/}{name}"
    assert terraform_type("aws_nothing") is None


def test_a_template_is_filled_hole_by_hole() -> None:
    """Whoever fills a template is asked for each hole, with what an absent property means, and for what is made up beside."""
    asked: list[tuple[str, str | None]] = []

    def give(hole: str, absent: str | None) -> str:
        asked.append((hole, absent))
        return f"<{hole}>"

    assert fill("a:{region}:role{Path|/}{name}-??/*", give) == "a:<region>:role<Path><name>-<?><?>/<*>"
    assert asked == [("region", None), ("Path", "/"), ("name", None), ("?", None), ("?", None), ("*", None)]
    assert fill("{DatabaseInput.Name}", give) == "<DatabaseInput.Name>"


def test_facts_are_found_by_type() -> None:
    """A type says which of its properties change what a workflow needs; most have none."""
    assert facts("AWS::ECS::TaskDefinition") == {"roles": ["TaskRoleArn", "ExecutionRoleArn"]}
    assert facts("aws_sfn_state_machine")["type"] == "type"
    assert facts("AWS::Logs::LogGroup") == {}


def test_every_row_is_whole() -> None:
    """Compiled rows have only holes that are known of a deployment, properties or arguments, and a name that some text uses."""
    compiled = outputs()["templates.json"]
    for name, row in compiled["types"].items():
        texts = [text for text in (row.get("arn"), row.get("ref"), *row["attributes"].values()) if text]
        assert texts, name
        holes = {hole for text in texts for hole in re.findall(r"\{(\w+)[^}]*\}", text)}
        assert all(hole in VARIABLES or hole[0].isupper() for hole in holes), name
        assert "name" in holes, name
        assert row.get("named") in {None, *row["attributes"]}, name


def test_the_few_rows_are_sound() -> None:
    """The rows that are spoilt below have no fault themselves."""
    assert check_templates(SMALL, compile_templates(SMALL, set())) == []


@pytest.mark.parametrize(("path", "value", "fault"), WRONG.values(), ids=WRONG.keys())
def test_the_check_finds(path: tuple[str, ...], value: object, fault: str) -> None:
    """Each invention in a row is found, and the fault says what was invented."""
    raw = spoilt(path, value)
    assert [found for found in check_templates(raw, compile_templates(raw, set())) if fault in found]


@pytest.mark.parametrize(("path", "value", "message"), NONSENSE.values(), ids=NONSENSE.keys())
def test_what_makes_no_sense_is_refused(path: tuple[str, ...], value: object, message: str) -> None:
    """A row that cannot be compiled is named."""
    raw = spoilt(path, value)
    with pytest.raises(MapError, match=rf"^templates\.yaml: {path[1]}.*{message}"):
        check_templates(raw, compile_templates(raw, set()))


def test_the_readme_of_the_maps_names_every_key() -> None:
    """The maps' README explains every key of `templates.yaml`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme[readme.index("## References to resources") :]
    words = set(re.findall(r"[`\s]([a-z]+)[`:]", section))
    assert (FILE_KEYS | TYPE_KEYS | TERRAFORM_KEYS | FACT_KEYS) - words - {"types"} == set()
