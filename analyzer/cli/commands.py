"""The commands. Each imports what it uses when it runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from analyzer.cli import io, options
from analyzer.render import FORMS


@click.command()
@options.paths
@options.form_option("text", "json", "policy", "trust", *FORMS)
@options.output_options
@click.option("--fail-on", type=click.Choice(["error", "warning", "note", "never"]), default="error", show_default=True,
              help="Exit with 1 when something at least this severe is reported.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Keep diagnostics off standard error (all formats but text).")
@options.context_options
@click.pass_context
def analyze(
    ctx: click.Context, /, paths: tuple[str, ...], form: str, output: str | None, fail_on: str, quiet: bool, **given: Any
) -> None:
    """Print the minimal policy and the trust policy.

    A PATH is a file, a directory, a glob pattern or - for standard input; definitions are told by their content.
    """
    from analyzer.render import with_doubts
    from analyzer.report import ONE_DOCUMENT, report

    contexts = options.take_contexts({**given, "form": form})
    sources, code = io.read(
        paths, ctx, one=f"--format {form}" if form in ONE_DOCUMENT else options.one_machine(given), machine=given["machine"]
    )
    results = io.analyze_all(sources, code, contexts, ctx)
    if form in FORMS:
        results = results._replace(analyses=with_doubts(results.analyses, form))
    if form == "policy" and any(len(one.documents) > 1 for one in results.analyses):
        results = results._replace(code=io.write_documents(results.analyses[0], output, results.code))
    elif results.analyses:
        io.write(report(results.analyses, form, color=io.paint_for(sys.stdout, ctx, output).enabled), output)
    if form != "text" and not quiet:
        io.say_problems(results.analyses, form, ctx)
    ctx.exit(results.exit_code(io.has_findings(results.analyses, fail_on)))


@click.command()
@click.argument("action_glob")
@options.paths
@options.form_option("text", "json")
@options.output_options
@click.option("--prove", is_flag=True, help="Show for each action on each resource a request that fails without it.")
@options.context_options
@click.pass_context
def explain(
    ctx: click.Context, /, action_glob: str, paths: tuple[str, ...], form: str, output: str | None, prove: bool, **given: Any
) -> None:
    """Say why a permission is needed.

    Shows the state, the resource, where each value came from and the AWS page that says so. ACTION_GLOB is an action with
    * and ?, such as '*:Put*', in any case; without a colon it is a service or the name of an action. Exits with 1 when no
    permission matches.

    With --prove, shows instead for everything in the policy a request that nothing else allows, with the states that make
    it, and exits with 1 as well when something has none and could be taken out.
    """
    from analyzer.report.explain import explanation_data, explanation_text, matching
    from analyzer.report.paint import to_json

    contexts = options.take_contexts(given)
    sources, code = io.read(paths, ctx, one=options.one_machine(given), machine=given["machine"])
    results = io.analyze_all(sources, code, contexts, ctx)
    if prove:
        ctx.exit(_prove(results, action_glob, form, output, ctx))
    found = [(analysis, entry) for analysis in results.analyses for entry in matching(analysis, action_glob)]
    if form == "json":
        io.write(to_json({"schema": "asl-iam/explain-v1", "permissions": explanation_data(found)}) + "\n", output)
    elif found:
        io.write(explanation_text(found, io.paint_for(sys.stdout, ctx, output)), output)
    else:
        io.say([f"no permission matches `{action_glob}`"])
    ctx.exit(results.exit_code(not found))


def _prove(results: io.Results, action_glob: str, form: str, output: str | None, ctx: click.Context) -> int:
    """Write the proofs of all machines, and return the exit code."""
    from analyzer.report.paint import to_json
    from analyzer.report.proof import proof_data, proof_text, proofs

    found = [proof for analysis in results.analyses for proof in proofs(analysis, action_glob)]
    if form == "json":
        io.write(to_json({"schema": "asl-iam/proof-v1", "pairs": proof_data(found)}) + "\n", output)
    elif found:
        io.write(proof_text(found, io.paint_for(sys.stdout, ctx, output)), output)
    else:
        io.say([f"no permission matches `{action_glob}`"])
    return results.exit_code(not found or any(proof.witness.request is None for proof in found))


@click.command()
@click.argument("path")
@options.form_option("mermaid", "dot", "json")
@options.output_options
@options.context_options
@click.pass_context
def graph(ctx: click.Context, /, path: str, form: str, output: str | None, **given: Any) -> None:
    """Draw the states with their permissions."""
    from analyzer.report import diagram
    from analyzer.report.paint import to_json

    contexts = options.take_contexts(given)
    sources, code = io.read([path], ctx, one="a graph", machine=given["machine"])
    results = io.analyze_all(sources, code, contexts, ctx)
    for analysis in results.analyses:
        if form == "json":
            io.write(to_json(diagram.node_link(analysis)) + "\n", output)
        else:
            io.write(diagram.mermaid(analysis) if form == "mermaid" else diagram.dot(analysis), output)
    ctx.exit(results.code)


@click.command()
@click.argument("service", required=False)
@options.form_option("text", "json")
@options.output_options
@click.pass_context
def maps(ctx: click.Context, /, service: str | None, form: str, output: str | None, color: str) -> None:  # noqa: ARG001 - read from ctx
    """Show what is covered.

    Lists the integrations and their patterns or, for one SERVICE, the permissions of each and the AWS pages they rest on.
    The operations of an AWS SDK integration are those of aws-sdk:SERVICE.
    """
    from analyzer.diagnostics import did_you_mean
    from analyzer.maps import index
    from analyzer.report.coverage import coverage_data, coverage_text, covered_services, sdk_data
    from analyzer.report.paint import to_json

    covered = index()
    if service is not None and service not in (names := covered_services(covered)):
        raise click.UsageError(f"there is no map of `{service}`; {did_you_mean(service, names) or 'run `asl-iam maps`'}", ctx)
    if form == "json":
        services = sorted(covered.services) if service is None else [service]
        sdk = {"sdk": sdk_data()} if service is None else {}
        io.write(to_json({"schema": "asl-iam/maps-v1", "services": coverage_data(covered, services), **sdk}) + "\n", output)
    else:
        io.write(coverage_text(covered, service, io.paint_for(sys.stdout, ctx, output)), output)


@click.command()
@click.argument("command", type=click.Choice(["analyze", "check", "diff", "comment"]), default="analyze")
def schema(command: str) -> None:
    """Print the JSON Schema of a command's results.

    It describes what the command prints with --format json, or what comment writes with --review; by default that of analyze.
    """
    from analyzer.bot.exchange import review_schema_text
    from analyzer.report.document import schema_text

    io.write(review_schema_text() if command == "comment" else schema_text(command), None)
