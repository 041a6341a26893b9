"""Symbols of an analysis → the placeholders they stand for: `table/${Orders}`."""

from __future__ import annotations

from dataclasses import replace

from analyzer.analyze import Analysis, TargetPolicy
from analyzer.diagnostics import Diagnostic
from analyzer.permissions import Action, Condition, Grant
from analyzer.policy import Policy, Statement
from analyzer.symbols import spell, spell_for_people
from analyzer.text import Json


def spelled(analysis: Analysis) -> Analysis:
    """Return *analysis* with a placeholder for every symbol in what it grants and says."""
    return replace(
        analysis,
        policy=_policy(analysis.policy),
        trust=spell_json(analysis.trust),
        targets=tuple(
            TargetPolicy(
                one.role._replace(arn=spell(one.role.arn), account=_maybe(one.role.account)),
                _policy(one.policy),
                spell_json(one.trust),
            )
            for one in analysis.targets
        ),
        grants=tuple(map(_grant, analysis.grants)),
        diagnostics=tuple(map(_diagnostic, analysis.diagnostics)),
    )


def _diagnostic(found: Diagnostic) -> Diagnostic:
    said = replace(found, message=spell_for_people(found.message), help=spell_for_people(found.help))
    return replace(said, resources=tuple(map(spell, found.resources)))


def spell_json(value: Json) -> Json:
    """Write the symbols in every text of *value* as placeholders."""
    if isinstance(value, str):
        return spell(value)
    if isinstance(value, dict):
        return {spell(key): spell_json(item) for key, item in value.items()}
    return [spell_json(item) for item in value] if isinstance(value, list) else value


def _maybe(text: str | None) -> str | None:
    return None if text is None else spell(text)


def _condition(condition: Condition) -> Condition:
    return tuple((operator, spell(key), tuple(map(spell, values))) for operator, key, values in condition)


def _policy(policy: Policy) -> Policy:
    return Policy(
        tuple(
            Statement(
                one.sid,
                tuple(Action(spell(action)) for action in one.actions),
                tuple(map(spell, one.resources)),
                _condition(one.condition),
            )
            for one in policy.statements
        )
    )


def _grant(grant: Grant) -> Grant:
    return replace(grant, resource=spell(grant.resource), condition=_condition(grant.condition), role=spell(grant.role))
