"""`python tests/check_report.py DIR [SEED NUMBER]` checks every definition of a corpus that has a declared policy.

Prints how many findings of each kind there are and, with a seed, that many of them drawn at random, for somebody to judge.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from corpus.cases import corpus_root, load  # noqa: E402

from analyzer.analyze import analyze  # noqa: E402
from analyzer.cli.roles import own_policies, template_of  # noqa: E402
from analyzer.compare.check import check  # noqa: E402
from analyzer.compare.declared import PolicySet, declare, places_of  # noqa: E402
from analyzer.compare.findings import Finding  # noqa: E402
from analyzer.compare.statements import Place, titled  # noqa: E402
from analyzer.compare.surroundings import comparable  # noqa: E402
from analyzer.context import Context, known_options, make_context  # noqa: E402
from analyzer.errors import SourceError  # noqa: E402
from analyzer.sources import find  # noqa: E402
from analyzer.templates import Found, machines_in, options_of, project_of  # noqa: E402


def of_index(root: Path) -> Iterator[tuple[str, list[Finding]]]:
    """Yield the findings of each definition of the index that has a declared policy."""
    for case in load(root):
        if case.expected is None or case.source is None or case.origin != "declared":
            continue
        statements = tuple((one, Place(titled(one, number), None)) for number, one in enumerate(case.expected, 1))
        given = PolicySet("declared", statements)
        try:
            analysis = analyze(case.source, comparable(case.context, None, places_of([given.texts()])))
        except SourceError:
            continue
        yield case.id, list(check(analysis, case.id, declare(given, analysis.context.all_substitutions())))


def of_templates(root: Path) -> Iterator[tuple[str, list[Finding]]]:
    """Yield the findings of each machine in the templates of the corpus whose role is declared there."""
    try:
        sources = find([str(root)])
    except SourceError:
        return
    for source in sources:
        for found in machines_in(source, project_of(source.name)) or ():
            if isinstance(found, SourceError) or own_policies(found) is None:
                continue
            context = _context(found)
            given = own_policies(found, template_of(found), traced=context.tracing)
            assert given is not None
            try:
                analysis = analyze(found.source, context, None, found)
            except SourceError:
                continue
            name = f"{source.name}#{found.name}"
            yield name, list(check(analysis, name, declare(given, analysis.context.all_substitutions())))


def _context(found: Found) -> Context:
    given = own_policies(found)
    texts = {name: texts[0] if len(texts) == 1 else texts for name, texts in found.texts.items()}
    base = make_context(substitutions=texts, **known_options(options_of(found, {})))
    return comparable(base, found, places_of([given.texts()] if given else []))


def main(arguments: list[str]) -> int:
    """Print the figures and, when asked for, findings drawn at random."""
    root = corpus_root(arguments[0] if arguments else None)
    if not (root / "index.json").is_file():
        print(f"no corpus at {root}")
        return 0
    found: list[Finding] = []
    for what, cases in (("definitions", of_index(root)), ("machines of templates", of_templates(root))):
        own = list(cases)
        found += [one for _, each in own for one in each]
        fitting = sum(not any(one.severity != "note" for one in each) for _, each in own)
        print(f"{what} checked  {len(own)}, {fitting} of them without an error or a warning")
    for id, number in sorted(Counter(one.id for one in found).items()):
        print(f"{id}  {number}")
    if len(arguments) > 2:
        drawn = Random(int(arguments[1])).sample(found, int(arguments[2]))  # noqa: S311 - nothing here is a secret
        for number, one in enumerate(drawn, 1):
            print(f"\n{number}. [{one.id}, {one.severity}] {one.machine}\n   {one.message}\n   {one.help}")
            if one.request is not None:
                print(f"   request: {one.request.action} on {one.request.resource} {dict(one.request.context)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
