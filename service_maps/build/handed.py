"""What an operation hands over to a service: roles, which the caller passes, and keys, which it may use in the caller's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from service_maps.build.candidates import fold
from service_maps.build.compile import spliced
from service_maps.build.operation import Operation

_READ_ONLY = re.compile(
    r"(Get|List|Describe|Search|Query|Scan|BatchGet|Head|Select|Test|Validate|Preview|Lookup|Delete|Assume)(?=[A-Z]|$)"
)
_ROLE = re.compile(r"(^|[a-z])role(arn|arns|name)?$")
_KEY = re.compile(r"(?=.*(kms|cmk|encryptionkey)).*(key|keyid|keyarn|keyidentifier|arn|cmk|(kms|cmk)\w*id)$")
_NO_KEY = re.compile(r"rolearn$|secretarn$")
_DEPTH = 5

_Wanted = Callable[[str, Any], bool]
"""Tells by the name of a text parameter, and by its shape, whether it is one of those looked for."""

_KEY_ACTIONS = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
"""What services do with a key that they encrypt something with."""

_FORWARDED = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html"


def role_grants(one: Operation) -> Iterator[dict[str, Any]]:
    """Yield `iam:PassRole` for each role that an operation hands over, to the service that takes it on.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    table = one.own.get("passes", {})
    special = table.get(one.name, {})
    if special is None:
        return
    for path in dict.fromkeys([*_paths(one, _is_role), *special]):
        principal = special.get(path, table.get("default"))
        if principal == "none" or (path in table.get("never", ())):
            continue
        if principal is None:
            resource = {"type": "role", "arn": f"arn:{{partition}}:iam::{{account}}:role/{{{path}}}", "read": {path: "role"}}
            yield {
                "level": "pass_role",
                "actions": ["iam:PassRole"],
                "resources": [resource],
                "when": f"present({path})",
                "unverified": f"`{path}` looks like a role that is passed on, to a service that no source names",
            }
        else:
            yield {"pass_role": {"roles": [path], "to": principal}}


def key_grants(one: Operation, grants: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what is told of the keys that an operation names, where neither *grants* nor an override settles what they take.

    Whether a service uses a key with the rights of its caller, with those of a role, or with a grant of its own, only its pages
    say; nothing is granted on a guess.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
    """
    settled = one.own.get("keys", [])
    if settled is False or one.name in (settled or ()) or one.service == "kms":
        return
    if any(str(name).startswith("kms:") for grant in spliced([*grants]) for name in grant.get("actions", ())):
        return
    paths = _paths(one, _is_key)
    if paths:
        given = [f"present({path})" for path in paths]
        yield {
            "level": "encryption",
            "when": given[0] if len(given) == 1 else f"any({', '.join(given)})",
            "external": "the service uses the key with the rights of its caller, which depends on the service",
            "actions": list(_KEY_ACTIONS),
            "resources": [
                {"type": "key", "arn": f"arn:{{partition}}:kms:{{region}}:{{account}}:key/{{{path}}}", "read": {path: "kms-key"}}
                for path in paths
            ],
            "source": _FORWARDED,
        }


def _paths(one: Operation, wanted: _Wanted) -> list[str]:
    """Return the paths of the text parameters that are *wanted*, in the order of the API; none when the operation only reads."""
    return [] if one.shape is None or _READ_ONLY.match(one.name) else list(dict.fromkeys(_walk(one.shape, "", 0, wanted)))


def _walk(shape: Any, path: str, depth: int, wanted: _Wanted) -> Iterator[str]:
    if depth > _DEPTH:
        return
    for name, member in shape.members.items():
        inner, here = member, f"{path}.{name}" if path else name
        while inner.type_name == "list":
            inner, here = inner.member, here + "[]"
        if inner.type_name == "structure":
            yield from _walk(inner, here, depth + 1, wanted)
        elif inner.type_name == "string" and not inner.enum and wanted(name, inner):
            yield here


def _is_role(name: str, shape: Any) -> bool:
    pattern = str((shape.metadata or {}).get("pattern", ""))
    return bool(
        _ROLE.search(fold(name)) and (fold(name).endswith(("rolearn", "rolearns")) or "iam" in pattern or "role" in pattern)
    )


def _is_key(name: str, _shape: Any) -> bool:
    return bool(_KEY.match(fold(name)) and not _NO_KEY.search(fold(name)))
