"""Two states of a project, a base and a head: files, directories or git revisions, and the machines of each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from analyzer.cli import io, options

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.compare.changes import Key
    from analyzer.context import Context
    from analyzer.templates import Found
    from analyzer.text import Source


class Inputs(NamedTuple):
    """The machines of one side, the folder their paths are compared from (none: there is but one file), and an exit code.

    `texts` are those that machines and templates were looked for in, by path, and `unread` says why what else is there is not.
    """

    machines: list[io.Input]
    root: str | None
    code: int
    texts: Mapping[str, Source] = {}
    unread: Mapping[str, str] = {}

    def template(self, found: Found) -> Source | None:
        """Return the text of a machine's template; nothing when it cannot be read again."""
        from analyzer.cli.roles import template_of

        return self.texts.get(found.template) if self.texts else template_of(found)


def inputs_of(side: str, sides: tuple[str, str], path: str, machine: str | None, ctx: click.Context) -> Inputs:
    """Read one of two *sides*. Of revisions, *path* says which file or directory to look at."""
    if all(map(os.path.exists, sides)):
        if len({os.path.isdir(one) for one in sides}) > 1:
            raise click.UsageError("BASE and HEAD are a file and a directory: compare two of a kind", ctx)
        inputs, code = io.read([side], ctx, machine=machine) if _has_any(side) else ([], 0)
        return Inputs(inputs, side if os.path.isdir(side) else None, code)
    from analyzer.cli.revisions import has, read_revision

    if os.path.isabs(path) or ".." in path.replace(os.sep, "/").split("/"):
        raise click.UsageError(f"PATH `{path}` leads out of the current folder", ctx)
    if not any(has(one, path) for one in sides):
        raise click.UsageError(f"there is no `{path}` in `{sides[0]}` nor in `{sides[1]}`", ctx)
    revision = read_revision(side)
    texts = revision.sources(path)
    inputs, code = io.machines(texts, machine, ctx, revision)
    return Inputs(inputs, ".", code, texts, revision.unread)


def _has_any(side: str) -> bool:
    """Tell whether there is anything to read: a directory without a definition is a side like any other."""
    from analyzer.errors import SourceNotFound
    from analyzer.sources import find

    try:
        return not os.path.isdir(side) or bool(find([side]))
    except SourceNotFound:
        return False


def key_of(analysis: Analysis, root: str | None) -> Key:
    """Return what makes a machine the same one on both sides: where it lies in its side, and what it is called there."""
    from analyzer.analyze import machine_name

    found = analysis.found
    name = found.template if found is not None else analysis.machine.source.name
    path = os.path.relpath(name, root).replace(os.sep, "/") if root is not None else ""
    called = machine_name(analysis) if found is not None or root is not None else "the definition"
    return path, called


def contexts_of(parameters: dict[str, Any]) -> Any:
    """Return what makes contexts in which references of templates are the same on both sides."""
    from analyzer.compare.surroundings import comparable

    base = options.take_contexts(parameters)

    def context_for(name: str, found: Found | None = None, text: str = "") -> Context:
        context = base(name, found, text)
        return context if found is None else comparable(context, found, (None, None), parameters["substitution"], arns=True)

    return context_for
