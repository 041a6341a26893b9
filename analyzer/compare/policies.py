"""Policy files: an IAM policy or trust policy, what the AWS CLI prints of one, or a template with roles in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from analyzer.compare.declared import PolicySet, from_role
from analyzer.compare.statements import Place, titled
from analyzer.compare.trust import may_take
from analyzer.errors import OptionError
from analyzer.maps import index
from analyzer.sources import parse_any
from analyzer.templates.cloudformation_role import roles_in
from analyzer.templates.model import Role, Texts
from analyzer.text import Json, Pointer, Source

_VARIABLES = "2012-10-17"
_WRAPPED = (("PolicyDocument",), ("PolicyVersion", "Document"), ("Policy",), ("AssumeRolePolicyDocument",))
_TRUST = ("Role", "AssumeRolePolicyDocument")


def read_policies(sources: Sequence[tuple[Source, str]]) -> PolicySet:
    """Read policy files, each with the name of the role that is meant in it, or nothing, as the policies of one role.

    Raises `OptionError` for a file that holds no policy, and for a template with several roles of which none is named.
    """
    sets = [_read(source, role) for source, role in sources]
    title = ", ".join(one.title for one in sets)
    trusts = [one for one in sets if one.trust is not None]
    return PolicySet(
        title,
        tuple(pair for one in sets for pair in one.statements),
        tuple(name for one in sets for name in one.managed),
        tuple(other for one in sets for other in one.others),
        trusts[0].trust if trusts else None,
        trusts[0].place if trusts else sets[0].place,
        known={name: found for one in sets for name, found in one.known.items()},
        unread=tuple(part for one in sets for part in one.unread),
        boundary=next((one.boundary for one in sets if one.boundary is not None), None),
    )


def _read(source: Source, role: str) -> PolicySet:
    if source.name.endswith(".tf"):
        from analyzer.templates import project_of, terraform

        return _of_roles(source, *terraform.roles_in(source, project_of(source.name)), role)
    document, _ = parse_any(source)
    if isinstance(document, Mapping) and isinstance(document.get("Resources"), Mapping):
        return _of_roles(source, *roles_in(document), role)
    if role:
        raise OptionError(f"`{source.name}` is no template, so there is no role `{role}` in it")
    found = _document(document)
    if found is None:
        raise OptionError(f"`{source.name}` holds no policy: an object with `Statement`, or a template with a role, is one")
    policy, at = found
    place = Place(f"`{source.name}`", source, at)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if any(isinstance(one, Mapping) and ("Principal" in one or "NotPrincipal" in one) for one in statements):
        return PolicySet(source.name, (), trust=policy, place=place)
    placed = tuple(
        (one, Place(titled(one, number + 1), source, (*at, "Statement", number))) for number, one in enumerate(statements)
    )
    # Before that version there were no policy variables: a `${` is what it is.
    old = policy.get("Version") != _VARIABLES and "${" in json.dumps(policy)
    unread = ((place, "has `${` in it, and no Version that knows policy variables"),) if old else ()
    return PolicySet(source.name, () if old else placed, place=place, unread=unread)


def _document(document: Json) -> tuple[Mapping[str, Json], Pointer] | None:
    """Return the policy in *document* and the way to it: the document itself, or what the AWS CLI wraps it in."""
    for way in ((), *_WRAPPED, _TRUST):
        inner = document
        for step in way:
            inner = inner.get(step) if isinstance(inner, Mapping) else None
        if isinstance(inner, Mapping) and isinstance(inner.get("Statement"), list | Mapping):
            return inner, way
    return None


def _of_roles(source: Source, roles: Mapping[str, Role], known: Mapping[str, Texts], wanted: str) -> PolicySet:
    if wanted and wanted not in roles:
        raise OptionError(f"there is no role `{wanted}` in `{source.name}`; it has {_listed(roles)}")
    principal = index().trust["principal"]
    fitting = [wanted] if wanted else [name for name, one in roles.items() if may_take(one.trust, principal)] or list(roles)
    if len(fitting) != 1:
        raise OptionError(f"`{source.name}` has {_listed(fitting)}: name one of them, as in {source.name}#ROLE")
    made = from_role(roles[fitting[0]], source)
    return replace(made, title=f"{source.name}#{fitting[0]}", known=known)


def _listed(names: Mapping[str, object] | Sequence[str]) -> str:
    return "the roles " + ", ".join(f"`{name}`" for name in names) if names else "no role"
