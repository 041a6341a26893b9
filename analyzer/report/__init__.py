"""Analyses → text, one module a form. Nothing here prints; colour is added only when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.analyze import Analysis
from analyzer.errors import OptionError
from analyzer.render import FORMS, render

ONE_DOCUMENT = ("policy", "trust")
"""The formats that hold one document, and so take one analysis."""


def report(analyses: Analysis | Sequence[Analysis], format: str = "text", *, color: bool = False) -> str:
    """Write *analyses* as `text` for a person, as `json` by the schema `asl-iam/v1`, or as one `policy` or `trust` policy.

    The formats of `render.FORMS` are roles in the language of a template. A policy is a document to hand to IAM; where nothing
    is needed, it denies everything, since IAM takes no empty one.
    Raises `OptionError` for another format, and for several analyses where there is room for one document.
    """
    chosen = [analyses] if isinstance(analyses, Analysis) else list(analyses)
    if format == "text":
        from analyzer.report.paint import Paint
        from analyzer.report.terminal import text_report

        return text_report(chosen, Paint(color))
    if format in FORMS:
        return render(chosen, format)
    from analyzer.report.document import document, policy_document
    from analyzer.report.paint import to_json

    if format == "json":
        return to_json(document(chosen)) + "\n"
    if format not in ONE_DOCUMENT:
        raise OptionError(f"there is no format `{format}`: text, json, policy, trust, {', '.join(FORMS)} are known")
    if len(chosen) != 1:
        raise OptionError(f"the format `{format}` holds one document, and there are {len(chosen)} analyses")
    return to_json(policy_document(chosen[0].policy)[0] if format == "policy" else chosen[0].trust) + "\n"
