"""How the commands read and write: analyses of all inputs in, one text out, problems on standard error."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple, TextIO

import click

if TYPE_CHECKING:
    from analyzer.analyze import Analysis
    from analyzer.cli.options import Contexts
    from analyzer.errors import SourceError
    from analyzer.report.paint import Paint
    from analyzer.templates import Found, Project
    from analyzer.text import Source

FINDINGS, USAGE, UNREADABLE, BUG = 1, 2, 3, 70
"""The exit codes beside 0."""

_WANTED = "a machine is a definition with `StartAt` and `States`, or a resource of a template"


class Input(NamedTuple):
    """One state machine to analyse: the text of its definition, and where it was found when that is a template."""

    source: Source
    found: Found | None = None

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return self.source.name if self.found is None else f"{self.found.template} ({self.found.name})"

    @property
    def place(self) -> str:
        """The file that it was found in: a definition, or a template."""
        return self.source.name if self.found is None else self.found.template


class Results(NamedTuple):
    """What became of the inputs: an analysis of each good one, and the exit code that the others ask for."""

    analyses: tuple[Analysis, ...]
    code: int

    def exit_code(self, findings: bool) -> int:
        """Return the exit code of the command: that an input is missing weighs more than what the others hold."""
        return self.code or (FINDINGS if findings else 0)


def read(
    paths: Sequence[str], ctx: click.Context, *, one: str | None = None, machine: str | None = None, others: bool = False
) -> tuple[list[Input], int]:
    """Find the state machines that *paths* name. A path that yields none is told on standard error, the others are kept.

    When *one* names something that is made for one machine only, several are wrong usage. Of templates, only the machine that
    is called *machine* is taken, when that is given, and when *others* are wanted, those behind it.
    """
    from analyzer.errors import SourceError
    from analyzer.sources import find

    sources: dict[str, Source] = {}
    code = 0
    for path in paths:
        try:
            for source in find([path]):
                sources.setdefault(os.path.realpath(source.name), source)
        except SourceError as error:
            code = UNREADABLE
            _report_failure(error, None, ctx)
    found, failed = machines(sources, None, ctx)
    inputs = chosen(found, machine)
    if machine is not None and not inputs:
        raise click.UsageError(f"there is no machine `{machine}` in what was read", ctx)
    if one:
        only_one(inputs, one, ctx)
    if others and not one:
        inputs += [each for each in found if machine is not None and not any(each is one for one in inputs)]
    # Another machine of a template that cannot be read is told, and is no part of what is asked for.
    return inputs, max(code, failed if machine is None else 0)


def chosen(inputs: Sequence[Input], machine: str | None) -> list[Input]:
    """Return the machine of a template that is called *machine*; all of them when none is named."""
    return [one for one in inputs if machine is None or (one.found is not None and one.found.name == machine)]


def only_one(inputs: Sequence[Input], one: str, ctx: click.Context) -> None:
    """Refuse several *inputs* as wrong usage where *one* names something that is made for one machine only."""
    if len(inputs) > 1:
        from analyzer.report.paint import printable

        names = [printable(each.title) for each in inputs]
        listed = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        raise click.UsageError(f"{one} takes one definition, and there are {len(names)}: {listed}", ctx)


def machines(
    sources: Mapping[str, Source], machine: str | None, ctx: click.Context, project: Project | None = None
) -> tuple[list[Input], int]:
    """Return the machines of *sources*: of a template each one, and no file once more that a template names.

    The files that templates name are those of *project*, else of the project that each template lies in.
    """
    from analyzer.errors import NotADefinition, SourceError
    from analyzer.sources import may_be_template

    inputs: list[Input] = []
    failed: list[tuple[SourceError, Source]] = []
    named: dict[str, set[str]] = {}
    read_texts: dict[str, Source] = {}
    for source in sources.values():
        if not may_be_template(source):
            inputs.append(Input(source))
            continue
        from analyzer.templates import machines_in, project_of  # what reads templates is loaded for one alone

        own = project.afresh() if project is not None else project_of(source.name)
        found = machines_in(source, own)
        if found is None:
            inputs.append(Input(source))
            continue
        for one in found:
            if isinstance(one, SourceError):
                failed.append((one, source))
                read_texts.update({text.name: text for text in (*own.taken.values(), source)})
                continue
            inputs.append(Input(one.source, one))
            for path in one.files:
                named.setdefault(os.path.realpath(path), set()).add(one.template)
    if sources and not inputs and not failed:
        first = next(iter(sources.values()))
        failed.append((NotADefinition("no state machine inside", name=first.name, help=_WANTED), first))
    failed = [(error, source) for error, source in failed if not _is_part(source.name, named, template=True)]
    for error, source in failed:
        _report_failure(error, read_texts.get(error.name, source if source.name == error.name else None), ctx)
    nested = {os.path.realpath(one.found.template) for one in inputs if one.found is not None and "/" in one.found.name}
    kept = [one for one in inputs if not (_is_part(one.place, named, template=one.found is not None) or _is_stack(one, nested))]
    return chosen(kept, machine), UNREADABLE if failed else 0


def _is_part(place: str, named: Mapping[str, set[str]], *, template: bool) -> bool:
    """Tell whether a file is taken as a part of a template that names it: no *template* is of one that lies below it."""
    folder = os.path.dirname(os.path.realpath(place))
    others = [os.path.dirname(os.path.realpath(other)) for other in named.get(os.path.realpath(place), set()) - {place}]
    return any(not template or other == folder or os.path.commonpath((folder, other)) != folder for other in others)


def _is_stack(one: Input, nested: set[str]) -> bool:
    """Tell whether a machine is there once more as one of a nested stack, with what its parent gives it."""
    return one.found is not None and "/" not in one.found.name and os.path.realpath(one.found.template) in nested


def analyze_all(inputs: Sequence[Input], code: int, contexts: Contexts, ctx: click.Context) -> Results:
    """Analyse every machine. One that cannot be analysed is told on standard error and takes no other one with it."""
    from analyzer.analyze import analyze, analyze_nested
    from analyzer.cli.options import keeps
    from analyzer.errors import OptionError, SourceError

    analyses = []
    for one in inputs:
        source, found = one.source, one.found
        try:
            context = contexts(source.name if found is None else found.template, found, source.text)
            analyses.append(analyze(source, context, None, found))
        except OptionError as error:
            raise click.UsageError(str(error), ctx) from error
        except SourceError as error:
            code = max(code, UNREADABLE)
            _report_failure(error, source, ctx)
        except Exception as error:  # a bug met in one input must not hide what is known about the others
            if ctx.find_root().params.get("debug"):
                raise
            code = BUG
            report_bug(error, source.name)
    made = tuple(analyses) if ctx.params.get("any_input") else analyze_nested(analyses)
    if keeps(ctx.params):
        from analyzer.render.spell import spelled

        made = tuple(map(spelled, made))
    return Results(made, code)


def of_machine(results: Results, machine: str | None, code: int) -> Results:
    """Return *results* with the exit code of one machine, when that is named and was analysed: *code*, and not that of others."""
    named = any(one.found is not None and one.found.name == machine for one in results.analyses)
    return results._replace(code=code) if named and results.code != BUG else results


def report_bug(error: Exception, name: str = "") -> None:
    """Say on standard error that the tool itself failed, and what to do about it."""
    from analyzer.report.paint import printable

    where = f" in {name}" if name else ""
    what = printable(f"bug{where}: {type(error).__name__}: {error}"[:500])
    say([what, "  = help: run again with `asl-iam --debug ...` and report the traceback with the definition"])


def paint_for(stream: TextIO | None, ctx: click.Context, output: str | None = None) -> Paint:
    """Return the paint for *stream*: by --color, else NO_COLOR, else FORCE_COLOR, else for a terminal. A file stays plain."""
    from analyzer.report.paint import Paint

    choice = ctx.params.get("color", "auto")
    if choice != "auto":
        return Paint(choice == "always")
    if os.environ.get("NO_COLOR") or output not in (None, "-"):
        return Paint(enabled=False)
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return Paint(enabled=True)
    return Paint(stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb")


def write(text: str, output: str | None) -> None:
    """Write the result to *output*, whole or not at all; without one, or for `-`, to standard output."""
    if output is None or output == "-":
        with told("standard output"):
            if sys.stdout is None:
                raise OSError("it is closed")
            click.echo(text, nl=False, color=True)
        return
    import shutil
    from pathlib import Path

    path = Path(os.path.realpath(output))
    temporary = path.with_name(f".asl-iam.{os.getpid()}")  # no longer than a name may be, however long that of the result
    with told(f"`{output}`"):
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            path.write_bytes(text.encode("utf-8", "backslashreplace"))  # a device or a pipe stays what it is
            return
        try:
            temporary.write_bytes(text.encode("utf-8", "backslashreplace"))
            if path.exists():
                shutil.copymode(path, temporary)
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink()


def write_documents(analysis: Analysis, output: str | None, code: int) -> int:
    """Write a policy of several documents, each to a file of its own beside *output*, and return the exit code.

    A stream has no room for several: nothing is written to it, and standard error says what to do.
    """
    from analyzer.report import policy_documents

    documents = policy_documents(analysis)
    if output in (None, "-") or (os.path.exists(output) and not os.path.isfile(output)):
        help = "give a file with -o FILE, which writes each to a file of its own, or take --format json"
        say([f"the policy is in {len(documents)} documents, and --format policy prints one: {help}"])
        return code or FINDINGS
    stem, ending = os.path.splitext(output)
    files = [output, *(f"{stem}.{number}{ending}" for number in range(2, len(documents) + 1))]
    for file, text in zip(files, documents, strict=True):
        write(text, file)
    managed = f"{files[1]} is a managed policy" if len(files) == 2 else f"{files[1]} to {files[-1]} are managed policies"
    say([f"{output} is the inline policy, {managed} to be attached to the role"])
    return code


@contextmanager
def told(place: str) -> Iterator[None]:
    """Tell a result that cannot be written to *place* as wrong usage; a reader that has gone away is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.UsageError(f"cannot write {place}: {(error.strerror or str(error)).lower()}") from error


