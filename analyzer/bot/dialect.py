"""How the Markdown of a forge is written: what all forges have in common is left to `comment`, what they differ in stands here.

GitHub and GitLab fold, draw graphs and break lines in the cells of tables. What another forge does not render, it shows as it is
written, so it is not written for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from analyzer.bot.escape import cell, code_span, fenced

MARKER = "<!-- {} -->"
"""A comment of HTML, which is not shown where HTML is read."""

_CALLS = re.compile(r"@(?=[<{])|#(?=#\w*\[)")
"""What begins a mention of Azure DevOps (`@<…>`) and of Bitbucket (`@{…}`), and a command to an agent of Azure Pipelines.

Neither forge says that it looks for mentions outside of code only, and an agent looks for commands in all that is printed.
https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The dress of a comment.

    `cell` writes a text of anybody as code in one line, `fenced` as a block of code. `line` stands between two lines in a cell.
    `opened` and `closed` stand around what is said about a machine, with its title in the place of `{}`; `foot` and `marker` are
    the last line and the hidden first one. The sections of `without` are never written, and `budget` is the most bytes.
    """

    cell: Callable[[str], str] = cell
    fenced: Callable[[str, str], str] = fenced
    line: str = "<br>"
    opened: str = "<details><summary>{}</summary>"
    closed: str = "</details>"
    foot: str = "<sub>{}</sub>"
    marker: str = MARKER
    without: frozenset[str] = frozenset()
    budget: int = 60_000


def quiet(text: str, language: str = "") -> str:
    """Write *text* as a block of code in which nothing calls anybody even where a forge looks into code."""
    return _CALLS.sub(lambda match: f"{match[0]}\u200b", fenced(text, language))


HTML = Dialect()
"""GitHub and GitLab. GitHub takes 65,536 characters, however it counts them."""

AZURE = Dialect(fenced=quiet, line="; ", without=frozenset({"graph"}))
"""Azure DevOps: HTML is read, but breaks no line in a table, and graphs are for wikis. 150,000 characters are taken.

https://learn.microsoft.com/en-us/azure/devops/project/wiki/markdown-guidance
https://github.com/dependabot/dependabot-core/pull/8628
"""

BITBUCKET = Dialect(
    cell=code_span,
    fenced=quiet,
    line="; ",
    opened="### {}",
    closed="",
    foot="*{}*",
    marker="[//]: # ({})\n",
    without=frozenset({"graph"}),
    budget=30_000,
)
"""Bitbucket Cloud: Python-Markdown that shows HTML as text. A definition of a link that nothing uses is not shown.

Nothing is folded, so there is less of it; more than 32,768 characters have been refused.
https://bitbucket.org/tutorials/markdowndemo/overview
https://github.com/The-PR-Agent/pr-agent/issues/3283
"""
