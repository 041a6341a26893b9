"""Trust policies that a template declares, where they say more than what is derived: that stays, so that nobody else is let in.

A condition on another key stays. A pattern of the machine's ARN stays where the derived one has `*` for a name, or several names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzer.analyze import Analysis, machine_name
from analyzer.compare.conditions import Term, terms_of
from analyzer.compare.declared import Declared, declare, from_role
from analyzer.compare.globs import ANY, STAR, by_part, covers, overlap
from analyzer.compare.loosen import loosen
from analyzer.compare.trust import trust_findings
from analyzer.diagnostics import Severity
from analyzer.render.drafts import Draft
from analyzer.render.stack import intrinsics
from analyzer.symbols import symbol
from analyzer.text import Json

_ARN, _ACCOUNT = "aws:sourcearn", "aws:sourceaccount"
"""The keys that are derived, in lower case."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The trust policy to write; nothing where the declared one stays as it is. `kept` is whether that names the machines."""

    document: Json
    kept: bool = False


def tighter(draft: Draft, group: Sequence[Analysis], declared: Json) -> Trust:
    """Return the trust policy of *draft* with what *declared*, as the template has it, says more than it."""
    made = intrinsics(draft.trust, {})
    statements = _statements(declared)
    conditions = [condition for one in statements if (condition := one.get("Condition")) is not None]
    readable = all(_is_readable(one) for one in conditions)
    more = [line for one in conditions for line in _lines(one) if line[1].lower() not in (_ARN, _ACCOUNT)] if readable else []
    stays = _is_wide(draft, group) and all(_is_tighter(one) for one in group)
    if readable and not more and not stays:
        return Trust(made)
    if not readable or len(statements) != 1:
        return Trust(None, kept=True)
    own = [line for line in _lines(conditions[0]) if line[1].lower() == _ARN] if stays else []
    written = []
    for statement in made["Statement"]:
        lines = [*own, *(line for line in _lines(statement["Condition"]) if not own or line[1].lower() != _ARN), *more]
        written.append({**statement, "Condition": _block(lines)})
    return Trust({**made, "Statement": written}, kept=bool(own))


def _statements(trust: Json) -> list[Mapping[str, Json]]:
    found = trust.get("Statement") if isinstance(trust, Mapping) else None
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, Mapping)]


def _is_readable(condition: Json) -> bool:
    """Tell whether a condition block has its operators and keys written out."""
    return isinstance(condition, Mapping) and all(
        isinstance(tests, Mapping) and not any(str(key).startswith("Fn::") for key in (operator, *tests))
        for operator, tests in condition.items()
    )


def _lines(condition: Mapping[str, Mapping[str, Json]]) -> Iterator[tuple[str, str, Json]]:
    for operator, tests in condition.items():
        for key, values in tests.items():
            yield operator, key, values


def _block(lines: Sequence[tuple[str, str, Json]]) -> dict[str, dict[str, Json]]:
    made: dict[str, dict[str, Json]] = {}
    for operator, key, values in lines:
        made.setdefault(operator, {})[key] = values
    return made


def _is_wide(draft: Draft, group: Sequence[Analysis]) -> bool:
    """Tell whether the derived trust policy lets in more than one machine for each of *group*."""
    named = {
        json.dumps(source, default=str)
        for statement in draft.trust["Statement"]
        for _, key, values in _lines(statement["Condition"])
        for source in (values if isinstance(values, list) else [values])
        if key.lower() == _ARN
    }
    return bool(draft.trust_doubts) or len(named) > len(group)


def _is_tighter(analysis: Analysis) -> bool:
    """Tell whether the declared trust policy names the machine no wider than the derived one does, and lets it run."""
    found = analysis.found
    if found is None or found.role is None or found.role.trust is None:
        return False
    declared, meant = declare(from_role(found.role, None), analysis.context.all_substitutions()), loosen(analysis)
    terms = [_term(statement) for statement in _statements(declared.trust)]
    derived = _term(analysis.trust["Statement"][0])
    if derived is None or not _may_run(analysis, declared):
        return False
    name, prefix = symbol(found.own_name or ""), f"{found.name.rpartition('/')[2]}-{STAR}"
    made = [own.replace(name, prefix) if name else own for own in derived.values]
    values = [value for one in terms for value in (one.values if one is not None else (STAR,))]
    patterns = [value for value in values if STAR in value or ANY in value]
    lets_in = len(patterns) < len(values) or all(any(_holds(meant(one), meant(own)) for one in patterns) for own in made)
    return lets_in and not any(_holds(meant(one), meant(own)) for one in patterns for own in derived.values)


def _holds(declared: str, own: str) -> bool:
    """Tell whether a declared pattern has room for the own one: for its name all of it, wherever it is."""
    parts = list(by_part(declared, own))
    return all(overlap(wide, narrow) for wide, narrow in parts[:-1]) and covers(*parts[-1])


def _term(statement: Mapping[str, Json]) -> Term | None:
    """Return what a statement of a trust policy says of the ARN of the machine."""
    return next((one for one in terms_of(statement.get("Condition")) if one.key == _ARN and not one.negated), None)


def _may_run(analysis: Analysis, declared: Declared) -> bool:
    """Tell whether nothing shows that the declared trust policy keeps the machine from running."""
    found = trust_findings(machine_name(analysis), analysis.trust, declared, loosen(analysis))
    return not any(one.severity is Severity.ERROR for one in found)
