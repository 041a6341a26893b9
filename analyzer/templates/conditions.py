"""Resources that a template makes only where a condition holds.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from analyzer.templates.expressions import taken
from analyzer.templates.placeholders import Template
from analyzer.text import Json


def conditions_of(names: Iterable[str], template: Template) -> frozenset[str]:
    """Return the conditions that hold where all of the resources *names* are there."""
    found = (template.resources.get(name) for name in names)
    return frozenset(str(one["Condition"]) for one in found if isinstance(one, dict) and one.get("Condition") is not None)


def condition_of(resource: Mapping[str, Json], template: Template, around: Collection[str] = ()) -> str | None:
    """Return the condition under which a resource is there: none where it always is, or where one of those *around* says so.

    Nothing for a resource that is never there.
    """
    name = resource.get("Condition")
    if not isinstance(name, str) or name in around:
        return ""
    branches = taken([name, True, False], template)
    return name if len(branches) == 2 else "" if branches[0] else None


def conditional(template: Template, name: str) -> frozenset[str]:
    """Return which resources are not always there when the resource *name* is."""
    around = conditions_of((name,), template)
    return frozenset(
        own for own, one in template.resources.items() if isinstance(one, dict) and condition_of(one, template, around) != ""
    )
