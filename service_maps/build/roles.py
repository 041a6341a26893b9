"""Find the parameters of an operation that hand a role over to a service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from service_maps.build.candidates import fold

_READ_ONLY = re.compile(
    r"(Get|List|Describe|Search|Query|Scan|BatchGet|Head|Select|Test|Validate|Preview|Lookup|Delete|Assume)(?=[A-Z]|$)"
)
_ROLE = re.compile(r"(^|[a-z])role(arn|arns|name)?$")
_DEPTH = 5


def role_parameters(operation: str, shape: Any) -> list[str]:
    """Return the paths of the text parameters of *operation* that name an IAM role, in the order of the API."""
    return [] if shape is None or _READ_ONLY.match(operation) else list(dict.fromkeys(_walk(shape, "", 0)))


def _walk(shape: Any, path: str, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        return
    for name, member in shape.members.items():
        inner, here = member, f"{path}.{name}" if path else name
        while inner.type_name == "list":
            inner, here = inner.member, here + "[]"
        if inner.type_name == "structure":
            yield from _walk(inner, here, depth + 1)
        elif inner.type_name == "string" and not inner.enum and _is_role(name, inner):
            yield here


def _is_role(name: str, shape: Any) -> bool:
    pattern = str((shape.metadata or {}).get("pattern", ""))
    return bool(
        _ROLE.search(fold(name)) and (fold(name).endswith(("rolearn", "rolearns")) or "iam" in pattern or "role" in pattern)
    )
