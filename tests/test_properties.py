"""Laws that hold for every definition, tried on generated ones.

`HYPOTHESIS_PROFILE=thorough` looks at fifty times as many, other ones each time.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import (
    FORBIDDEN,
    arguments,
    contexts,
    definitions,
    examples,
    json_values,
    literals,
    near_definitions,
    operations,
    parameters_of,
    resource_arn,
)

from analyzer.analyze import Analysis, analyze
from analyzer.context import Context, make_context
from analyzer.errors import SourceError
from analyzer.maps import service_map
from analyzer.permissions import EXECUTION, Action, Certainty, Condition, Grant
from analyzer.permissions.patterns import as_exact, as_pattern, covers
from analyzer.policy import Policy, minimise
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOME = make_context(arn="arn:aws:states:us-east-1:111122223333:stateMachine:Machine")
Triple = tuple[str, str, Any]


def run(definition: Any, context: Context = HOME) -> Analysis:
    """Analyse a definition that is at hand as a plain value."""
    return analyze(Source(json.dumps(definition), "definition.json"), context)


def run_or_refuse(text: str, context: Context = HOME) -> Analysis | None:
    """Analyse any text; `None` when it is refused as no definition. Everything else that is raised is a bug."""
    try:
        return analyze(Source(text, "<stdin>"), context)
    except SourceError:
        return None


# --------------------------------------------------------------------------------------------------- nothing crashes it


@examples(120)
@given(json_values(), contexts())
@example({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": ["x"], "End": True}}}, HOME)
@example({"StartAt": {}, "States": []}, HOME)
def test_any_json_value_is_analysed_or_refused(value: Any, context: Context) -> None:
    """Whatever JSON value stands in the place of a definition, the only exception is one that says it is none."""
    for document in (value, {"StartAt": "A", "States": value}, {"StartAt": "A", "States": {"A": value, "B": value}}):
        run_or_refuse(json.dumps(document), context)


@examples(120)
@given(near_definitions(), contexts())
def test_a_damaged_definition_is_analysed_or_refused(definition: Any, context: Context) -> None:
    """A definition with one place broken gives an analysis, in which every permission still has a reason."""
    analysis = run_or_refuse(json.dumps(definition), context)
    assert analysis is None or all(grant.reasons for grant in analysis.grants)


@examples(120)
@given(st.data())
def test_any_text_is_analysed_or_refused(data: st.DataObject) -> None:
    """Any text at all, and any JSON or YAML text that is cut or has characters put in, ends in an analysis or a `SourceError`."""
    kind = data.draw(st.sampled_from(("any", "json", "yaml")))
    if kind == "any":
        text = data.draw(st.text(max_size=40))
    else:
        definition = data.draw(definitions())
        whole = json.dumps(definition, indent=1) if kind == "json" else yaml.safe_dump(definition)
        cut, again = sorted((data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))))
        text = whole[:cut] + data.draw(st.text(max_size=3)) + whole[again:]
    run_or_refuse(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"StartAt":' * 100_000,
        "- " * 5_000,
        "{a: " * 5_000,
        '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "Result": ' + "[" * 150 + "]" * 150 + "}}}",
        '{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, "Resource": "arn:' + ":" * 200_000 + '"}}}',
    ],
    ids=["lists", "objects", "yaml-lists", "yaml-objects", "result", "resource"],
)
def test_depth_and_length_are_no_way_to_crash_it(text: str) -> None:
    """Nesting beyond any machine's, and very long strings, are analysed or refused like everything else."""
    analysis = run_or_refuse(text)
    assert analysis is None or analysis.policy.statements == ()


# --------------------------------------------------------------------------------------------------- what it never emits


WRONG_LANGUAGE = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::athena:getQueryResults",
            "Arguments": {"QueryExecutionId": "{% $id %}"},
            "End": True,
        }
    },
}
"""A JSONPath state with the field of the other language: its expressions are no constants."""


