"""Least privilege for AWS Step Functions: a definition in, the minimal policy and the trust policy out.

    [source] = find(["order.asl.json"])
    analysis = analyze(source, make_context(arn="arn:aws:states:us-east-1:111122223333:stateMachine:Order"))
    print(report(analysis, "policy"))

The names below are the public interface; each is imported when it is first used.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.analyze import Analysis, analyze
    from analyzer.context import Context, make_context
    from analyzer.diagnostics import Diagnostic
    from analyzer.errors import AnalyzerError
    from analyzer.fleet import analyze_many
    from analyzer.graph import to_networkx
    from analyzer.permissions import Grant
    from analyzer.policy import Policy
    from analyzer.report import report
    from analyzer.sources import find
    from analyzer.text import Source

__version__ = "0.1.0"
"""The version of `pyproject.toml`, where it also stands, so that asking for it imports nothing."""

__all__ = ["Analysis", "AnalyzerError", "Context", "Diagnostic", "Grant", "Policy", "Source",
           "analyze", "analyze_many", "find", "make_context", "report", "to_networkx"]  # fmt: skip

_ROOMS = {
    "Analysis": "analyze", "AnalyzerError": "errors", "Context": "context", "Diagnostic": "diagnostics",
    "Grant": "permissions", "Policy": "policy", "Source": "text", "analyze": "analyze", "analyze_many": "fleet",
    "find": "sources", "make_context": "context", "report": "report", "to_networkx": "graph",
}  # fmt: skip


class _Package(ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        # NOTE: importing the module `analyzer.report` would put it in the place of the function of that name.
        if not (name in _ROOMS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
