"""The command `check`: what machines need against what their roles are declared to allow."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import io, options
from analyzer.cli.roles import comparable_contexts, own_policies, template_of

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.compare.declared import PolicySet
    from analyzer.compare.findings import Finding, Ignore, Sorted
    from analyzer.report.check import Checked


@click.command()
@options.paths
@click.option("--policy", "policies", metavar="FILE[#ROLE]", multiple=True,
              help="Policy, trust policy or template with the role to compare with. Repeatable.")  # fmt: skip
@options.form_option("text", "json", "sarif")
@options.output_options
@click.option("--fail-on", type=click.Choice(["error", "warning", "note", "never"]), default="warning", show_default=True,
              help="Exit with 1 when something at least this severe is found.")  # fmt: skip
@click.option("--baseline", metavar="FILE", help="Findings to live with for now. An entry that no longer occurs is an error.")
@click.option("--update-baseline", is_flag=True, help="Take out of the baseline what no longer occurs; make it if there is none.")
@options.comparison_options
@click.pass_context
def check(
    ctx: click.Context, /, paths: tuple[str, ...], policies: tuple[str, ...], form: str, output: str | None, fail_on: str,
    baseline: str | None, update_baseline: bool, **given: Any,
) -> None:  # fmt: skip
    """Compare what is needed with what is declared.

    Each machine is compared with the role in its template or, with --policy, with the given policies. Reports what is missing,
    what is in excess, a trust policy that is not pinned to the machine, and what cannot be decided.
    """
    from analyzer.compare.findings import ignore
    from analyzer.diagnostics import RANK
    from analyzer.report.check import check_document, check_text, sums
    from analyzer.report.paint import to_json
    from analyzer.report.sarif import sarif

    if update_baseline and baseline is None:
        raise click.UsageError("--update-baseline needs --baseline FILE", ctx)
    declared = _policies(policies)
    inputs, code = io.read(paths, ctx, one=options.one_machine(given), machine=given["machine"], others=True)
    results = io.of_machine(io.analyze_all(inputs, code, comparable_contexts(given, declared), ctx), given["machine"], code)
    machines, found = _checked(results.analyses, declared, given["machine"])
    told = ignore(found, _ignores(given))
    if baseline is not None:
        told = _with_baseline(told, baseline, update=update_baseline)
    if form == "text":
        io.write(check_text(machines, told, io.paint_for(sys.stdout, ctx, output)), output)
    else:
        io.write(to_json(sarif(told) if form == "sarif" else check_document(machines, told)) + "\n", output)
    io.say(list(sums(told)))
    limit = {str(severity): rank for severity, rank in RANK.items()}.get(fail_on, -1)
    ctx.exit(results.exit_code(any(RANK[one.severity] <= limit for one in told.open)))


def _policies(given: tuple[str, ...]) -> PolicySet | None:
    from analyzer.compare.policies import read_policies
    from analyzer.errors import OptionError, SourceError
    from analyzer.sources import read_source

    pairs = []
    for one in given:
        path, _, role = (one, "", "") if os.path.exists(one) else one.rpartition("#") if "#" in one else (one, "", "")
        try:
            pairs.append((read_source(path), role))
        except SourceError as error:
            raise OptionError(str(error)) from error
    try:
        return read_policies(pairs) if pairs else None
    except SourceError as error:
        raise OptionError(f"`{error.name}`: {error}") from error


def _checked(
    analyses: tuple[Analysis, ...], given: PolicySet | None, machine: str | None = None
) -> tuple[list[Checked], list[Finding]]:
    from analyzer.analyze import machine_name
    from analyzer.compare.check import check as compare
    from analyzer.compare.declared import declare
    from analyzer.compare.findings import finding
    from analyzer.compare.sharing import sharing
    from analyzer.compare.statements import Place
    from analyzer.report.check import Checked

    machines: list[Checked] = []
    found: list[Finding] = []
    for analysis, others in zip(analyses, sharing(analyses), strict=True):
        if machine is not None and (analysis.found is None or analysis.found.name != machine):
            continue
        template = template_of(analysis.found) if given is None and analysis.found is not None else None
        own = given or own_policies(analysis.found, template, traced=analysis.context.tracing)
        path = analysis.found.template if analysis.found is not None else analysis.machine.source.name
        name = _unique(machine_name(analysis), path, machines)
        machines.append(Checked(name, path, own.title if own is not None else "no declared policy"))
        if own is None:
            what = "its role is not in its template" if analysis.found is not None else "a definition alone declares no policy"
            place = Place("the machine", analysis.machine.source)
            found.append(finding("not-decided", name, f"{what}: there is nothing to compare with", place, help="give --policy"))
            continue
        found += compare(analysis, name, declare(own, analysis.context.all_substitutions()), *others)
    return machines, found


def _unique(name: str, path: str, machines: list[Checked]) -> str:
    """Return what a machine is called in the report: with its path where another one is called the same."""
    return f"{path}#{name}" if any(one.machine == name for one in machines) else name


def _ignores(given: dict[str, Any]) -> tuple[Ignore, ...]:
    config = options.take_config(given)
    return config.ignores if config is not None else ()


def _with_baseline(told: Sorted, path: str, *, update: bool) -> Sorted:
    from analyzer.compare.baseline import baseline_document, read_baseline, shrunk, without_known
    from analyzer.errors import OptionError, SourceError
    from analyzer.report.paint import to_json
    from analyzer.sources import read_source

    entries = None
    if os.path.exists(path):
        try:
            entries = read_baseline(read_source(path).text, path)
        except SourceError as error:
            raise OptionError(str(error)) from error
    elif not update:
        raise OptionError(f"there is no baseline `{path}`: make it with --update-baseline")
    kept = shrunk(told, entries) if update or entries is None else entries
    if update:
        io.write(to_json(baseline_document(kept)) + "\n", path)
    return without_known(told, kept, path)
