"""Services that are authorized by the request itself: the HTTP verb is the action, the path is the resource.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LABEL = re.compile(r"\{([^}+]+)\+?\}")


def verb_of(model: Any, rule: Mapping[str, str]) -> str:
    """Return the action that *rule* gives an operation: `apigateway:{method}` is `apigateway:GET`."""
    return rule["action"].format(method=model.http["method"])


def resource_of(model: Any, rule: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, Any]:
    """Return the resource of an operation: the path of its request, with the labels as parameters of the call.

    *aliases* rename labels, `{parameter: parameter path}`; one that is empty becomes a wildcard, as an ARN does that the
    request encodes.
    """
    named = {member.serialization.get("name", name): name for name, member in model.input_shape.members.items()}
    path = model.http["requestUri"].partition("?")[0].removeprefix(rule.get("strip", ""))
    read: dict[str, str] = {}

    def hole(match: re.Match[str]) -> str:
        parameter = aliases.get(named[match[1]], named[match[1]])
        if not parameter:
            return "*"
        read[parameter] = "plain"
        return f"{{{parameter}}}"

    arn = rule["arn"].replace("{uri}", _LABEL.sub(hole, path))
    return {"type": rule.get("type", ""), "arn": arn, **({"read": read} if read else {})}