def release() -> None:
    """Let go of a stream that takes no more: what is left in it would fail once more when Python ends, with a code of its own."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # there is none where it was closed from the start
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


_COMMAND = re.compile(r"##(?=vso\[)", re.IGNORECASE)
"""What an agent of Azure Pipelines obeys anywhere in a line, like one that quotes a name or a text of a definition."""


def say(lines: Sequence[str]) -> None:
    """Write *lines* to standard error. Where that cannot be written to, the exit code says what there is to say."""
    if lines:
        with suppress(OSError):
            click.echo(_COMMAND.sub("##\u200b", "\n".join(lines)), err=True, color=True)


def say_problems(analyses: Sequence[Analysis], form: str, ctx: click.Context) -> None:
    """Tell on standard error what the result has no room for: the diagnostics, and that a policy denies everything."""
    from analyzer.report.problems import problems_lines

    for analysis in analyses:
        say(problems_lines(analysis.machine.source, analysis.diagnostics, paint_for(sys.stderr, ctx)))
        if form == "policy" and not analysis.policy.statements:
            say(["nothing is granted, and IAM takes no empty policy, so this one denies everything"])


def has_findings(analyses: Sequence[Analysis], fail_on: str) -> bool:
    """Tell whether anything at least as severe as *fail_on* was reported; `never` is above everything."""
    from analyzer.diagnostics import RANK

    limit = {str(severity): rank for severity, rank in RANK.items()}.get(fail_on, -1)
    return any(RANK[found.severity] <= limit for analysis in analyses for found in analysis.diagnostics)


def _report_failure(error: SourceError, source: Source | None, ctx: click.Context) -> None:
    from analyzer.report.problems import failure_lines

    say([*failure_lines(error, source, paint_for(sys.stderr, ctx)), ""])
