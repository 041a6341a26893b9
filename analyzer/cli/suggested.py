"""What `asl-iam write` would make of the templates of a pull request, as edits to offer in its diff."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import io, options

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.bot.review import Edit, Review
    from analyzer.bot.suggest import Offer, Shown
    from analyzer.cli.ci import Job
    from analyzer.cli.sides import Inputs
    from analyzer.compare.changes import Key
    from analyzer.compare.findings import Finding
    from analyzer.text import Pointer, Source

Show = Callable[[str, str], "Shown | None"]
"""What the diff shows of a template: the path of it, and its text at the head."""

FORGES = frozenset({"github", "gitlab"})
"""The forges that put an edit into a file by one click."""


def is_offering(wanted: bool | None, known: Job, ctx: click.Context) -> bool:
    """Tell whether edits are offered: where the forge of the job can put them into a file, unless the user says otherwise."""
    can = known.forge is None or known.forge in FORGES
    if wanted and not can:
        raise click.UsageError(f"--suggest is for {' and '.join(sorted(FORGES))}: {known.forge} applies no suggestions", ctx)
    return can if wanted is None else wanted


def lacking(said: Review, findings: Mapping[Key, Sequence[Finding]]) -> set[Key]:
    """Return the machines that are spoken of and whose declared policy is not what they need: another spelling of it is none."""
    from analyzer.diagnostics import Severity

    keys = {(machine.path, machine.name) for machine in said.machines}
    return {key for key, found in findings.items() if key in keys and any(one.severity is not Severity.NOTE for one in found)}


def as_written(ctx: click.Context, inputs: Inputs, given: dict[str, Any]) -> dict[Key, Analysis]:
    """Return the machines of templates as `write` takes them: what only the deployment knows, such as the partition, is kept."""
    from analyzer.cli.sides import key_of

    contexts = options.take_contexts({**given, "keep_substitutions": True})
    machines = [one for one in inputs.machines if one.found is not None]
    return {key_of(analysis, inputs.root): analysis for analysis in io.analyze_all(machines, 0, contexts, ctx).analyses}


def offers(inputs: Inputs, written: Mapping[Key, Analysis], keys: Collection[Key], show: Show) -> dict[Key, Offer]:
    """Return what to offer for the machines *keys* of *inputs*; *written* are all machines of the head, as `write` takes them.

    It is what `asl-iam write TEMPLATE --machine NAME` would write at the head, or nothing where that would refuse to.
    """
    from analyzer.render.holders import DIALECTS
    from analyzer.render.spell import spelled

    by_template: dict[str, list[tuple[Key, Analysis]]] = {}
    for key, analysis in written.items():
        if analysis.found is not None:
            by_template.setdefault(analysis.found.template, []).append((key, spelled(analysis)))
    made: dict[Key, Offer] = {}
    for name, machines in by_template.items():
        found = [one.found for key, one in machines if key in keys]
        if not any(one is not None and one.role is not None and one.dialect in DIALECTS for one in found):
            continue
        source = _source(inputs, name)
        shown = show(name, source.text) if source is not None else None
        if source is not None and shown is not None:
            made |= _of_template(source, machines, keys, shown)
    return made


def _of_template(
    source: Source, machines: Sequence[tuple[Key, Analysis]], keys: Collection[Key], shown: Shown
) -> Iterator[tuple[Key, Offer]]:
    """Yield the offers for one template. Together they make of it what `write` would make of it."""
    from analyzer.bot.suggest import Offer, apart, applied, offer
    from analyzer.errors import CannotEdit
    from analyzer.render.holders import sharing, write_into

    analyses = [analysis for _, analysis in machines]
    taken: list[Analysis] = []
    edits: list[Edit] = []
    held: set[Pointer | None] = set()
    for key, analysis in machines:
        role = analysis.found.role.pointer if analysis.found is not None and analysis.found.role is not None else None
        if key not in keys or role in held:
            continue
        held.add(role)
        try:
            group = sharing([analysis], analyses)
            one = offer(key[1], source.text, write_into(source, group).text, shown, lambda text: _reads(text, source.name))
            if one.edits:
                whole = write_into(source, [*taken, *group]).text
                together = all(apart(edit, edits) for edit in one.edits) and applied(source.text, (*edits, *one.edits)) == whole
                one = one if together else Offer(place="many")
                one = one if _is_taken(one) else Offer(place="form")
        except CannotEdit:
            continue
        if one.edits:
            taken += group
            edits += one.edits
        yield key, one


def _is_taken(one: Offer) -> bool:
    """Tell whether the schema of a review takes the edits, which the run that posts them may only know from there."""
    from dataclasses import asdict

    from analyzer.bot.exchange import refused

    return all(refused(asdict(edit), "edit") is None for edit in one.edits)


def _reads(text: str, name: str) -> bool:
    from analyzer.errors import SourceError
    from analyzer.sources import parse_any
    from analyzer.text import Source

    try:
        return isinstance(parse_any(Source(text, name))[0], dict)
    except SourceError:
        return False


def _source(inputs: Inputs, name: str) -> Source | None:
    """Return the text of a template that `write` would write to: of a revision, any file; else what is no link and the like."""
    from analyzer.cli.write import check_file
    from analyzer.errors import CannotEdit, SourceError
    from analyzer.sources import read_source

    if inputs.texts:
        return inputs.texts.get(name)
    try:
        check_file(name)
        return read_source(name)
    except (CannotEdit, SourceError):
        return None


def shown_in_revisions(base: str, head: str, prefix: str, changed: Mapping[bytes, bytes | None]) -> Show:
    """Return what tells what the diff of two commits shows, for paths below the folder *prefix* of the repository.

    *changed* are the files that they differ in.
    """
    from analyzer.bot.suggest import Shown, Stretch, shown_in
    from analyzer.cli.revisions import difference

    def show(name: str, text: str) -> Shown | None:
        path = prefix + name
        found = difference(base, head, path, changed)
        if found is None:
            return Shown(path, path, ())
        old, diff = found
        whole = Stretch(1, (None,) * (text.count("\n") + (not text.endswith("\n"))))
        return Shown(path, old, (whole,) if diff is None else shown_in(diff))

    return show


def shown_in_folders(base: str, head: str) -> Show:
    """Return what tells what a diff of two folders shows."""
    from analyzer.bot.suggest import Shown, Stretch, shown_between
    from analyzer.errors import SourceError
    from analyzer.sources import read_source

    def show(name: str, text: str) -> Shown | None:
        path = os.path.relpath(name, head).replace(os.sep, "/")
        other = os.path.join(base, path)
        try:
            before = read_source(other).text if os.path.isfile(other) else None
        except SourceError:
            return None
        if before is None:
            return Shown(path, path, (Stretch(1, (None,) * len(text.split("\n"))),))
        return Shown(path, path, shown_between(before, text))

    return show


def with_offers(review: Review, found: Mapping[Key, Offer]) -> Review:
    """Return *review* with what is offered for its machines, the first ones first."""
    from dataclasses import replace

    from analyzer.bot.suggest import MOST

    left = MOST
    machines = []
    for machine in review.machines:
        one = found.get((machine.path, machine.name))
        if one is not None and len(one.edits) > left:
            one = one._replace(edits=(), place="many")
        if one is not None:
            left -= len(one.edits)
            machine = replace(machine, edits=one.edits, place=one.place)  # noqa: PLW2901
        machines.append(machine)
    return replace(review, machines=tuple(machines))


def printed(said: Review, id: str) -> str:
    """Write the suggestions for somebody who is shown no diff, each after the lines it is for."""
    from analyzer.bot.escape import cell
    from analyzer.bot.offers import edits_of, offer_text

    shown = []
    for one in [edit for group in edits_of(said) for edit in group]:
        lines = f"{one.start}-{one.line}" if one.start < one.line else f"{one.line}"
        shown.append(f"\n---\n\nIn the diff, in the place of {cell(f'{one.path}:{lines}')}:\n\n{offer_text(one, id)}")
    return "".join(shown)
