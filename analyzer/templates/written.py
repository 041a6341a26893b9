"""Texts that the resources of a CloudFormation template have, and how the template refers to them."""

from __future__ import annotations

import re

from analyzer.templates.placeholders import MADE, OPEN, Template, filled, meaning, named


def references(template: Template) -> dict[str, str]:
    """Return how CloudFormation refers to the texts that its resources have: ``arn:...`` → `Orders.Arn`, `Topic`.

    What the deployment makes up stands as a wildcard in them, as it does in a policy.
    """
    made: dict[str, str] = {}
    for name in template.resources:
        kind = template.type_of(name)
        if kind is None:
            continue
        bare = OPEN % named(name, kind)
        called = (bare, *meaning(named(name, kind), template))
        for own in called if len(called) <= 2 else called[:1]:  # the template may say the name, and use it without reference
            for attribute, pattern in kind.attributes.items():
                if pattern != "{name}":
                    text = _as_granted(filled(pattern, name, template), name).replace(bare, own)
                    made.setdefault(text, f"{name}.{attribute}")
            if kind.ref not in ("{name}", None):
                made[_as_granted(filled(kind.ref, name, template), name).replace(bare, own)] = name
    made |= {text: name for name, found in template.outputs.items() for text in found[:1] if _is_one_arn(text)}
    for name in template.parameters:
        found = meaning(name, template, usual=False)
        made |= {found[0]: name} if len(found) == 1 and _is_one_arn(found[0]) else {}
    return made


def _is_one_arn(text: str) -> bool:
    """Tell whether a text that comes from another template is an ARN with a name of that template in it."""
    return text.startswith("arn:") and "#" in text


def _as_granted(text: str, name: str) -> str:
    open_end = f"${{{name}{MADE}}}"
    return re.sub(f"(?:{re.escape(open_end)})+", "*", text)
