"""The right to tag what an operation makes: which action tags, and what of the request is the thing that is tagged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from service_maps.build.bind import parameters
from service_maps.build.candidates import fold
from service_maps.build.compile import spliced
from service_maps.build.operation import Operation, bind_type, resource
from service_maps.build.published import action

_TAG_MEMBERS = ("tags", "taglist", "tagspecifications", "tagset")
_TAG_ACTIONS = ("Tag{noun}", "TagResource", "AddTagsToResource", "AddTags", "CreateTags")


def tag_grants(name: str, one: Operation) -> Iterator[dict[str, Any]]:
    """Yield the right to tag what an operation creates, when tags are given."""
    tags = one.own.get("tags", True)
    if (
        tags is False
        or one.name in (tags if isinstance(tags, list) else ())
        or not re.match(r"(Batch)?(Create|Run|Start|Register|Put|Copy|Import|Allocate|Restore|Purchase|Request)", one.name)
    ):
        return
    prefix, _, verb = name.partition(":")
    noun = re.sub(r"^(Batch)?[A-Z][a-z]+", "", one.name)
    member = _tag_parameter(one)
    tagger = next(
        (f"{prefix}:{form.format(noun=noun)}" for form in _TAG_ACTIONS if action(f"{prefix}:{form.format(noun=noun)}")), None
    )
    by_hand = [action for grant in spliced(one.own.get("extra", {}).get(one.name, [])) for action in grant.get("actions", ())]
    if member is None or tagger is None or tagger == name or tagger in by_hand or "Tag" in verb:
        return
    row = action(tagger)
    made = action(name)
    if made is None:  # what is made is of a kind that the data does not know yet, and that is what is tagged
        newer = "what is tagged is newer than the authorization data"
        yield {"level": "tag", "actions": [tagger], "resources": ["*"], "when": f"present({member})", "because": newer}
        return
    types = made["resourceTypes"]
    own = {entry["name"] for entry in types if entry["required"]} or {entry["name"] for entry in types}
    kinds = [entry["name"] for entry in row["resourceTypes"]]
    chosen = _kinds_made(kinds, noun, own) or [kind for kind in kinds if kind in own] or kinds
    known = parameters(one.shape)
    aliases = one.own.get("aliases", {})
    resources = [resource(kind, b) for kind in chosen for b in bind_type(tagger, kind, one, known, aliases, only=True)]
    if not own.intersection(chosen):
        resources = [_made(resource, noun) for resource in resources]
    yield {"level": "tag", "actions": [tagger], "resources": resources or ["*"], "when": f"present({member})", "because": "tags"}


def _kinds_made(kinds: list[str], noun: str, own: set[str]) -> list[str]:
    """Return those of *kinds* that a thing called *noun* is of: `share` for `NFSFileShare`, `location` for `LocationNfs`.

    *own* are the types of the action that makes it. What it is made from, and what it is made in, are among them as well, but
    they are not what is tagged.
    """
    what = _stem(noun.partition("From")[0])
    if not what:
        return []
    if exact := [kind for kind in kinds if _stem(kind) == what]:
        return exact
    if ends := [kind for kind in kinds if what.endswith(_stem(kind))]:
        return [max(ends, key=len)]
    if wider := [kind for kind in kinds if _stem(kind).startswith(what) or _stem(kind).endswith(what)]:
        return [kind for kind in wider if kind in own] or wider
    starts = max((kind for kind in kinds if what.startswith(_stem(kind))), key=len, default=None)
    if starts is None:
        return []
    return [kind for kind in kinds if kind in own and _stem(starts) in _stem(kind)] or [starts]


def _stem(name: str) -> str:
    return re.sub(r"(resource)?s?$", "", fold(name))


def _made(resource: dict[str, Any], noun: str) -> dict[str, Any]:
    """Leave open what a thing that is made will be called, where the parameter that seems to say so speaks of another thing."""
    before, _, last = resource["arn"].rpartition("{")
    name = last.removesuffix("}").partition("|")[0]
    own, what = fold(name.rpartition(".")[2]), fold(noun)
    stem = re.sub(r"(name|id|arn|identifier)$", "", own)
    if not last.endswith("}") or own == "name" or what in own or (stem and what.endswith(stem)):
        return resource
    read = {key: form for key, form in resource.get("read", {}).items() if key != name}
    return {"type": resource["type"], "arn": f"{before}*", **({"read": read} if read else {})}


def _tag_parameter(one: Operation) -> str | None:
    """Return the parameter that holds the tags of what is made: `Tags`, `JobTags` of `CreateEvaluationJob`, `ResourceTags`."""
    known = dict(_members(one.shape))
    noun = fold(re.sub(r"^(Batch)?[A-Z][a-z]+", "", one.name))
    of_it = [name for name in known if name.endswith("tags") and name != "tags" and noun.endswith(name.removesuffix("tags"))]
    return next((known[name] for name in (*_TAG_MEMBERS, *of_it, "resourcetags") if name in known), None)


def _members(shape: Any) -> list[tuple[str, str]]:
    return [(fold(name), name) for name in (shape.members if shape is not None else ())]
