"""The rules of a Choice: what each compares, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.asl.check import Place, check_object, check_value, shown
from analyzer.asl.fields import COMPARISONS, RULE, Table
from analyzer.asl.model import QueryLanguage, Rule
from analyzer.text import Json

_OPERATORS = ("And", "Or", "Not")
_NESTED = Table({name: row for name, row in RULE.fields.items() if name not in ("Next", "Assign", "Output", "Condition")})
"""A rule inside And, Or or Not: it leads nowhere by itself."""
_TOP = Table(RULE.fields, required=(("Next",),))


def read_rules(choices: Json, place: Place) -> tuple[Rule, ...]:
    """Return the rules that can be read from *choices*, and report what is wrong about any."""
    if not isinstance(choices, list):
        return ()  # the field table has reported it
    if not choices:
        place.say("missing-field", "`Choices` is empty", help="add a rule")
    rules = []
    for index, body in enumerate(choices):
        here = place.inside(index)
        if not isinstance(body, dict):
            here.say("wrong-field-type", f"a rule is {shown(body)}, not an object")
            continue
        _check_rule(body, here)
        target = body.get("Next")
        rules.append(Rule(here.pointer, target if isinstance(target, str) else None, body))
    return tuple(rules)


def _check_rule(rule: Mapping[str, Json], place: Place) -> None:
    """Check one rule and, without recursion, every rule inside it."""
    if place.language is QueryLanguage.JSONATA:
        _check_object(rule, _TOP, place)
        _check_condition(rule, place)
        return
    waiting: list[tuple[Json, Place, Table]] = [(rule, place, _TOP)]
    while waiting:
        body, here, table = waiting.pop()
        if not isinstance(body, dict):
            here.say("wrong-field-type", f"a rule is {shown(body)}, not an object")
            continue
        _check_object(body, table, here)
        _check_comparison(body, here)
        for name in ("And", "Or"):
            nested = body.get(name)
            if isinstance(nested, list):
                waiting += [(item, here.inside(name, index), _NESTED) for index, item in enumerate(nested)]
        if isinstance(body.get("Not"), dict):
            waiting.append((body["Not"], here.inside("Not"), _NESTED))


def _check_object(body: Mapping[str, Json], table: Table, place: Place) -> None:
    """Check the fields of a rule; its comparison operators are a table of their own."""
    comparisons = [name for name in body if name in COMPARISONS]
    check_object({name: value for name, value in body.items() if name not in COMPARISONS}, table, place, "a choice rule")
    if place.language is QueryLanguage.JSONATA:
        for name in comparisons:
            message = f"`{name}` compares in JSONPath states, and this state is JSONata"
            place.say("wrong-query-language", message, name, help="write the comparison in `Condition`", on_key=True)
        return
    for name in comparisons:
        check_value(name, body[name], COMPARISONS[name], place)


def _check_condition(rule: Mapping[str, Json], place: Place) -> None:
    """Check that a JSONata rule asks something. What it asks in the wrong language is reported as that."""
    asked = "Condition" in rule or any(name in rule for name in (*_OPERATORS, "Variable"))
    if not asked and not any(name in COMPARISONS for name in rule):
        place.say("missing-field", "a choice rule needs `Condition`", "Condition")


def _check_comparison(rule: Mapping[str, Json], place: Place) -> None:
    """Check that a JSONPath rule asks exactly one question."""
    operators = [name for name in rule if name in COMPARISONS or name in _OPERATORS]
    if not operators and "Condition" in rule:
        return  # of the other query language, which is reported
    if not operators:
        place.say("missing-field", "a choice rule compares nothing", help="add a comparison, or `And`, `Or` or `Not`")
    elif len(operators) > 1:
        message = f"a choice rule asks more than one question: `{operators[0]}` and `{operators[1]}`"
        place.say("conflicting-fields", message, operators[1], help="join them with `And`", on_key=True)
    elif operators[0] in COMPARISONS and "Variable" not in rule:
        place.say("missing-field", "a comparison needs `Variable`", "Variable")
    elif operators[0] in ("And", "Or") and rule[operators[0]] == []:
        place.say("missing-field", f"`{operators[0]}` is empty", operators[0], help="add a rule")
