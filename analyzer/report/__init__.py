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

    The formats of `render.FORMS` are roles in the language of a template.
    A policy is a document to hand to IAM; where nothing is needed, it denies everything, since IAM takes no empty one.
    Raises `OptionError` for another format, and for several analyses, or a policy of several documents, where there is room
    for one: `policy_documents` has them all.
    """
    chosen = [analyses] if isinstance(analyses, Analysis) else list(analyses)
    if format == "text":
        from analyzer.report.paint import Paint
        from analyzer.report.terminal import text_report

        return text_report(chosen, Paint(color))
    if format in FORMS:
        return render(chosen, format)
    from analyzer.report.document import document
    from analyzer.report.paint import to_json

    if format == "json":
        return to_json(document(chosen)) + "\n"
    if format not in ONE_DOCUMENT:
        raise OptionError(f"there is no format `{format}`: text, json, policy, trust, {', '.join(FORMS)} are known")
    if len(chosen) != 1:
        raise OptionError(f"the format `{format}` holds one document, and there are {len(chosen)} analyses")
    if format == "trust":
        return to_json(chosen[0].trust) + "\n"
    written = policy_documents(chosen[0])
    if len(written) != 1:
        raise OptionError(f"the format `{format}` holds one document, and the policy is in {len(written)}")
    return written[0]


def policy_documents(analysis: Analysis) -> list[str]:
    """Write the policy of the execution role as IAM takes it: the first document is inline, the others are managed policies."""
    from analyzer.report.document import policy_document
    from analyzer.report.paint import to_json

    return [to_json(policy_document(one)[0]) + "\n" for one in analysis.documents]
