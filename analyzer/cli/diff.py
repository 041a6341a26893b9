"""The command `diff`: what two states of a project need differently."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import io, options

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.compare.changes import Key
    from analyzer.context import Context
    from analyzer.templates import Found


@click.command()
@click.argument("base")
@click.argument("head")
@click.argument("path", default=".")
@options.form_option("text", "json")
@options.output_options
@click.option("--fail-on", type=click.Choice(["added", "any", "never"]), default="never", show_default=True,
              help="Exit with 1 when a permission was added, or when anything changed.")  # fmt: skip
@options.comparison_options
@click.pass_context
def diff(
    ctx: click.Context, /, base: str, head: str, path: str, form: str, output: str | None, fail_on: str, **given: Any
) -> None:
    """Compare what two states of a project need.

    BASE and HEAD are two files, two directories, or two git revisions, which are read without a checkout: then PATH says which
    file or directory of the repository to look at. Shows machines and permissions that were added or removed, with the states
    that caused each, and trust policies that changed.
    """
    from analyzer.compare.changes import changes
    from analyzer.report.diff import diff_document, diff_text
    from analyzer.report.paint import to_json

    contexts = _contexts(given)
    code = 0
    sides: list[dict[Key, Analysis]] = []
    for side in (base, head):
        inputs, root, failed = _inputs(side, (base, head), path, given["machine"], ctx)
        if (one := options.one_machine(given)) is not None:
            io.only_one(inputs, one, ctx)
        results = io.analyze_all(inputs, failed, contexts, ctx)
        code = max(code, results.code)
        sides.append({_key(analysis, root): analysis for analysis in results.analyses})
    found = changes(*sides)
    if os.path.isfile(head):
        found = tuple(replace(one, path=head) for one in found)
    if form == "json":
        io.write(to_json(diff_document(found)) + "\n", output)
    else:
        io.write(diff_text(found, io.paint_for(sys.stdout, ctx, output)), output)
    failed_on = {"added": any(one.added for one in found), "any": bool(found)}.get(fail_on, False)
    ctx.exit(io.Results((), code).exit_code(failed_on))


def _inputs(
    side: str, sides: tuple[str, str], path: str, machine: str | None, ctx: click.Context
) -> tuple[list[io.Input], str | None, int]:
    """Return the machines of one side, the folder their paths are compared from (none: there is but one file), and a code."""
    if all(map(os.path.exists, sides)):
        if len({os.path.isdir(one) for one in sides}) > 1:
            raise click.UsageError("BASE and HEAD are a file and a directory: compare two of a kind", ctx)
        inputs, code = io.read([side], ctx, machine=machine) if _has_any(side) else ([], 0)
        return inputs, side if os.path.isdir(side) else None, code
    from analyzer.cli.revisions import read_revision

    if os.path.isabs(path) or ".." in path.replace(os.sep, "/").split("/"):
        raise click.UsageError(f"PATH `{path}` leads out of the current folder", ctx)
    revision = read_revision(side)
    inputs, code = io.machines(revision.sources(path), machine, ctx, revision)
    return inputs, ".", code


def _has_any(side: str) -> bool:
    """Tell whether there is anything to read: a directory without a definition is a side like any other."""
    from analyzer.errors import SourceNotFound
    from analyzer.sources import find

    try:
        return not os.path.isdir(side) or bool(find([side]))
    except SourceNotFound:
        return False


def _key(analysis: Analysis, root: str | None) -> Key:
    """Return what makes a machine the same one on both sides: where it lies in its side, and what it is called there."""
    from analyzer.analyze import machine_name

    found = analysis.found
    name = found.template if found is not None else analysis.machine.source.name
    path = os.path.relpath(name, root).replace(os.sep, "/") if root is not None else ""
    called = machine_name(analysis) if found is not None or root is not None else "the definition"
    return path, called


def _contexts(parameters: dict[str, Any]) -> Any:
    """Return what makes contexts in which references of templates are the same on both sides."""
    from analyzer.compare.surroundings import comparable

    base = options.take_contexts(parameters)

    def context_for(name: str, found: Found | None = None, text: str = "") -> Context:
        context = base(name, found, text)
        return context if found is None else comparable(context, found, (None, None), parameters["substitution"])

    return context_for