@examples(150)
@given(definitions(), contexts())
@example(WRONG_LANGUAGE, HOME)
def test_a_policy_holds_nothing_that_is_no_policy(definition: Any, context: Context) -> None:
    """No expression, no path and no empty list reaches a policy, and `*` alone only where a map says so."""
    analysis = run(definition, context)
    for document in documents(analysis):
        written = json.dumps(document, ensure_ascii=False)
        assert [piece for piece in FORBIDDEN if piece in written] == []
        for statement in document["Statement"]:
            assert statement.get("Resource") not in ("", [])
            assert statement["Action"] not in ("", [])
            assert [] not in [value for keys in statement.get("Condition", {}).values() for value in keys.values()]
    for grant in analysis.grants:
        assert grant.reasons
        assert all(reason.source.startswith("https://docs.aws.amazon.com/") for reason in grant.reasons)


def documents(analysis: Analysis) -> Iterator[dict[str, Any]]:
    """Yield every policy document of *analysis*."""
    yield from (analysis.policy.to_dict(), analysis.trust)
    for target in analysis.targets:
        yield from (target.policy.to_dict(), target.trust)


@examples(100)
@given(definitions(), contexts())
def test_the_trust_policy_names_one_account(definition: Any, context: Context) -> None:
    """The account inside aws:SourceArn is the one of aws:SourceAccount, and unknown where that is left out."""
    analysis = run(definition, context)
    [statement] = analysis.trust["Statement"]
    condition = statement["Condition"]
    arns = condition["ArnLike"]["aws:SourceArn"]
    [account] = {arn.split(":")[4] for arn in ([arns] if isinstance(arns, str) else arns)}
    assert condition.get("StringEquals", {}).get("aws:SourceAccount", "*") == account
    assert account == (context.account or "*")


# ------------------------------------------------------------------------------------------------- packing loses nothing


@examples(150)
@given(definitions(), contexts())
def test_a_policy_grants_what_the_grants_say(definition: Any, context: Context) -> None:
    """Every pair a statement allows is a grant, and every grant is allowed by a statement, for each role."""
    analysis = run(definition, context)
    for role, policy in [(EXECUTION, analysis.policy), *((target.role.arn, target.policy) for target in analysis.targets)]:
        check_equivalent([grant for grant in analysis.grants if grant.role == role], policy)
    assert {grant.role for grant in analysis.grants} <= {EXECUTION, *(target.role.arn for target in analysis.targets)}


def check_equivalent(grants: list[Grant], policy: Policy) -> None:
    """Compare *policy* with *grants* pair by pair."""
    granted = {(grant.action, grant.resource, condition) for grant in grants for condition in single_conditions(grant.condition)}
    allowed = list(triples(policy))
    assert len(allowed) == len(set(allowed))
    assert set(allowed) <= granted
    for action, resource, condition in granted:
        wider = [other for own, other, under in allowed if own == action and is_under(condition, under)]
        assert any(is_within(resource, other) for other in wider)


def triples(policy: Policy) -> Iterator[Triple]:
    """Yield (action, resource, condition) of everything *policy* allows."""
    for statement in policy.statements:
        for action, resource in product(statement.actions, statement.resources):
            yield from ((action, resource, condition) for condition in single_conditions(statement.condition))


def single_conditions(condition: Condition) -> list[Condition]:
    """Take a condition of one key apart: several values mean any of them. A condition of several keys stays whole."""
    if len(condition) != 1:
        return [condition]
    [(operator, key, values)] = condition
    return [((operator, key, (value,)),) for value in values]


def is_under(condition: Condition, wide: Condition) -> bool:
    """Tell whether *wide* lets through whatever *condition* lets through: key by key, a pattern by a wider one."""
    own = {(operator, key): values for operator, key, values in condition}
    return all(
        (operator, key) in own
        and (
            own[operator, key] == values
            or (operator.endswith("Like") and all(any(is_within(one, other) for other in values) for one in own[operator, key]))
        )
        for operator, key, values in wide
    )


