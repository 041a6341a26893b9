"""The templates of a corpus: every machine found, and the same policy as from the definition that the corpus resolved itself.

A corpus resolves a definition by its template, and calls what has no name of its own by a rule: a resource by its logical id
(a bucket in lower case), a parameter `Param` and its name, the stack `stack`. A reading of the template gets the same names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from analyzer.analyze import Analysis, analyze
from analyzer.context import Context, known_options, make_context
from analyzer.dataflow.evaluate import substitute
from analyzer.dataflow.values import HOLE, PLACEHOLDER, texts
from analyzer.errors import SourceError
from analyzer.sources import parse_any, read_source
from analyzer.templates import Found, Project, machines_in, options_of, project_of
from analyzer.text import Source
from corpus.cases import HERE, Case
from corpus.measure import Outcome

TABLE = HERE.parent / "template_differences.txt"
ACCOUNT, REGION = "111122223333", "us-east-1"
_READ = ("sam", "cfn")
"""Kinds of rows whose original is a template of the kinds that are measured here."""

_LOWER = re.compile(r"::Bucket$")


class Borrowed(Project):
    """A project whose definition lies elsewhere: a corpus keeps it beside its index, and not where the template says."""

    def __init__(self, root: str, definition: Source) -> None:
        super().__init__(root)
        self.definition = definition

    def read(self, path: str, base: str) -> Source | None:
        """Return the file at *path*; where there is none, the definition that the corpus has."""
        return super().read(path, base) or self.definition


@dataclass(frozen=True)
class Reading:
    """One machine that a corpus says a template has: what was found, or why not, and the row of the index."""

    id: str
    template: str
    found: Found | None
    failed: str = ""
    row: Mapping[str, Any] | None = None


def readings(root: Path) -> Iterator[Reading]:
    """Read every template below *root*: those that rows of the index were taken from, then those of whole projects."""
    for row in json.loads((root / "index.json").read_text("utf-8")):
        if row.get("kind") in _READ and row.get("original"):
            yield _row(root, row)
    for path in sorted((root / "projects").rglob("*")):
        if path.suffix in (".yaml", ".yml", ".json") and path.is_file():
            yield from _project(root, path)


def _row(root: Path, row: Mapping[str, Any]) -> Reading:
    path = str(root / row["original"])
    project = Borrowed(str(Path(path).resolve().parent), read_source(str(root / row["path"])))
    name = row["source_file"].rpartition("#")[2]
    for one in machines_in(read_source(path), project) or ():
        if isinstance(one, SourceError):
            if f"`{name}`" in str(one):
                return Reading(row["id"], row["original"], None, str(one), row)
        elif one.name == name:
            return Reading(row["id"], row["original"], one, "", row)
    return Reading(row["id"], row["original"], None, f"there is no machine `{name}`", row)


def _project(root: Path, path: Path) -> Iterator[Reading]:
    source = read_source(str(path))
    relative = path.relative_to(root).as_posix()
    for one in machines_in(source, replace(project_of(str(path)), root=str(root))) or ():
        if isinstance(one, SourceError):
            yield Reading(relative, relative, None, str(one))
        else:
            yield Reading(f"{relative}#{one.name}", relative, one)


def context_of(found: Found) -> Context:
    """Return what the template says around a machine, with the names that the corpus gives."""
    base = make_context(account=ACCOUNT, region=REGION)
    known = {**found.texts, **{name: (text,) for name, text in _names(found).items()}}
    given = options_of(replace(found, texts=known), base.pseudo_parameters())
    names = {name: texts_[0] if len(texts_) == 1 else texts_ for name, texts_ in known.items()}
    return replace(base, substitutions=names, facts=found.facts, **known_options(given))


def _names(found: Found) -> dict[str, str]:
    """Return the names that the corpus gives to what has none."""
    document = read_template(found.template)
    resources, parameters = document.get("Resources", {}), document.get("Parameters", {})
    made = {"AWS::StackName": "stack"}
    beside = [
        found.document,
        [*found.texts.values()],
        dict(found.options),
        [[*key, *value] for key, value in found.facts.items()],
    ]
    for name in dict.fromkeys([*sorted(found.names), *PLACEHOLDER.findall(json.dumps(beside))]):
        head = name.partition(".")[0].removesuffix("#name")
        if name in found.texts:
            continue
        if head in parameters:
            made[name] = f"Param{head}"
        elif name in found.names and head in resources:
            made[name] = head.lower() if _LOWER.search(str(resources[head].get("Type"))) else head
    return made


def read_template(path: str) -> dict[str, Any]:
    """Return the document of the template at *path*."""
    return dict(parse_any(read_source(path))[0])


def pairs(root: Path, found: Iterable[Reading]) -> Iterator[tuple[Reading, Analysis, Analysis]]:
    """Yield each reading whose definition the corpus resolved, analysed from the template and from that, in one context."""
    for reading in found:
        if reading.found is None or reading.row is None or not reading.row.get("resolved_path"):
            continue
        context = context_of(reading.found)
        resolved = read_source(str(root / reading.row["resolved_path"]))
        yield reading, analyze(reading.found.source, context, None, reading.found), analyze(resolved, context)


def declared(reading: Reading) -> Outcome | None:
    """Return the analysis of a reading beside the statements that its template declares; nothing where there are none."""
    found = reading.found
    if found is None or found.role is None or not found.role.statements:
        return None
    context = context_of(found)
    statements = [_filled(one, context) for one in found.role.statements if isinstance(one, dict)]
    single = replace(context, substitutions=_single(context))
    case = Case(f"{reading.id}#template", "declared", found.source, single, expected=statements)
    return Outcome(case, analyze(found.source, context, None, found))


def _single(context: Context) -> dict[str, str]:
    """Return every substitution worked out, as what reads a definition without the analyzer needs it."""
    given = context.all_substitutions()
    found = {name: texts(substitute(f"${{{name}}}", (), given)) for name in given}
    return {name: several[0].text for name, several in found.items() if len(several) == 1 and HOLE not in several[0].text}


def _filled(value: Any, context: Context) -> Any:
    """Fill the placeholders of a declared statement; what is left open is a wildcard."""
    if isinstance(value, str):
        given = [one.text.replace(HOLE, "*") for one in texts(substitute(value, (), context.all_substitutions()))]
        return given[0] if len(given) == 1 else given
    if isinstance(value, dict):
        return {key: _flat(_filled(item, context)) for key, item in value.items()}
    return [_filled(item, context) for item in value] if isinstance(value, list) else value


def _flat(value: Any) -> Any:
    """Return a list without lists in it: a text that may be several is all of them."""
    if not isinstance(value, list):
        return value
    return [inner for item in value for inner in (item if isinstance(item, list) else [item])]


@dataclass(frozen=True)
class Difference:
    """A row of the table of differences, or one that nobody has explained: what differs, of which machine, and why."""

    what: str
    id: str
    reason: str = ""


@dataclass
class Measure:
    """What reading the templates of a corpus shows."""

    machines: int
    found: int
    resolved: int
    equal: int
    declared: list[Outcome]
    unexplained: list[Difference]
    stale: list[Difference]


def read_table(path: Path = TABLE) -> list[Difference]:
    """Read the table of differences; empty lines and lines that start with `#` are for the reader."""
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            columns = [column.strip() for column in line.split("|")]
            if len(columns) != 3 or not all(columns):
                raise ValueError(f"{path.name}:{number}: three columns are needed: what | machine | reason")
            rows.append(Difference(*columns))
    return rows


def measure_templates(root: Path, table: Iterable[Difference]) -> Measure:
    """Read every template below *root* and compare, leaving out what *table* explains."""
    rows = list(table)
    read = list(readings(root))
    compared = list(pairs(root, read))
    different = [Difference("failed", one.id, one.failed) for one in read if one.found is None]
    different += [Difference("policy", one.id) for one, own, other in compared if own.policy != other.policy]

    def explains(row: Difference, found: Difference) -> bool:
        return row.what == found.what and fnmatchcase(found.id, row.id)

    return Measure(
        machines=len(read),
        found=sum(one.found is not None for one in read),
        resolved=len(compared),
        equal=sum(own.policy == other.policy for _, own, other in compared),
        declared=[outcome for one in read if (outcome := declared(one)) is not None],
        unexplained=[one for one in different if not any(explains(row, one) for row in rows)],
        stale=[row for row in rows if not any(explains(row, one) for one in different)],
    )
