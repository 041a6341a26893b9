"""Which machines share a role: what one of them does not need, another one may."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence

from analyzer.analyze import Analysis
from analyzer.templates.model import Found


def role_key(found: Found | None) -> str | None:
    """Return what is the same for machines that share a role of their template, and for no others."""
    if found is None or found.role is None:
        return None
    role = found.role
    if not found.dialect.startswith("terraform"):
        return f"{os.path.realpath(found.template)} {role.pointer}"
    # Machines of several files and modules share a role: its name alone may be that of a role elsewhere, too.
    return json.dumps([role.name, role.statements, role.managed, role.others, role.trust], default=str)


def sharing(analyses: Sequence[Analysis]) -> Iterator[tuple[list[Analysis], list[str]]]:
    """Yield for each of *analyses* the others that have its role, and what those are called that could not be analysed."""
    keys = [role_key(one.found) for one in analyses]
    groups: dict[str, list[Analysis]] = {}
    for key, analysis in zip(keys, analyses, strict=True):
        if key is not None:
            groups.setdefault(key, []).append(analysis)
    for key, analysis in zip(keys, analyses, strict=True):
        alike = groups[key] if key is not None else []
        known = {_plain(one.found) for one in alike if one.found is not None}
        role = analysis.found.role if analysis.found is not None else None
        yield [one for one in alike if one is not analysis], sorted(role.machines - known) if role is not None else []


def _plain(found: Found) -> str:
    """Return what the template itself calls a machine, without the stack it is in."""
    return found.name if found.dialect.startswith("terraform") else found.name.rpartition("/")[2]
