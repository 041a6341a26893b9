"""The command `diff`: what two states of a project need differently."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import io, options
from analyzer.cli.sides import contexts_of, inputs_of, key_of

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.compare.changes import Key


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

    contexts = contexts_of(given)
    code = 0
    sides: list[dict[Key, Analysis]] = []
    for side in (base, head):
        inputs = inputs_of(side, (base, head), path, given["machine"], ctx)
        if (one := options.one_machine(given)) is not None:
            io.only_one(inputs.machines, one, ctx)
        results = io.analyze_all(inputs.machines, inputs.code, contexts, ctx)
        code = max(code, results.code)
        sides.append({key_of(analysis, inputs.root): analysis for analysis in results.analyses})
    found = changes(*sides)
    if os.path.isfile(head):
        found = tuple(replace(one, path=head) for one in found)
    if form == "json":
        io.write(to_json(diff_document(found)) + "\n", output)
    else:
        io.write(diff_text(found, io.paint_for(sys.stdout, ctx, output)), output)
    failed_on = {"added": any(one.added for one in found), "any": bool(found)}.get(fail_on, False)
    ctx.exit(io.Results((), code).exit_code(failed_on))
