"""The command `comment`: one comment on a pull request, about what it changes in what machines need."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import io, options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.bot.comment import Links
    from analyzer.bot.forge import Forge
    from analyzer.bot.gather import Side
    from analyzer.bot.rest import Rest
    from analyzer.bot.review import Review
    from analyzer.bot.settle import Post
    from analyzer.cli.ci import Job
    from analyzer.cli.sides import Inputs
    from analyzer.compare.changes import Key
    from analyzer.compare.findings import Finding

SUMMARY = 1_000_000
"""Bytes of a job summary of GitHub."""

_DEEP = "in a workflow, check out with `fetch-depth: 0`"


@click.command()
@click.argument("path", default=".")
@click.option("--base", metavar="REV|DIR", help="Where the request starts from; by default what the CI job says.")
@click.option("--head", metavar="REV|DIR", help="What the request would bring; by default what the CI job says.")
@click.option("--forge", type=click.Choice(["github", "gitlab", "azure", "bitbucket"]),
              help="Where to comment; by default where the job runs.")  # fmt: skip
@click.option("--repo", metavar="OWNER/NAME", help="The repository of the request.")
@click.option("--pull-request", type=click.IntRange(min=1), metavar="NUMBER", help="The number of the request.")
@click.option("--dry-run", is_flag=True, help="Print the comment and ask no forge.")
@click.option(
    "--suggest/--no-suggest",
    default=None,
    help="Offer what `write` would write in the diff, too, to be applied by one click; by default where a forge can.",
)
@click.option("--id", "id", default="default", show_default=True, help="Tells this comment from those of other jobs.")
@click.option("--head-time", type=click.IntRange(min=0), metavar="SECONDS", help="Time of the head; by default its commit's.")
@click.option("--review", metavar="FILE", help="Write what there is to say as JSON, too.")
@click.option("--from", "given_review", metavar="FILE", help="Comment on what --review wrote; nothing is analysed.")
@click.option("--code-quality", metavar="FILE", help="Write a Code Quality report of GitLab, too.")
@click.option("-o", "--output", metavar="FILE", help="Write the comment to FILE, whole or not at all.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "never"]), default="never", show_default=True,
              help="Exit with 1 when something at least this severe is said.")  # fmt: skip
@options.comparison_options
@click.pass_context
def comment(
    ctx: click.Context, /, *, path: str, base: str | None, head: str | None, forge: str | None, repo: str | None,
    pull_request: int | None, dry_run: bool, suggest: bool | None, id: str, head_time: int | None, review: str | None,
    given_review: str | None, code_quality: str | None, output: str | None, fail_on: str, **given: Any,
) -> None:  # fmt: skip
    """Comment on a pull request.

    Says what a request adds to and takes from the permissions of state machines, state by state, with the policy to suggest and
    what the declared role lacks. There is one comment, which every run brings up to date. Tokens are read from GITHUB_TOKEN,
    GITLAB_TOKEN, SYSTEM_ACCESSTOKEN and BITBUCKET_TOKEN; nothing needs a credential of AWS.
    """
    from dataclasses import replace

    from analyzer.bot.comment import comment as write
    from analyzer.bot.dialect import HTML
    from analyzer.bot.forges import FORGES
    from analyzer.bot.settle import post
    from analyzer.cli.ci import checked_repo, job
    from analyzer.cli.suggested import is_offering, printed

    known = job(forge=forge)
    known = replace(known, repo=checked_repo(repo) if repo else known.repo, number=pull_request or known.number)
    suggesting = is_offering(suggest, known, ctx)
    if given_review is not None:
        said, links, moment, code = (
            _read(given_review, ctx, suggest=suggesting),
            _links(known, "", known.head or ""),
            head_time or 0,
            0,
        )
    else:
        said, links, moment, code = _analysed(ctx, known, (base, head), path, given, suggest=suggesting)
        moment = moment if head_time is None else head_time
    dialect = FORGES[known.forge].dialect if known.forge else HTML
    text = write(said, links, dialect=dialect, given=given_review is not None)
    quiet = not (said.machines or said.settings)
    made = post(text, id, head=known.head or links.head, time=moment, run=known.run, quiet=quiet, form=dialect.marker)
    _write_files(said, links, known, review, code_quality, given=given_review is not None)
    if dry_run or output is not None:
        _print(made.text + (printed(said, id) if dry_run else ""), known, output)
    if not dry_run:
        code = max(code, _post(made, known, ctx, said if suggesting else None))
        _annotate(said, links, known, id)
    if known.commands and given_review is None:
        from analyzer.bot.annotations import workflow_commands

        for line in workflow_commands(said, links.prefix):
            click.echo(line)
    severe = {"error": {"error"}, "warning": {"error", "warning"}}.get(fail_on, set())
    found = any(remark.severity in severe for machine in said.machines for remark in machine.remarks)
    ctx.exit(io.Results((), code).exit_code(found))


def _analysed(
    ctx: click.Context, known: Job, ends: tuple[str | None, str | None], path: str, given: dict[str, Any], *, suggest: bool
) -> tuple[Review, Links, int, int]:
    """Return what there is to say, how lines are linked, the time of the head, and an exit code."""
    from dataclasses import replace
    from functools import cache

    from analyzer.bot.gather import gather, policies
    from analyzer.cli.revisions import changed_files, commit_of, is_shallow, merge_base, prefix
    from analyzer.cli.sides import key_of
    from analyzer.cli.suggested import as_written, lacking, offers, shown_in_folders, shown_in_revisions, with_offers

    base, head = ends[0] or known.base, ends[1] or known.head
    if base is None or head is None:
        raise click.UsageError("nothing says what to compare: give --base and --head", ctx)
    moment = 0
    links, settings = _links(known, "", known.head or ""), ""
    show = shown_in_folders(base, head) if os.path.isdir(base) and os.path.isdir(head) else None
    if not (os.path.exists(base) and os.path.exists(head)):
        head, moment = _commit(head, commit_of, ctx)
        base, _ = _commit(base, commit_of, ctx)
        start = merge_base(base, head)
        if start is None and is_shallow():
            raise click.UsageError(f"this clone has too little history to tell where the request starts; {_DEEP}", ctx)
        if start is None:
            io.say(["note: the history has no merge base of the two, so they are compared as they are"])
        base = start or base
        links = _links(known, base, known.head or head, prefix())
        changed = changed_files(base, head)
        show = shown_in_revisions(base, head, links.prefix, changed)
        settings = _changed_settings(changed, links.prefix, options.config_path(given))
    before, failed, _ = _side(ctx, base, (base, head), path, given)
    if failed:
        io.say(["note: that is about the base, which the request need not answer for", ""])
    after, code, inputs = _side(ctx, head, (base, head), path, given)
    code = max(code, _say_lost(before, after, inputs), failed if failed == io.BUG else 0)
    # What is suggested is what `write` would write, in the comment as in the diff.
    written = cache(lambda: as_written(ctx, inputs, given))
    told = gather(
        before, after, lambda one: policies(written().get(key_of(one, inputs.root), one)), incomplete=bool(code or failed)
    )
    lacks = lacking(told, after.findings) if suggest and show is not None and not code else set()
    said = with_offers(told, offers(inputs, written(), lacks, show)) if lacks and show is not None else told
    return replace(said, settings=settings), links, moment, code


def _changed_settings(changed: Mapping[bytes, bytes | None], prefix: str, path: str | None) -> str:
    """Return the path of the configuration, from the top of the repository, where it is one of the *changed* files."""
    name = os.path.relpath(path, os.path.realpath(".")).replace(os.sep, "/") if path is not None else ""
    whole = os.path.normpath(prefix + name).replace(os.sep, "/")
    return whole if name and whole.encode("utf-8", "surrogateescape") in changed else ""


def _say_lost(before: Side, after: Side, inputs: Inputs) -> int:
    """Tell what had a machine in the base and is not read now, and return the exit code: it is not known to be removed."""
    from analyzer.report.paint import printable

    lost = sorted({path for path, _ in before.analyses.keys() - after.analyses.keys()} & inputs.unread.keys())
    io.say([f"error: {printable(path)} is not read: {printable(inputs.unread[path])}" for path in lost])
    return io.UNREADABLE if lost else 0


def _commit(revision: str, commit_of: Any, ctx: click.Context) -> tuple[str, int]:
    from analyzer.cli.revisions import NoRepository
    from analyzer.errors import OptionError

    try:
        found: tuple[str, int] = commit_of(revision)
    except NoRepository:
        raise
    except OptionError as error:
        raise click.UsageError(f"{error}; {_DEEP}", ctx) from error
    return found


def _side(ctx: click.Context, side: str, sides: tuple[str, str], path: str, given: dict[str, Any]) -> tuple[Side, int, Inputs]:
    """Return the machines of one side with what `check` finds about them, an exit code, and what was read."""
    from analyzer.bot.gather import Side
    from analyzer.cli.sides import contexts_of, inputs_of, key_of

    inputs = inputs_of(side, sides, path, given["machine"], ctx)
    if (one := options.one_machine(given)) is not None:
        io.only_one(inputs.machines, one, ctx)
    results = io.analyze_all(inputs.machines, inputs.code, contexts_of(given), ctx)
    found = {key_of(analysis, inputs.root): analysis for analysis in results.analyses}
    root = inputs.root or os.path.dirname(side) or "."
    return Side(found, root, _findings(ctx, inputs, given)), results.code, inputs


def _findings(ctx: click.Context, inputs: Inputs, given: dict[str, Any]) -> dict[Key, list[Finding]]:
    """Return what `check` finds about the machines whose templates declare their roles."""
    from analyzer.cli.roles import comparable_contexts, own_policies
    from analyzer.cli.sides import key_of
    from analyzer.compare.check import check
    from analyzer.compare.declared import declare
    from analyzer.compare.findings import ignore
    from analyzer.compare.sharing import sharing

    config = options.take_config(given)
    declared = [one for one in inputs.machines if one.found is not None and one.found.role is not None]
    made: dict[Key, list[Finding]] = {}
    analyses = io.analyze_all(declared, 0, comparable_contexts(given), ctx).analyses
    for analysis, others in zip(analyses, sharing(analyses), strict=True):
        key, found = key_of(analysis, inputs.root), analysis.found
        template = inputs.template(found) if found is not None else None
        own = own_policies(found, template, traced=analysis.context.tracing)
        if own is not None:
            told = check(analysis, key[1], declare(own, analysis.context.all_substitutions()), *others)
            made[key] = list(ignore(told, config.ignores if config is not None else ()).open)
    return made


def _read(path: str, ctx: click.Context, *, suggest: bool) -> Review:
    """Read what another run had to say, without the suggestions where there shall be none."""
    from dataclasses import replace

    from analyzer.bot.exchange import read_review
    from analyzer.errors import SourceError
    from analyzer.report.paint import printable
    from analyzer.sources import read_source

    try:
        said = read_review(read_source(path).text, path)
    except SourceError as error:
        io.say([f"error: {printable(f'{path}: {error}')}"])
        ctx.exit(io.UNREADABLE)
    return said if suggest else replace(said, machines=tuple(replace(one, edits=(), place="") for one in said.machines))


def _links(known: Job, base: str, head: str, prefix: str = "") -> Links:
    from analyzer.bot.comment import Links
    from analyzer.bot.forges import FORGES

    form = FORGES[known.forge].links if known.forge else ""
    made = form.format(server=known.server.rstrip("/"), repo=known.repo) if form and known.repo and known.server else ""
    return Links(made, head, base, prefix)


def _write_files(said: Review, links: Links, known: Job, review: str | None, code_quality: str | None, *, given: bool) -> None:
    from analyzer.bot.comment import comment as write
    from analyzer.bot.exchange import review_document
    from analyzer.bot.gitlab import code_quality as quality
    from analyzer.report.paint import to_json

    if review is not None:
        io.write(to_json(review_document(said)) + "\n", review)
    if code_quality is not None:
        io.write(to_json(quality(said, links.prefix)) + "\n", code_quality)
    changed = "true" if said.machines else "false"
    for path, text in ((known.summary, write(said, links, SUMMARY, given=given)), (known.outputs, f"changed={changed}\n")):
        if path is not None:
            with io.told(f"`{path}`"), open(path, "a", encoding="utf-8") as file:
                file.write(text)


def _print(text: str, known: Job, output: str | None) -> None:
    """Print *text*. In a workflow, no line of it may be taken for a command: what ends the pause is not known to anybody."""
    if known.commands and output in (None, "-"):
        import secrets

        token = secrets.token_hex(16)
        text = f"::stop-commands::{token}\n{text}::{token}::\n"
    io.write(text, output)


def _post(made: Post, known: Job, ctx: click.Context, said: Review | None) -> int:
    """Bring the comment up to date, then the suggestions of what is *said*, if there may be any, and return the exit code.

    What cannot be posted is printed.
    """
    from analyzer.bot import offers
    from analyzer.bot.forge import ForgeError
    from analyzer.bot.settle import settle
    from analyzer.report.paint import printable

    what = "comment was"
    try:
        forge = _forge(known, ctx)
        if forge is None:
            io.say(["the pull request has moved on: another run comments on what it is now"])
            return 0
        io.say([f"comment: {settle(forge, made, time.sleep).why}"])
        what = "suggestions were"
        if said is not None and made.marker.head and isinstance(forge, offers.Reviewed):
            told = offers.settle(forge, offers.edits_of(said), made.marker.head, made.marker.id, time.sleep)
            io.say([f"suggestions: {printable(one)}" for one in told])
    except ForgeError as error:
        io.say([f"error: the {what} not posted: {printable(str(error))}"])
        _print(made.text, known, None)
        return io.UNREADABLE
    return 0


def _annotate(said: Review, links: Links, known: Job, id: str) -> None:
    """Put the remarks beside the lines of a request of Bitbucket. The comment has them, too: a failure is told and no more."""
    from analyzer.bot.forge import ForgeError
    from analyzer.bot.insights import post_insights
    from analyzer.report.paint import printable

    if known.forge == "bitbucket" and known.head is not None:
        try:
            post_insights(_rest(known), known.repo, known.head, id, said, links.prefix)
        except ForgeError as error:
            io.say([f"note: there is no report in Code Insights: {printable(str(error))}"])


def _rest(known: Job) -> Rest:
    from analyzer.bot.forges import FORGES
    from analyzer.bot.rest import Rest
    from analyzer.cli.ci import proxy_for

    kind = FORGES[known.forge or ""]
    return Rest(known.api, kind.headers(known.token), hint=kind.hint, proxy=proxy_for(known.api))


def _forge(known: Job, ctx: click.Context) -> Forge | None:
    from analyzer.bot import github
    from analyzer.bot.forges import FORGES

    if known.forge is None or not known.repo:
        raise click.UsageError("nothing says where to comment: give --forge, --repo and --pull-request, or --dry-run", ctx)
    kind = FORGES[known.forge]
    if not known.token:
        raise click.UsageError(f"there is no token in {kind.token}", ctx)
    rest = _rest(known)
    number = known.number
    if number is None and known.source is not None and known.head is not None and known.forge == "github":
        number = github.pull_request_at(rest, known.repo, *known.source, known.head)
        if number is None:
            return None
    if number is None:
        raise click.UsageError("nothing says which request to comment on: give --pull-request", ctx)
    return kind.client(rest, known.repo, number)
