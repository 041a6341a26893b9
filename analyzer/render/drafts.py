"""Analyses → drafts of roles: who may take each on and what it may do, with references where the template has names.

A state machine refers to its role, so a role may refer to nothing that leads back to the machine. Where it would, the name that
the template gives is written out instead, and where it gives none, a wildcard stands for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analyzer.analyze import Analysis, machine_name
from analyzer.dataflow.values import PLACEHOLDER
from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.permissions import EXECUTION
from analyzer.permissions.patterns import knows_wildcards
from analyzer.policy import minimise, split
from analyzer.render.expression import Expression, Names, Reference, express, express_all
from analyzer.symbols import BARE, has_symbol
from analyzer.templates.depends import named_in
from analyzer.templates.model import PSEUDO, Found
from analyzer.templates.placeholders import PARENT
from analyzer.text import Json

NAMES_IN_STACKS = ("cloudformation", "sam", "serverless")
"""The dialects whose names are those of a CloudFormation stack."""

Edges = dict[str, set[str]]
"""What each resource of a template refers to."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One role to write. `title` is what its machine is called, `machine` what the template calls it when there is one.

    `home` is the module that the machine is in, where its language has modules and it is not in the top one. `documents` are the
    statements of each document of the policy, the first one inline and each other one a managed policy, and `trust` is who may
    take the role on: IAM's, with an `Expression` for every text that has references. `doubts` say what the statements could not
    name, `trust_doubts` what the trust policy could not; `targets` are other roles, which need policies of their own.
    `named` are the patterns in whose place a reference to one thing stands.
    """

    title: str
    machine: str | None
    source: str
    documents: tuple[tuple[Mapping[str, Json], ...], ...]
    trust: Mapping[str, Json]
    targets: tuple[str, ...] = ()
    doubts: tuple[Diagnostic, ...] = ()
    trust_doubts: tuple[Diagnostic, ...] = ()
    home: str = ""
    named: frozenset[str] = frozenset()

    @property
    def statements(self) -> tuple[Mapping[str, Json], ...]:
        """The statements of all documents."""
        return tuple(statement for document in self.documents for statement in document)


@dataclass(slots=True)
class _Run:
    """The roles of one run, which make one graph with the resources of each template. It lives for one call."""

    native: Collection[str]
    depends: Mapping[str, Iterable[str]] | None
    graphs: dict[str, Edges] = field(default_factory=dict)

    def graph(self, found: Found | None) -> Edges:
        """Return what refers to what in the template of *found*."""
        if found is None:
            return {}
        if found.template not in self.graphs:
            depends = found.depends if self.depends is None else self.depends
            self.graphs[found.template] = {name: set(others) for name, others in depends.items()}
        return self.graphs[found.template]


def drafts(
    groups: Sequence[Sequence[Analysis]],
    native: Collection[str] = (),
    roles: Sequence[str] | None = None,
    depends: Mapping[str, Iterable[str]] | None = None,
) -> tuple[Draft, ...]:
    """Return a draft of a role for each of *groups*, whose machines share it.

    *native* are the dialects of templates whose names the written language understands. *roles* are the names that the roles
    have in their template already, and *depends* what refers to what there but for what is written; without them, each role
    is a resource of its own.
    """
    run = _Run(native, depends)
    names = roles or [f"role {place}" for place, _ in enumerate(groups)]
    for group, role in zip(groups, names, strict=True):
        for analysis in group:
            if analysis.found is not None:
                run.graph(analysis.found).setdefault(_own(analysis.found), set()).add(role)
    return tuple(_draft(group, role, run) for group, role in zip(groups, names, strict=True))


def native_in(form: str) -> tuple[str, ...]:
    """Return the dialects of templates whose names mean something in the language *form*."""
    return {"terraform": ("terraform", "terraform-plan"), "cdk-ts": (), "cdk-py": ()}.get(form, NAMES_IN_STACKS)


def _own(found: Found) -> str:
    """Return what the template calls the machine where it refers to it."""
    return _bare((found.own_name or "").rpartition(".")[0] or found.name)


def _bare(name: str) -> str:
    """Return *name* without the keys of instances: all instances of a resource refer to what one of them does."""
    return re.sub(r"\[(?:[^][]|\[[^][]*\])*\]", "", name)


def _draft(group: Sequence[Analysis], role: str, run: _Run) -> Draft:
    first = group[0]
    lost: dict[str, None] = {}
    lost_in_trust: dict[str, None] = {}
    names = _names(group, role, run, lost)
    grants = [grant for analysis in group for grant in analysis.grants if grant.role == EXECUTION]
    policy = first.policy if len(group) == 1 else minimise(grants)
    documents = tuple(
        tuple(_statement(statement, names, lost) for statement in document.to_dict()["Statement"]) for document in split(policy)
    )
    trust = _trust([_of_each_name(one) for one in group], replace(names, lost=lost_in_trust.setdefault), lost_in_trust)
    own = {analysis.found.own_name for analysis in group if analysis.found is not None}
    return Draft(
        title=", ".join(map(machine_name, group)),
        machine=_own(first.found) if first.found is not None else None,
        source=first.found.template if first.found is not None else first.machine.source.name,
        documents=documents,
        trust=trust,
        targets=tuple(dict.fromkeys(target.role.arn for analysis in group for target in analysis.targets)),
        doubts=tuple(_doubt(name, first.found, own=name in own) for name in lost),
        trust_doubts=tuple(_doubt(name, first.found, own=name in own) for name in lost_in_trust),
        home=first.found.home.removesuffix(".") if first.found is not None else "",
        named=frozenset(text for text in {grant.resource for grant in grants} if _is_named(text, names)),
    )


_WILD = re.compile(r"(?<!\$\{)[*?]")


def _is_named(text: str, names: Names) -> bool:
    """Tell whether a pattern is written as a reference to the one thing that it is about."""
    if "${" not in text or not _WILD.search(text):
        return False
    made = express(text, names)
    return isinstance(made, Expression) and not any(isinstance(part, str) and _WILD.search(part) for part in made.parts)


def _names(group: Sequence[Analysis], role: str, run: _Run, lost: dict[str, None]) -> Names:
    """Return what the placeholders of the machines of *group* become in their *role*."""
    first = group[0]
    found = first.found
    graph = run.graph(found)
    conditional = found.conditional if found is not None else ()
    is_native = found is not None and found.dialect in run.native
    origin = "" if is_native else (found.template if found is not None else first.machine.source.name)

    def reference(name: str) -> Reference | None:
        if name in PSEUDO and (is_native or name in _EVERYWHERE):
            return Reference(name)
        if not is_native:
            # What the template calls a resource is as good elsewhere, unless it is made of the template's own parameters.
            called = meanings.get(name) if _head(name, graph) in graph else None
            fixed = called is not None and {*PLACEHOLDER.findall(called)} <= {*_EVERYWHERE}
            return None if fixed else Reference(name, origin)
        function = found.functions.get(name) if found is not None else None
        heads = {_head(name, graph)} if function is None else named_in(function, graph)
        if "#" in name or any(head == role or head in conditional or _leads(graph, head, role) for head in heads):
            return None
        graph.setdefault(role, set()).update(head for head in heads if head in graph)
        if function is not None:
            return Reference(name, function=json.dumps(function))
        if found is None or found.spelled is None:
            return Reference(name)
        code = found.spelled.get(name)
        # What the module of the machine has no word for is asked for, and what may be one of several is written out.
        return Reference(name, found.template) if code is None else Reference(name, code=code) if code else None

    around = first.context.pseudo_parameters().items()
    known = {f"${{{name}}}": text for name, text in around if "${" not in text and not has_symbol(text)}
    written = found.written if found is not None and is_native else {}
    meanings: dict[str, str] = {}
    for one in (analysis.found for analysis in group if analysis.found is not None):
        # What a parameter of the parent usually is, is not what it is.
        meanings |= {name: texts[0] for name, texts in one.texts.items() if len(texts) == 1 and not name.startswith(f"{PARENT}#")}
        if one.own_name is not None and isinstance(one.options.get("name"), str):
            meanings[one.own_name] = one.options["name"]
    return Names(
        written={_filled(text, known): name for text, name in written.items()},
        meanings=meanings,
        reference=reference,
        lost=lost.setdefault,
    )


_EVERYWHERE = ("AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::URLSuffix")
"""The pseudo parameters that every language has a word for."""


def _filled(text: str, known: Mapping[str, str]) -> str:
    for placeholder, value in known.items():
        text = text.replace(placeholder, value)
    return text


def _head(name: str, graph: Edges) -> str:
    """Return which resource *name* is about: what stands before the last dots, as far as it is one."""
    parts = _bare(name).split(".")
    heads = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((head for head in heads if head in graph), parts[0])


def _leads(graph: Edges, start: str, goal: str) -> bool:
    """Tell whether a way leads from *start* to *goal*."""
    seen, waiting = {start}, [start]
    while waiting:
        for other in graph.get(waiting.pop(), ()):
            if other == goal:
                return True
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return False


def _statement(statement: Mapping[str, Json], names: Names, lost: dict[str, None]) -> dict[str, Json]:
    made = dict(statement)
    made["Resource"] = _once(express_all(statement["Resource"], names))
    if "Condition" in statement:
        condition = _condition(statement["Condition"], names, lost)
        if condition:
            made["Condition"] = condition
        else:
            del made["Condition"]
    return made


def _of_each_name(analysis: Analysis) -> Json:
    """Return the trust policy of a machine; where the template gives it one of several names, with each of them."""
    found = analysis.found
    names = found.texts.get(found.own_name, ()) if found is not None and found.own_name is not None else ()
    if found is None or len(names) < 2:
        return analysis.trust
    made = json.loads(json.dumps(analysis.trust))
    for statement in made["Statement"]:
        sources = statement["Condition"].get("ArnLike", {})
        arn = sources.get("aws:SourceArn")
        if isinstance(arn, str):
            sources["aws:SourceArn"] = [arn.replace(f"${{{found.own_name}}}", name) for name in names]
    return made


def _trust(trusts: Sequence[Json], names: Names, lost: dict[str, None]) -> dict[str, Json]:
    """Return one trust policy for all the machines. Statements that differ in the machine alone are one, with each machine."""
    merged: dict[str, tuple[Json, dict[str, None]]] = {}
    for statement in (statement for trust in trusts for statement in trust["Statement"]):
        rest = json.loads(json.dumps(statement))
        sources = rest["Condition"].get("ArnLike", {}).pop("aws:SourceArn", [])
        _, known = merged.setdefault(json.dumps(rest), (rest, {}))
        known.update(dict.fromkeys([sources] if isinstance(sources, str) else sources))
    statements = []
    for statement, machines in merged.values():
        if machines:
            arns = list(machines)
            statement["Condition"]["ArnLike"]["aws:SourceArn"] = arns[0] if len(arns) == 1 else arns
        statements.append({**statement, "Condition": _condition(statement["Condition"], names, lost)})
    return {"Version": trusts[0]["Version"], "Statement": statements}


def _condition(block: Mapping[str, Mapping[str, Json]], names: Names, lost: dict[str, None]) -> dict[str, Json]:
    """Return a condition block with references. A value that lost its name is compared by a pattern from then on."""
    made: dict[str, dict[str, Json]] = {}
    for operator, tests in block.items():
        for key, values in tests.items():
            gone: dict[str, None] = {}
            chosen = express_all(values, replace(names, lost=gone.setdefault))
            lost.update(gone)
            wide = operator
            if gone and not knows_wildcards(operator):
                wide = operator.replace("StringEquals", "StringLike")
                chosen = express_all(_as_patterns(values), names)
                if wide == operator or key in block.get(wide, {}):
                    continue  # no operator left to say it with: without the condition the role can still work
            made.setdefault(wide, {})[key] = _once(chosen)
    return made


def _once(values: Json) -> Json:
    """Return the texts of a list once each: those that lost their names may be the same."""
    made = list(dict.fromkeys(values)) if isinstance(values, list) else []
    return made[0] if len(made) == 1 else made or values


def _as_patterns(values: Json) -> Json:
    """Return texts for an operator that knows no wildcards as one that does takes them."""
    if isinstance(values, list):
        return [_as_patterns(value) for value in values]
    return re.sub(r"(?<!\$\{)[*?]", lambda match: "${" + match[0] + "}", values)


def _doubt(name: str, found: Found | None, *, own: bool) -> Diagnostic:
    """Say that what *name* stands for could not be named by the role."""
    if own:
        message = "the role cannot refer to the machine that refers to it, so `*` stands for the machine's name"
        return diagnostic("unpinned-name", message, help="give the machine a name in the template, which pins the role to it")
    name = name.removesuffix(BARE)
    if found is not None and found.spelled is not None:
        message = f"no one reference of its module is `{name}`, so `*` stands for the name"
        return diagnostic("unpinned-name", message, help="give the resource a name, or the module an output or a variable for it")
    if "#" in name:
        whose, _, part = name.partition("#")
        whose = "the parent stack" if whose == PARENT else f"`{whose}`"
        message = f"nothing here refers to `{part.replace('#', ': ')}` of {whose} alone, so `*` stands for it"
        return diagnostic("unpinned-name", message, help="give it a name there, or the stack a parameter or an output for it")
    message = f"the role cannot refer to `{name}`, which leads back to it or is not always made, so `*` stands for the name"
    return diagnostic("unpinned-name", message, help="give the resource a name in the template")
