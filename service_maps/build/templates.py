"""Compile `templates.yaml` over the generated base: what a template's reference to a resource means, one row a type.

Three tables come of it: the types of CloudFormation and AWS SAM, those of the Terraform AWS provider, and the properties that
say what else a workflow has to be allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from service_maps.build.check import HOLE, fits
from service_maps.build.compile import MapError, as_list, only_keys
from service_maps.build.published import IAM
from service_maps.build.schemas import has_property, schema
from service_maps.build.types import NAME, base, kinds

VARIABLES = frozenset({"partition", "region", "account", "suffix", "name"})
"""The holes that are known of a deployment. Any other hole is a property of the resource, or an argument in Terraform."""

FILE_KEYS = {"guide", "types", "terraform", "facts"}
TYPE_KEYS = {"page", "nothing", "arn", "name", "lower", "ref", "refs", "attributes", "named"}
TERRAFORM_KEYS = {"type", "name", "arguments", "attributes"}
FACT_KEYS = {"key", "roles", "task_role", "execution_role", "same", "type", "results", "of"}
_SAM = "AWS::Serverless::"
_PAGE = re.compile(r"https://docs\.aws\.amazon\.com/\S+\.html")


def compile_templates(raw: dict[str, Any], prefixes: set[str]) -> dict[str, Any]:
    """Return the compiled tables; types are generated for the IAM services *prefixes*, and all reviewed ones are there.

    Raises `MapError` for an entry that makes no sense.
    """
    only_keys(raw, FILE_KEYS, "templates.yaml")
    rows = base(prefixes)
    for name, written in raw["types"].items():
        only_keys(written, TYPE_KEYS, f"templates.yaml: {name}")
        rows[name] = {} if "nothing" in written else rows.get(name, {}) | written
    types = {name: _type(row, f"templates.yaml: {name}") for name, row in rows.items() if row}
    return {
        "types": types,
        "terraform": {name: _terraform(row, types, f"templates.yaml: {name}") for name, row in raw["terraform"].items()},
        "facts": raw["facts"],
    }


def prefixes_of(compiled: dict[str, Any]) -> set[str]:
    """Return the IAM services whose actions the grants of compiled maps allow."""
    operations = (row for value in compiled.values() for row in value.get("operations", {}).values())
    return {action.partition(":")[0] for row in operations for grant in row["grants"] for action in grant["actions"]}


def _type(written: dict[str, Any], place: str) -> dict[str, Any]:
    """Return a row with whole templates and the attribute that gives the name. A key with `null` is not there."""
    row = {key: value for key, value in written.items() if value is not None and key not in ("page", "named")}
    words = {"arn": row.get("arn"), "name": NAME}
    if "ref" in row:
        row["ref"] = words["ref"] = _text(row["ref"], words, place)
    row["attributes"] = {name: _text(text, words, place) for name, text in row.get("attributes", {}).items()}
    if "refs" in row:
        row["refs"] = {name: _text(text, words, place) for name, text in row["refs"].items()}
    if row.get("ref") != NAME:
        named = written.get("named") or next((name for name, text in row["attributes"].items() if text == NAME), None)
        row |= {"named": named} if named else {}
    return row


def _terraform(written: dict[str, Any], types: dict[str, Any], place: str) -> dict[str, Any]:
    only_keys(written, TERRAFORM_KEYS, place)
    if written["type"] not in types:
        raise MapError(f"{place}: there is no row for {written['type']}")
    row = types[written["type"]]
    arguments = written.get("arguments", {})
    words = {"arn": row.get("arn"), "ref": row.get("ref"), "name": NAME}
    words = {word: _renamed(text, arguments) if text else None for word, text in words.items()}
    return {
        "type": written["type"],
        **({"name": written["name"]} if "name" in written else {}),
        "attributes": {name: _text(text, words, place) for name, text in written["attributes"].items()},
    }


def _renamed(text: str, arguments: dict[str, str]) -> str:
    return HOLE.sub(lambda match: match[0].replace(match[1], arguments.get(match[1], match[1])), text)


def _text(text: str, words: dict[str, str | None], place: str) -> str:
    """Return a template, or the one of the row that one of the words `arn`, `ref` and `name` stands for."""
    found = words.get(text, text)
    if found is None or text in {"arn", "ref", "name"} - set(words):
        raise MapError(f"{place}: the type has no {text}")
    return found


# ------------------------------------------------------------------------------------------------------------------ check


def check_templates(raw: dict[str, Any], compiled: dict[str, Any]) -> list[str]:
    """Return every fault that published data show in the reviewed rows, as sentences."""
    faults = []
    for name, written in raw["types"].items():
        page = written.get("page", "")
        page = page if page.startswith("https:") else f"{raw['guide']}{page}.html"
        row = compiled["types"].get(name, {})
        found = [] if page.endswith(f"{name.rpartition('::')[2].lower()}.html") and _PAGE.fullmatch(page) else ["it has no page"]
        found += [] if schema(name) is not None else ["CloudFormation has no such type"]
        faults += [f"templates.yaml: {name}: {fault}" for fault in [*found, *_check_type(name, row)]]
    for name, row in compiled["terraform"].items():
        faults += [f"templates.yaml: {name}: {fault}" for fault in _check_terraform(row)]
    for name, facts in raw["facts"].items():
        only_keys(facts, FACT_KEYS, f"templates.yaml: {name}")
        paths = [path for key, value in facts.items() if key != "of" for path in as_list(value)] if "::" in name else []
        faults += [f"templates.yaml: {name}: {path} is no property" for path in paths if not has_property(name, path)]
    return faults


def _check_type(name: str, row: dict[str, Any]) -> Iterator[str]:
    attributes = row.get("attributes", {})
    # What SAM documents of a type is less than what the resource has that it makes.
    own = () if name.startswith(_SAM) else attributes
    yield from (f"{one} is no attribute" for one in own if not has_property(name, one))
    if "name" in row and not has_property(name, row["name"]):
        yield f"{row['name']} is no property"
    for text in (row.get("arn"), row.get("ref"), *attributes.values(), *row.get("refs", {}).values()):
        holes = [match[1] for match in HOLE.finditer(text or "")]
        yield from (f"{hole} is no property" for hole in holes if hole not in VARIABLES and not has_property(name, hole))
    yield from _check_arns(row)


def _check_terraform(row: dict[str, Any]) -> Iterator[str]:
    for text in row["attributes"].values():
        yield from (f"{match[1]} is no argument" for match in HOLE.finditer(text) if not re.fullmatch(r"[a-z_]+", match[1]))
    yield from _check_arns(row)


def _check_arns(row: dict[str, Any]) -> Iterator[str]:
    """Require that every ARN of a row has the format of a resource type of the service in it."""
    texts = (row.get("arn"), row.get("ref"), *row.get("attributes", {}).values(), *row.get("refs", {}).values())
    arns = {text for text in texts if text and text[:4] == "arn:"}
    for arn in sorted(arns):
        ours = HOLE.sub("\0", arn).replace("*", "\0")
        if not any(fits(ours, text) for text in _formats().get(arn.split(":")[2], ())):
            yield f"{arn} has the format of no resource type"


@cache
def _formats() -> dict[str, list[str]]:
    """Return the published ARN formats by the service in them, which is not always that of the actions."""
    found: dict[str, list[str]] = {}
    for service in IAM.services.get_service_keys():
        for _, text in kinds(service):
            found.setdefault(text.split(":")[2] if text.count(":") > 4 else "", []).append(text)
    return found
