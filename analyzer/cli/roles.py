"""The roles that templates declare, as `check` and `comment` compare them with what machines need."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.cli import options

if TYPE_CHECKING:
    from analyzer.compare.declared import PolicySet
    from analyzer.context import Context
    from analyzer.templates import Found
    from analyzer.text import Source


def template_of(found: Found) -> Source | None:
    """Return the text of a machine's template, to show places in it; nothing when it cannot be read again."""
    from analyzer.errors import SourceError
    from analyzer.sources import read_source

    if not os.path.isfile(found.template):
        return None
    try:
        return read_source(found.template)
    except SourceError:
        return None


def own_policies(found: Found | None, template: Source | None = None, *, traced: bool = False) -> PolicySet | None:
    """Return the policies of the role that the template of a machine declares, with their places in *template*."""
    from analyzer.compare.declared import from_role

    return from_role(found.role, template, traced=traced) if found is not None and found.role is not None else None


@dataclass(frozen=True, slots=True)
class Comparable:
    """Makes the context of a machine for a comparison: what only the deployment knows stays a symbol, on both sides the same.

    Compared are the given *policies*, else those of the machine's own role.
    """

    base: Any
    given: dict[str, str]
    policies: PolicySet | None = None

    def __call__(self, name: str, found: Found | None = None, text: str = "") -> Context:
        """Return the context of the definition at a path."""
        from analyzer.compare.declared import places_of
        from analyzer.compare.surroundings import comparable

        context = self.base(name, found, text)
        policies = self.policies or own_policies(found)
        return comparable(context, found, places_of([policies.texts()] if policies else []), self.given)


def comparable_contexts(parameters: dict[str, Any], policies: PolicySet | None = None) -> Comparable:
    """Return what makes the contexts of machines that are compared with *policies*, or with what their templates declare."""
    return Comparable(options.take_contexts(parameters), parameters["substitution"], policies)
