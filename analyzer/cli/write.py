"""The command that puts policies into the templates they are for."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import io, options

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.render.holders import Written


@click.command()
@options.paths
@click.option("--dry-run", is_flag=True, help="Print what would change as a diff, and write nothing.")
@click.option("--skip-others", is_flag=True, help="Pass over files without a state machine, as a hook names them.")
@click.option("-q", "--quiet", is_flag=True, help="Keep diagnostics off standard error.")
@options.context_options
@click.pass_context
def write(ctx: click.Context, /, paths: tuple[str, ...], dry_run: bool, skip_others: bool, quiet: bool, **given: Any) -> None:
    """Write the policy where its template declares the role.

    Writes the inline policies and the trust policy of the role that a state machine of a CloudFormation or SAM template uses, or
    the policies of a SAM machine, and touches no other byte. A second run changes nothing. Exits with 1, and writes nothing at
    all, when a policy has no place in its template. With --machine, another machine of the template that cannot be read is no
    hindrance, unless it has the same role.
    """
    from analyzer.errors import CannotEdit
    from analyzer.render import without_named
    from analyzer.report.paint import printable

    ctx.params["keep_substitutions"] = given["keep_substitutions"] = True
    contexts = options.take_contexts(given)
    if skip_others and not (paths := tuple(filter(_may_hold_machine, paths))):
        return
    inputs, code = io.read(paths, ctx, one=options.one_machine(given), machine=given["machine"], others=True)
    results = io.of_machine(io.analyze_all(inputs, code, contexts, ctx), given["machine"], code)
    by_template: dict[str, list[Analysis]] = {}
    for analysis in results.analyses:
        name = analysis.machine.source.name if analysis.found is None else analysis.found.template
        by_template.setdefault(name, []).append(analysis)
    if results.code:
        io.say(["nothing was written, since not everything could be read"])
        ctx.exit(results.code)
    made: dict[str, tuple[str, Written]] = {}
    refused = []
    for name, analyses in by_template.items():
        chosen = [one for one in analyses if given["machine"] is None or (one.found and one.found.name == given["machine"])]
        try:
            if chosen:
                made[name] = _written(name, analyses, chosen, dry_run=dry_run)
        except CannotEdit as error:
            refused.append(f"error: {printable(f'{name}: {error}')}")
    if not quiet:
        named = {text for _, one in made.values() for text in one.named}
        told = [replace(one, diagnostics=without_named(one.diagnostics, named)) for one in results.analyses]
        io.say_problems(told, "write", ctx)
        io.say([printable(f"note: {name}: {remark}") for name, (_, one) in made.items() for remark in one.remarks])
    io.say([*refused, *(["nothing was written"] if refused else [])])
    if not refused:
        _finish(made, dry_run=dry_run)
    ctx.exit(results.exit_code(bool(refused)))


def _may_hold_machine(path: str) -> bool:
    """Tell whether there may be a state machine at *path*; what cannot be read is left to be told."""
    from analyzer.errors import SourceError
    from analyzer.sources import looks_like_definition, may_be_template, read_source

    try:
        source = read_source(path)
    except SourceError:
        return True
    return may_be_template(source) or looks_like_definition(source.text)


def _written(name: str, analyses: list[Analysis], chosen: list[Analysis], *, dry_run: bool) -> tuple[str, Written]:
    """Return the text of the template *name*, and what it becomes. Raises `CannotEdit`."""
    from analyzer.errors import CannotEdit
    from analyzer.render.holders import sharing, write_into
    from analyzer.sources.files import read_source

    if any(one.found is None for one in analyses):
        raise CannotEdit("a definition has no role: its policy is written into the template that it is in")
    check_file(name, dry_run=dry_run)
    source = read_source(name)
    return source.text, write_into(source, sharing(chosen, analyses))


def check_file(name: str, *, dry_run: bool = False) -> None:
    """Refuse what is no file of the project that can be written to; for a dry run it need not be."""
    from analyzer.errors import CannotEdit
    from analyzer.templates import project_of

    root = project_of(os.path.join(".", "here")).root
    if not os.path.isfile(name):
        raise CannotEdit("it is no file")
    if os.path.islink(name):
        raise CannotEdit("it is a link: name the file itself")
    if os.path.commonpath((os.path.realpath(name), root)) != root:
        raise CannotEdit(f"it lies outside the project `{root}`: run the command there")
    if not dry_run and not os.stat(name).st_mode & stat.S_IWUSR:
        raise CannotEdit("it is read-only")


def _finish(made: dict[str, tuple[str, Written]], *, dry_run: bool) -> None:
    """Write the templates that change, or show how they would."""
    lines: list[str] = []
    for name, (before, one) in made.items():
        if dry_run:
            lines += _diff(name, before, one.text)
            continue
        if one.text != before:
            io.write(one.text, name)
        held = ", ".join(one.holders)
        lines.append(f"{name}: wrote the policies of {held}\n" if one.text != before else f"{name}: nothing to change\n")
    io.write("".join(lines), None)


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    from difflib import unified_diff

    for line in unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"):
        yield line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n"
