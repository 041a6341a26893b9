"""Policies in the languages of templates: what an analysis that kept its symbols becomes there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.diagnostics import Diagnostic

FORMS = ("cloudformation", "cloudformation-json", "sam", "terraform", "serverless", "cdk-ts", "cdk-py")
"""The formats of this room. All of them keep what only the deployment knows."""


def render(analyses: Sequence[Analysis], form: str) -> str:
    """Write the roles of *analyses* in the language *form*, all in one document."""
    if form.startswith("cloudformation"):
        from analyzer.render.cloudformation import cloudformation

        return cloudformation(analyses, as_json=form.endswith("json"))
    if form == "sam":
        from analyzer.render.sam import sam

        return sam(analyses)
    if form == "serverless":
        from analyzer.render.serverless import serverless

        return serverless(analyses)
    if form == "terraform":
        from analyzer.render.terraform import terraform

        return terraform(analyses)
    from analyzer.render.cdk import python, typescript

    return python(analyses) if form == "cdk-py" else typescript(analyses)


def with_doubts(analyses: Sequence[Analysis], form: str) -> tuple[Analysis, ...]:
    """Return *analyses* with a diagnostic for each name that their roles cannot give in the language *form*.

    What is a reference there is no pattern any more, so nothing is said of the pattern.
    """
    from dataclasses import replace

    from analyzer.diagnostics import sort_diagnostics
    from analyzer.render.drafts import drafts, native_in
    from analyzer.render.serverless import has_conditions

    made = drafts([[one] for one in analyses], native_in(form))
    told = []
    for draft in made:
        trusted = form != "sam" and (form != "serverless" or has_conditions(draft))
        told.append((*draft.doubts, *(draft.trust_doubts if trusted else ())))
    return tuple(
        replace(one, diagnostics=sort_diagnostics((*without_named(one.diagnostics, draft.named), *doubts)))
        for one, draft, doubts in zip(analyses, made, told, strict=True)
    )


def without_named(found: Sequence[Diagnostic], named: Collection[str]) -> tuple[Diagnostic, ...]:
    """Return what *found* says but for patterns in whose place a reference stands, which are *named*."""
    return tuple(one for one in found if not one.resources or not all(text in named for text in one.resources))
