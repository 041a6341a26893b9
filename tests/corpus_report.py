"""Run every definition of a corpus and say what came of it: `python tests/corpus_report.py [CORPUS_DIR] [-v]`.

The corpus is CORPUS_DIR, else ASL_IAM_CORPUS, else `../shared/corpus` beside the checkout; its `index.json` says what is
valid and which policies others declared, `cdk/` holds what the AWS CDK grants for the same definitions. Exit 1 when
something is there that must not be: a crash, a forbidden string, an uncovered task, an unexplained difference.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

# The report runs from anywhere, without an installed package.
sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

from corpus.cases import corpus_root, load  # noqa: E402
from corpus.compare import Lack, beyond, bound, count, lacks  # noqa: E402
from corpus.differences import explain, read_table  # noqa: E402
from corpus.measure import Outcome, Tally, harden, measure, run  # noqa: E402
from corpus.templates import measure_templates  # noqa: E402
from corpus.templates import read_table as read_template_table  # noqa: E402

from analyzer.report.proof import proofs  # noqa: E402

SHOWN = 20


def main(arguments: list[str]) -> int:
    """Print the report and return the exit code."""
    verbose = "-v" in arguments
    root = corpus_root(next((argument for argument in arguments if argument != "-v"), None))
    if not (root / "index.json").is_file():
        print(f"no corpus at {root}: name its folder, or set ASL_IAM_CORPUS; nothing was checked")
        return 0
    cases = load(root)
    outcomes = [run(case) for case in cases]
    tally = measure(outcomes)
    hard = measure(run(harden(case)) for case in cases)
    print_tally(tally, hard, len(cases), verbose=verbose)
    idle = print_proof(outcomes)
    unexplained = print_comparison(outcomes, verbose=verbose) + print_templates(root, verbose=verbose)
    wrong = tally.crashes or hard.crashes or tally.forbidden or hard.forbidden or tally.uncovered
    return 1 if wrong or idle or unexplained else 0


def print_tally(tally: Tally, hard: Tally, texts: int, *, verbose: bool) -> None:
    """Print the figures, and the offenders below each that has any."""
    tasks = tally.tasks
    limit = 10_000 if verbose else SHOWN
    show("definitions", f"{tally.definitions} of {texts} texts; {tally.refused} are no definitions and say so")
    show("crashes", len(tally.crashes) + len(hard.crashes), [*tally.crashes, *hard.crashes], limit)
    show("invalid ones diagnosed", f"{tally.invalid - len(tally.undiagnosed)} of {tally.invalid}", tally.undiagnosed, limit)
    show("valid ones with an error", f"{len(tally.accused)} errors in {tally.valid}", tally.accused, limit if verbose else 0)
    show("tasks", f"{sum(tasks.values())}: " + ", ".join(f"{tasks[kind]} {kind}" for kind in sorted(tasks)))
    wanted = tasks["optimized"] - tally.unreachable - len(tally.rejected)
    show("optimized tasks covered", f"{tally.covered} of {wanted}", tally.uncovered, limit)
    show("optimized tasks that do not exist", len(tally.rejected), tally.rejected, limit if verbose else 0)
    show("optimized tasks never reached", tally.unreachable)
    show("grants", ", ".join(f"{tally.certainty[kind]} {kind}" for kind in ("exact", "pattern", "assumed", "unknown")))
    show("forbidden", len(tally.forbidden) + len(hard.forbidden), [*tally.forbidden, *hard.forbidden], limit)
    show(
        "on * though limitable",
        sum(tally.bare.values()),
        [f"{number:4}  {action}" for action, number in sorted(tally.bare.items())],
        limit,
    )


def print_proof(outcomes: Iterable[Outcome]) -> list[str]:
    """Print how much of the policies has a request that fails without it, and return what has none."""
    pairs = 0
    idle = []
    for case, analysis in ((outcome.case, outcome.analysis) for outcome in outcomes):
        found = [] if analysis is None else proofs(analysis, "*")
        pairs += len(found)
        idle += [f"{case.id}: {one.witness.action} on {one.witness.resource}" for one in found if one.witness.request is None]
    show("pairs with a witness", f"{pairs - len(idle):,} of {pairs:,}", idle)
    return idle


def print_comparison(outcomes: list[Outcome], *, verbose: bool) -> int:
    """Print the differences with other policies, and return how many nobody explained."""
    rows, open_, stale = explain((lack for outcome in outcomes for lack in lacks(outcome)), read_table())
    compared = Counter(outcome.case.origin for outcome in outcomes if outcome.analysis and outcome.case.expected is not None)
    print("\nagainst other policies: " + ", ".join(f"{number} {origin}" for origin, number in sorted(compared.items())))
    for source in sorted(compared):
        print(f"\n  what {source} grants and we do not, with the reason")
        for row, found in rows:
            if row.source == source:
                print(f"    {len(found):4}  {row.integration}  {row.action}: {row.reason}")
                print_lacks(found if verbose else ())
        own = [outcome for outcome in outcomes if outcome.case.origin == source]
        print(f"\n  what we grant and {source} does not")
        print_counts(count(pair for outcome in own for pair in beyond(outcome)))
        print(f"\n  what we grant under a condition and {source} without")
        print_counts(count(entry for outcome in own for entry in bound(outcome)))
    print()
    show("UNEXPLAINED", len(open_))
    for (integration, action), number in sorted(
        Counter((lack.origin + "  " + lack.integration, lack.action) for lack in open_).items()
    ):
        print(f"    {number:4}  {integration}  {action}")
    print_lacks(open_ if verbose else open_[:SHOWN])
    if "cdk" in compared:  # the table speaks of the large corpus: of another one, most rows say nothing
        show("stale rows", len(stale), [f"{row.source} | {row.integration} | {row.action}" for row in stale], 10_000)
    return len(open_)


def print_templates(root: Path, *, verbose: bool) -> int:
    """Print what reading the templates shows, and return how many differences nobody explained."""
    limit = 10_000 if verbose else SHOWN
    found = measure_templates(root, read_template_table())
    _, open_, _ = explain((lack for outcome in found.declared for lack in lacks(outcome)), read_table())
    print("\nfrom the templates")
    show("machines found", f"{found.found} of {found.machines}")
    show("policy as from the resolved one", f"{found.equal} of {found.resolved}")
    show("UNEXPLAINED", len(found.unexplained), [f"{one.what}: {one.id}: {one.reason}" for one in found.unexplained], limit)
    show("declared, and UNEXPLAINED", f"{len(open_)} in {len(found.declared)}")
    print_lacks(open_ if verbose else open_[:SHOWN])
    return len(found.unexplained) + len(open_)


def print_lacks(found: Iterable[Lack]) -> None:
    """Print where each difference is and what stands against what."""
    for lack in found:
        print(f"            {lack.case}: {lack.action} on {lack.resource}; ours: {', '.join(lack.ours) or 'nothing'}")


def print_counts(found: list[tuple[str, int]]) -> None:
    """Print how often each thing was found."""
    for text, number in found:
        print(f"    {number:4}  {text}")


def show(what: str, figure: object, offenders: Iterable[str] = (), limit: int = SHOWN) -> None:
    """Print one figure and the first offenders behind it."""
    print(f"{what:34} {figure}")
    listed = list(offenders)
    for line in listed[:limit]:
        print(f"    {line}")
    if limit and len(listed) > limit:
        print(f"    ... and {len(listed) - limit} more (-v shows them)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