@st.composite
def grant_lists(draw: st.DrawFn) -> list[Grant]:
    """Draw grants over few actions, few patterns and few conditions, so that they overlap."""
    patterns = st.lists(st.sampled_from(("a", "b", "${*}", "${$}", "*")), min_size=1, max_size=3).map("".join)
    conditions = st.sampled_from(((), (("StringEquals", "k", ("v",)),), (("StringEquals", "k", ("w",)),)))
    grants = st.builds(
        lambda action, resource, condition: Grant(Action(action), resource, condition, "call", Certainty.EXACT, EXECUTION, ()),
        st.sampled_from(("s:A", "s:B", "t:A", "t:C")),
        patterns.map(lambda pattern: re.sub(r"(?<!\{)\*+", "*", pattern)),
        conditions,
    )
    return draw(st.lists(grants, max_size=12))


@examples(300)
@given(grant_lists())
def test_packing_is_exact(grants: list[Grant]) -> None:
    """Packing neither gains nor loses a pair, and no pair that is left lies within another."""
    policy = minimise(grants)
    check_equivalent(grants, policy)
    left = list(triples(policy))
    for action, resource, condition in left:
        others = [other for other in left if other != (action, resource, condition) and other[0] == action]
        assert not any(is_within(resource, other) and under in ((), condition) for _, other, under in others)


@examples(200)
@given(grant_lists(), st.randoms(use_true_random=False))
def test_minimising_depends_on_the_set_of_grants_alone(grants: list[Grant], random: Any) -> None:
    """The order of the grants and repeats among them change nothing, and minimising a minimal policy changes nothing."""
    policy = minimise(grants)
    shuffled = grants + grants[:3]
    random.shuffle(shuffled)
    assert minimise(shuffled) == policy
    again = [Grant(Action(a), r, c, "call", Certainty.EXACT, EXECUTION, ()) for a, r, c in triples(policy)]
    assert minimise(again) == policy


# ---------------------------------------------------------------------------------------------- a change changes only it


@examples(100)
@given(definitions(), contexts(), st.data())
def test_removing_a_state_never_adds_a_permission(definition: Any, context: Context, data: st.DataObject) -> None:
    """A machine without one of its states, its predecessors led past it, needs nothing that the whole one does not."""
    context = replace(context, partition="aws")  # else the ARN of the state taken out may be what tells the partition
    whole = {*effective(run(definition, context))}
    scope, name = data.draw(st.sampled_from(removable(definition)) if removable(definition) else st.just((None, "")))
    if scope is None:
        return
    remove(scope, name)
    for role, action, resource, condition in {*effective(run(definition, context))} - whole:
        wider = [(other, under) for r, a, other, under in whole if (r, a) == (role, action)]
        assert any(is_within(resource, other) and under in ((), condition) for other, under in wider)


def effective(analysis: Analysis) -> Iterator[tuple[str, str, str, Any]]:
    """Yield (role, action, resource, condition) of every grant."""
    for grant in analysis.grants:
        yield grant.role, grant.action, grant.resource, grant.condition


