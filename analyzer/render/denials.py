"""What a template denies in the place where a policy is going to be written: nobody else would know of it any more.

What it allows there is what is derived anew. A Deny is a decision of somebody, and what cannot be read may be one.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_effect.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzer.text import Json

_OPAQUE = "Fn::Transform"
"""The function that puts a part of a template in from elsewhere, such as `AWS::Include`."""


def denials(written: Json) -> Iterator[str]:
    """Yield what of *written*, policies as their template has them, denies something or may do so, as people call it."""
    waiting = [written]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting = [*one, *waiting]
        elif isinstance(one, Mapping):
            if _OPAQUE in one:
                yield f"`{_OPAQUE}` may put in something that is denied"
            elif "Effect" not in one:
                waiting = [*one.values(), *waiting]
            elif one["Effect"] != "Allow":
                name = one.get("Sid")
                which = f"the statement `{name}`" if isinstance(name, str) else "a statement"
                yield f"{which} {'denies something' if one['Effect'] == 'Deny' else 'may deny something'}"
