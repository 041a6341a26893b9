"""Where a template declares the roles of its machines, and what is to stand there.

A role is written only when it is known whose it is: the state machines of the template, each of them read without an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.analyze import Analysis, machine_name
from analyzer.compare.declared import is_known_managed
from analyzer.compare.sharing import sharing as alike
from analyzer.diagnostics import Severity
from analyzer.errors import CannotEdit
from analyzer.render.cloudformation import POLICY_NAME, policy
from analyzer.render.denials import denials
from analyzer.render.drafts import Draft, drafts
from analyzer.render.inplace import replaced
from analyzer.render.tighter import tighter
from analyzer.sources import parse_any
from analyzer.templates.cloudformation import TYPES
from analyzer.templates.depends import dependencies
from analyzer.text import Json, Pointer, Source

DIALECTS = ("cloudformation", "sam")
"""The dialects of templates that are written into."""

_BESIDE = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
_REPLACED = ("AssumeRolePolicyDocument", "Policies")
"""The properties of a role that are written anew; of a machine, the second one is."""

_ELSEWHERE = "put it into a managed policy or a permissions boundary, which stay as they are"
_STATES = re.compile(r"states\.(?:[a-z0-9-]+\.|\$\{AWS::Region\}\.)?(?:amazonaws\.com(?:\.cn)?|\$\{AWS::URLSuffix\})")
"""The service of a trust policy that only state machines take on."""


@dataclass(frozen=True, slots=True)
class Written:
    """A template with its policies in it. `holders` are the resources that hold them, `remarks` what is left to a reader.

    `named` are the patterns in whose place references stand.
    """

    text: str
    holders: tuple[str, ...]
    remarks: tuple[str, ...]
    named: frozenset[str] = frozenset()


def write_into(source: Source, analyses: Sequence[Analysis]) -> Written:
    """Return the template *source* with the policies of *analyses*, which are all its machines.

    Raises `CannotEdit` when a role is not declared there, or serves others too, or an analysis has errors.
    """
    groups = _holders(analyses)
    document, _ = parse_any(source)
    resources: Mapping[str, Json] = document["Resources"]
    for holder, group in groups.items():
        if holder not in resources:
            raise CannotEdit(f"the role of `{machine_name(group[0])}` is made by a loop of this template")
        _review(holder, group, resources)
    made = drafts(list(groups.values()), DIALECTS, list(groups), dependencies(_without_policies(resources, groups)))
    changes: dict[Pointer, Json] = {}
    remarks: list[str] = []
    for (holder, group), draft in zip(groups.items(), made, strict=True):
        if len(draft.documents) > 1:
            many = f"the policy of `{draft.title}` takes {len(draft.documents)} documents, and there is place for one"
            raise CannotEdit(f"{many}: `--format cloudformation` writes the managed policies beside the role")
        place: Pointer = ("Resources", holder, "Properties")
        properties = resources[holder]["Properties"]
        if resources[holder]["Type"] in TYPES:
            if draft.statements or "Policies" in properties:
                changes[*place, "Policies"] = [policy(draft, {})] if draft.statements else []
            doubts = draft.doubts
            remarks += _taken_out(holder, group)
        else:
            policies = [{"PolicyName": _policy_name(properties), "PolicyDocument": policy(draft, {})}] if draft.statements else []
            if policies or "Policies" in properties:
                changes[*place, "Policies"] = policies
            trust = tighter(draft, group, properties.get("AssumeRolePolicyDocument"))
            if trust.document is None:
                remarks.append(f"the trust policy of `{holder}` is left as it is: it says more than what is derived")
            else:
                changes[*place, "AssumeRolePolicyDocument"] = trust.document
                if trust.kept:
                    remarks.append(f"`{holder}` keeps its aws:SourceArn, which is tighter than what is derived")
            doubts = (*draft.doubts, *(() if trust.kept else draft.trust_doubts))
            remarks += _left(holder, properties, resources)
        remarks += [f"{doubt.message}: {doubt.help}" for doubt in dict.fromkeys(doubts)]
        remarks += _targets(draft)
    named = frozenset(text for draft in made for text in draft.named)
    return Written(replaced(source, changes), tuple(groups), tuple(remarks), named)


def sharing(chosen: Sequence[Analysis], analyses: Sequence[Analysis]) -> list[Analysis]:
    """Return *chosen* and those of the other *analyses* of their template whose role is one of theirs.

    Raises `CannotEdit` when a role is that of a machine, too, that is not among them.
    """
    wanted: set[int] = set()
    for one, (others, unread) in zip(analyses, alike(analyses), strict=True):
        if any(one is each for each in chosen):
            if unread:
                raise CannotEdit(f"`{unread[0]}` has the role of `{machine_name(one)}`, and what it needs is not known")
            wanted |= {id(each) for each in (one, *others)}
    return [one for one in analyses if id(one) in wanted]


def _holders(analyses: Sequence[Analysis]) -> dict[str, list[Analysis]]:
    """Return the machines by the resource that holds their policies: a role, or the machine itself."""
    groups: dict[str, list[Analysis]] = {}
    for analysis in analyses:
        found = analysis.found
        if found is None or found.dialect not in DIALECTS:
            raise CannotEdit("a policy is written into CloudFormation and SAM templates only")
        if found.role is None:
            raise CannotEdit(f"the role of `{found.name}` is not declared in this template")
        groups.setdefault(str(found.role.pointer[1]), []).append(analysis)
    return groups


def _review(holder: str, group: Sequence[Analysis], resources: Mapping[str, Json]) -> None:
    """Refuse a role that serves others too, or whose machines have errors, so that their policies may lack something."""
    for analysis in group:
        errors = [found for found in analysis.diagnostics if found.severity is Severity.ERROR]
        if errors:
            raise CannotEdit(f"`{machine_name(analysis)}` has errors, such as: {errors[0].message}")
    replaced_parts = _REPLACED[1:] if resources[holder]["Type"] in TYPES else _REPLACED
    denied = next((one for part in replaced_parts for one in denials(resources[holder]["Properties"].get(part))), None)
    if denied is not None:
        raise CannotEdit(f"{denied} in `{holder}`, which would be lost: {_ELSEWHERE}")
    trust = group[0].found.role.trust if group[0].found and group[0].found.role else None
    others = [service for service in _services(trust) if not _STATES.fullmatch(service)]
    if others and resources[holder]["Type"] not in TYPES:
        raise CannotEdit(f"the role `{holder}` serves others too: {', '.join(f'`{one}`' for one in others)}")
    for analysis in group:
        machine = resources.get(str(analysis.found.pointer[1])) if analysis.found is not None else None
        possible = {name for name in _role_names(machine, resources) if resources[name].get("Type") == "AWS::IAM::Role"}
        if len(possible) > 1:
            raise CannotEdit(
                f"`{machine_name(analysis)}` has one of several roles: {', '.join(f'`{name}`' for name in sorted(possible))}"
            )


def _role_names(machine: Json, resources: Mapping[str, Json]) -> frozenset[str]:
    """Return what the property of *machine* that names its role refers to."""
    properties = machine.get("Properties", {}) if isinstance(machine, dict) else {}
    given = [properties.get(name) for name in ("RoleArn", "Role")]
    known = {name: resource for name, resource in resources.items() if isinstance(resource, dict)}
    return dependencies({**known, "": {"Properties": given}})[""]


def _services(trust: Json) -> list[str]:
    """Return whom a trust policy lets take a role on: services, and by the word `AWS` or another one whoever else."""
    statements = trust.get("Statement", []) if isinstance(trust, dict) else []
    found: list[str] = []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal") if isinstance(statement, dict) else None
        if isinstance(statement, dict) and "NotPrincipal" in statement:
            found.append("all but those of a `NotPrincipal`")
        if not isinstance(principal, dict):
            found += [] if principal is None else [str(principal)]
            continue
        for kind, values in principal.items():
            listed = values if isinstance(values, list) else [values]
            found += [str(value) if kind == "Service" else f"{kind}: {value}" for value in listed]
    return found


def _without_policies(resources: Mapping[str, Json], holders: Mapping[str, Sequence[Analysis]]) -> dict[str, Json]:
    """Return the resources without what is going to be written, so that the result does not depend on what was there."""
    made = dict(resources)
    for holder in holders:
        kept = {name: value for name, value in resources[holder]["Properties"].items() if name not in _REPLACED}
        made[holder] = {**resources[holder], "Properties": kept}
    return made


def _policy_name(properties: Mapping[str, Json]) -> Json:
    """Return the name of the policy that is there, so that it is changed and not made anew."""
    policies = properties.get("Policies")
    first = policies[0] if isinstance(policies, list) and policies else None
    return first.get("PolicyName", POLICY_NAME) if isinstance(first, dict) else POLICY_NAME


def _left(holder: str, properties: Mapping[str, Json], resources: Mapping[str, Json]) -> list[str]:
    """Say what else grants to a role, which is left as it is."""
    beside = [
        f"`{name}` grants to `{holder}` too: remove it when nothing else needs it"
        for name, depends in dependencies(resources).items()
        if holder in depends and isinstance(resources[name], dict) and resources[name].get("Type") in _BESIDE
    ]
    managed = f"`ManagedPolicyArns` of `{holder}` grants too: remove it when nothing else needs it"
    return [*([managed] if properties.get("ManagedPolicyArns") else []), *beside]


def _taken_out(holder: str, group: Sequence[Analysis]) -> list[str]:
    """Say which managed policies are no longer among those of a machine, of which nobody knows here what they deny."""
    managed = [name for one in group if one.found and one.found.role for name in one.found.role.managed]
    return [
        f"the managed policy `{name}` is taken out of `{holder}`: if it denies something, put it into a permissions boundary"
        for name in dict.fromkeys(managed)
        if not is_known_managed(name)
    ]


def _targets(draft: Draft) -> list[str]:
    return [f"the role `{arn}` needs a policy and a trust policy of its own, see `--format json`" for arn in draft.targets]