def scopes_of(definition: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of *definition* that has StartAt and States."""
    if isinstance(definition, dict):
        if "StartAt" in definition and "States" in definition:
            yield definition
        for value in definition.values():
            yield from scopes_of(value)
    elif isinstance(definition, list):
        for value in definition:
            yield from scopes_of(value)


def removable(definition: Any) -> list[tuple[dict[str, Any], str]]:
    """Return (scope, name) of each state that leads on to another."""
    return [(scope, name) for scope in scopes_of(definition) for name, state in scope["States"].items() if following(state)]


def following(state: dict[str, Any]) -> str | None:
    """Return where *state* leads to when nothing special happens."""
    return state.get("Next", state.get("Default"))


def remove(scope: dict[str, Any], name: str) -> None:
    """Take the state *name* out of *scope*, and lead past it."""
    successor = following(scope["States"].pop(name))
    if scope["StartAt"] == name:
        scope["StartAt"] = successor
    for state in scope["States"].values():
        for holder in (state, *state.get("Choices", ()), *state.get("Catch", ())):
            for field in ("Next", "Default"):
                if holder.get(field) == name:
                    holder[field] = successor


@examples(100)
@given(definitions(), contexts(), st.data())
def test_renaming_states_changes_only_names(definition: Any, context: Context, data: st.DataObject) -> None:
    """Other names for the states give the same policies, the same grants for other states, and the same findings."""
    before = run(definition, context)
    names = [name for scope in scopes_of(definition) for name in scope["States"]]
    fresh = data.draw(st.lists(literals().filter(bool), min_size=len(names), max_size=len(names), unique=True))
    after = run(renamed(definition, dict(zip(names, (name[:60] for name in fresh), strict=True))), context)
    assert list(documents(after)) == list(documents(before))
    assert [replace(grant, reasons=()) for grant in after.grants] == [replace(grant, reasons=()) for grant in before.grants]
    assert Counter(found.id for found in after.diagnostics) == Counter(found.id for found in before.diagnostics)


def renamed(value: Any, names: dict[str, str], *, key: str = "") -> Any:
    """Return the definition *value* with its states called by other *names*."""
    if isinstance(value, dict):
        keep = key != "States"
        return {(each if keep else names[each]): renamed(below, names, key=each if keep else "") for each, below in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return names[value] if key in ("StartAt", "Next", "Default") else value


# ----------------------------------------------------------------------------------------------------------- determinism


@examples(60)
@given(definitions(), contexts())
def test_the_same_input_gives_the_same_analysis(definition: Any, context: Context) -> None:
    """Two runs in one process give equal analyses, and so does the same definition written as YAML."""
    first = run(definition, context)
    assert shown(run(definition, context)) == shown(first)
    assert shown(analyze(Source(yaml.safe_dump(definition, sort_keys=False), "definition.json"), context)) == shown(first)


def shown(analysis: Analysis) -> str:
    """Write everything derived from a definition, but not the text it was read from."""
    return repr((list(documents(analysis)), analysis.grants, analysis.diagnostics))


HASHING = """
import json, sys
from analyzer.analyze import analyze
from analyzer.text import Source
for text in json.load(sys.stdin):
    found = analyze(Source(text, "definition.json"))
    targets = [(target.role, target.policy, target.trust) for target in found.targets]
    print((found.policy, found.trust, targets, found.grants, found.diagnostics))
"""


def test_hash_seeds_do_not_show(root: Path) -> None:
    """Interpreters that hash strings differently print the same bytes for every sample and every spec."""
    texts = [
        path.read_text("utf-8") for path in sorted((*root.glob("samples/*/*.json"), *root.glob("tests/specs/*/definition.json")))
    ]
    texts = [text for text in texts if '"StartAt"' in text]
    assert texts
    printed = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", HASHING]
        done = subprocess.run(
            command, cwd=root, env=environment, input=json.dumps(texts).encode(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        printed.append(done.stdout)
    assert printed[0] == printed[1]


# -------------------------------------------------------------------------------------------------- names are only names


@examples(300)
@given(st.text("a*?${}", max_size=6), st.text("a*?${}", max_size=6))
@example("a*b", "axb")
@example("${*}", "*")
@example("$", "${$}")
def test_a_literal_matches_only_itself(text: str, other: str) -> None:
    """A text written as a pattern matches the text and no other one, whatever wildcards and variables it seems to hold."""
    pattern = as_pattern(text)
    assert matches(pattern, text)
    assert matches(pattern, other) == (text == other)
    assert resolved(as_exact(text)) == text


@pytest.mark.parametrize(("service", "operation"), sorted({(service, operation) for service, operation, _ in operations()}))
@examples(4)
@given(data=st.data())
def test_a_literal_wildcard_is_a_letter_like_any_other(service: str, operation: str, data: st.DataObject) -> None:
    """Names with `*`, `?` and `$` grant what names with letters in their places grant: no parameter lets one through."""
    parameters = parameters_of(service_map(service).operations[operation])
    pattern = data.draw(st.sampled_from([entry[2] for entry in operations() if entry[:2] == (service, operation)]))
    odd = st.text("n*?$-", min_size=1, max_size=5).filter(lambda text: "$$" not in text)
    given_ = data.draw(arguments(parameters, "JSONPath", only=odd))
    task = {"Type": "Task", "Resource": resource_arn(service, operation, pattern), "Parameters": given_, "End": True}
    definition = {"StartAt": "A", "States": {"A": task}}
    plain = json.loads(re.sub(r"[*?$]", lambda match: LETTERS[match[0]], json.dumps(given_)))
    expected = run({"StartAt": "A", "States": {"A": {**task, "Parameters": plain}}})
    found = [(grant.action, with_letters(grant.resource)) for grant in run(definition).grants]
    assert found == [(grant.action, with_letters(grant.resource)) for grant in expected.grants]


LETTERS = {"*": "q", "?": "w", "$": "v"}


def with_letters(pattern: str) -> str:
    """Write letters for the escaped wildcards of *pattern*."""
    return re.sub(r"\$\{([*?$])\}", lambda match: LETTERS[match[1]], pattern)


# ------------------------------------------------------------------------------------------------------------- containment

TOKENS = ("a", "{", "${*}", "${$}", "*")


def test_containment_is_exact_for_all_short_patterns() -> None:
    """For every pair of patterns of up to three pieces, `covers` says what trying every short text says."""
    patterns = sorted({"".join(chosen) for length in range(4) for chosen in product(TOKENS, repeat=length)})
    wrong = [(wide, narrow) for wide in patterns for narrow in patterns if covers(wide, narrow) != is_within(narrow, wide)]
    assert wrong == []


@examples(400)
@given(
    st.lists(st.sampled_from((*TOKENS, "*")), max_size=7).map("".join), st.lists(st.sampled_from(TOKENS), max_size=7).map("".join)
)
def test_containment_is_exact_for_longer_patterns(wide: str, narrow: str) -> None:
    """The same for patterns of up to seven pieces."""
    assert covers(wide, narrow) == is_within(narrow, wide)


def test_one_character_is_contained_in_any_text_and_in_itself() -> None:
    """A map's `?` lies within `*` and `?`; it is no question mark, and contains no letter that could be denied."""
    assert covers("secret:*", "secret:a-??????")
    assert covers("a-?*", "a-?b")
    assert not any(covers(wide, narrow) for wide, narrow in (("a${?}*", "a?b"), ("a?*", "a${?}"), ("a?", "a*"), ("?", "")))


def test_containment_is_quick_for_many_wildcards() -> None:
    """A pattern with a thousand wildcards is compared at once, where backtracking would never end."""
    assert not covers("a*" * 1_000 + "b", "a" * 5_000)


def is_within(narrow: str, wide: str) -> bool:
    """Tell whether *wide* matches what *narrow* matches, by trying: each wildcard stands for texts of every kind.

    Texts of one character are enough when one of them is in no pattern: what is under a wildcard of *narrow* and cannot
    be foreseen must be under one of *wide*, and then so may be anything else.
    """
    pieces = list(_parsed(narrow))
    stars = sum(piece is None for piece in pieces)
    fillings = ("", "a", "*", "$", "{", "~", "~~") if stars <= 2 else ("", "a", "~")
    for chosen in product(fillings, repeat=min(stars, 5)):
        rest = iter((*chosen, *("~",) * (stars - len(chosen))))
        if not matches(wide, "".join(next(rest) if piece is None else piece for piece in pieces)):
            return False
    return True


def matches(pattern: str, text: str) -> bool:
    """Match as IAM does: `*` is any text, `${*}`, `${?}` and `${$}` are characters. Written apart from the analyzer."""
    reached = {0}
    for piece in _parsed(pattern):
        if piece is None:
            reached = set(range(min(reached), len(text) + 1)) if reached else reached
        else:
            reached = {at + 1 for at in reached if text[at : at + 1] == piece}
    return len(text) in reached


def resolved(value: str) -> str:
    """Read a condition value as an operator without wildcards does: only policy variables are replaced."""
    return re.sub(r"\$\{([*?$])\}", r"\1", value)


def _parsed(pattern: str) -> Iterator[str | None]:
    """Yield the characters a pattern asks for, `None` for any text."""
    at = 0
    while at < len(pattern):
        if pattern.startswith("${", at) and pattern[at + 2 : at + 3] in ("*", "?", "$") and pattern[at + 3 : at + 4] == "}":
            yield pattern[at + 2]
            at += 4
        else:
            yield None if pattern[at] == "*" else pattern[at]
            at += 1
