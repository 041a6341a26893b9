"""Containment of policies: exact on everything small enough to try, and every no comes with a request that proves it."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.compare.catalogue import applies, example_arns, expand, known
from analyzer.compare.conditions import contexts, holds, implies, make_term, split, terms_of
from analyzer.compare.contain import Open, beyond, gap
from analyzer.compare.globs import Undecided, covers, matches, overlap, read, readable, uncovered, written
from analyzer.compare.statements import Request, Rights, clauses_of

LETTERS = "abz"
"""Patterns are made of the first two; the third one stands for every letter that no pattern has."""

WORDS = ["".join(word) for length in range(7) for word in product(LETTERS, repeat=length)]

patterns = st.text("ab*?", max_size=4)
several = st.lists(patterns, max_size=3)


def language(pattern: str) -> set[str]:
    """Return the words that *pattern* matches, told by another machine than the one under test."""
    regex = re.compile("".join({"*": ".*", "?": "."}.get(char, char) for char in pattern))
    return {word for word in WORDS if regex.fullmatch(word)}


# ------------------------------------------------------------------------------------------------------------- patterns


@given(patterns, several)
def test_a_pattern_is_covered_exactly_when_every_word_is(narrow: str, wide: list[str]) -> None:
    """What covers and what does not is what trying all words says, and the text that is returned proves a no."""
    missed = uncovered(read(narrow), [read(one) for one in wide])
    left = language(narrow) - set().union(*map(language, wide))
    assert (missed is None) == (not left)
    if missed is not None:
        assert matches(read(narrow), missed)
        assert not any(matches(read(one), missed) for one in wide)


@given(patterns, st.sampled_from(WORDS))
def test_matching_is_that_of_the_language(pattern: str, word: str) -> None:
    """A word matches a pattern exactly when it is of its language."""
    assert matches(read(pattern), word) == (word in language(pattern))


@given(patterns, patterns)
def test_patterns_overlap_exactly_when_they_share_a_word(one: str, other: str) -> None:
    """Two patterns overlap exactly when a word is of both languages."""
    assert overlap(read(one), read(other)) == bool(language(one) & language(other))
    assert overlap(read(one), read(other)) == overlap(read(other), read(one))


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("q/${*}", "q/*", False),
        ("q/*", "q/${*}", True),
        ("q/${$}default", "q/$default", True),
        ("home/${aws:username}", "home/${aws:username}", True),
        ("home/*", "home/${aws:username}", True),
        ("home/????????????", "home/${aws:username}", False),
        ("home/${aws:username}", "home/bob", False),
    ],
)
def test_escapes_and_variables(wide: str, narrow: str, *, expected: bool) -> None:
    """An escape is the character it means; a variable is held by itself and by `*` alone."""
    assert covers(read(wide), read(narrow)) is expected


@given(st.text("ab*?${}", max_size=6))
def test_a_pattern_is_written_as_it_was_read(pattern: str) -> None:
    """What was read and written is read as the same again."""
    assert read(written(read(pattern))) == read(pattern)


def test_a_question_that_is_too_large_stays_open() -> None:
    """Patterns made to blow up an automaton are not decided, in bounded time, and never answered wrongly."""
    blow = [read("*b" + "?" * 20), read("*c" + "?" * 20), read("?" * 21 + "*d*")]
    with pytest.raises(Undecided):
        uncovered(read("*a" + "?" * 20 + "*"), [*blow, read("*a" + "?" * 20), read("*" + "?" * 30)])
    assert not covers(read("*b" + "?" * 20), read("*a" + "?" * 20 + "*"))


def test_a_counterexample_reads_like_a_name() -> None:
    """Fresh letters are written as a word, and another one where the first would be matched."""
    missed = uncovered(read("table/*"), [read("table/orders")])
    assert missed is not None
    assert readable(missed, [read("table/orders")]) == "table/other"
    assert readable(missed, [read("table/other")]) == "table/x"


# ------------------------------------------------------------------------------------------------------------ conditions

OPERATORS = ("StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIfExists", "StringLikeIfExists")
conditions = st.dictionaries(
    st.sampled_from(OPERATORS),
    st.dictionaries(
        st.sampled_from(("k", "l")), st.lists(st.text("ab*", min_size=1, max_size=2), min_size=1, max_size=2), max_size=2
    ),
    max_size=2,
)
CONTEXTS = [
    {key: value for key, value in (("k", one), ("m", other)) if value is not None}
    for one, other in product((None, "a", "b", "ab", "z", "az", "*", "aa", "zz"), repeat=2)
]


def meets(block: dict[str, dict[str, list[str]]], context: dict[str, str]) -> bool:
    """Tell whether *context* meets a condition block, told by other code than the one under test."""

    def line(operator: str, key: str, values: list[str]) -> bool:
        name, optional = operator.removesuffix("IfExists"), operator.endswith("IfExists")
        if key not in context:
            return optional or "Not" in name
        like = name.endswith("Like")
        hit = any(
            re.fullmatch(re.escape(value).replace(r"\*", ".*"), context[key]) if like else value == context[key]
            for value in values
        )
        return bool(hit) != ("Not" in name)

    return all(line(operator, key, values) for operator, keys in block.items() for key, values in keys.items())


@given(conditions)
def test_a_condition_holds_as_iam_says(block: dict[str, dict[str, list[str]]]) -> None:
    """Every context is let in or kept out as a second reading of the operators does."""
    tests = terms_of(block)
    for context in CONTEXTS:
        assert all(holds(test, context) for test in tests) == meets(block, context)


@given(conditions, conditions)
def test_an_implied_condition_lets_in_all_that_the_first_does(own: dict, other: dict) -> None:
    """Where one condition is said to imply another, no context meets the first and fails the second."""
    tests = terms_of(own)
    if all(implies(tests, test) for test in terms_of(other)):
        assert not [context for context in CONTEXTS if meets(own, context) and not meets(other, context)]


@given(conditions)
def test_splitting_loses_and_gains_nothing(block: dict[str, dict[str, list[str]]]) -> None:
    """A condition told apart by its values is met by the same contexts."""
    for context in CONTEXTS:
        assert any(all(holds(test, context) for test in single) for single in split(terms_of(block))) == meets(block, context)


@given(conditions, conditions)
def test_a_context_that_is_offered_meets_the_condition(own: dict, other: dict) -> None:
    """What is offered as a request's context does meet the condition it was made for."""
    for context in contexts(terms_of(own), [terms_of(other)]):
        assert meets(own, dict(context))


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        (("ArnEquals", "k", ["arn:aws:a:r:1:x/y"]), ("ArnLike", "K", ["arn:aws:a:*:1:x/*"]), True),
        (("ArnLike", "k", ["arn:aws:a:*:1:x"]), ("ArnLike", "k", ["arn:aws:a:r:1:x"]), False),
        (("StringEquals", "k", ["arn:aws:a:r:1:x:y"]), ("ArnLike", "k", ["arn:aws:a:r:1:*"]), True),
        (("ArnLike", "k", ["arn:aws:*:r:1:x"]), ("StringLike", "k", ["arn:aws:*:x"]), True),
        (("StringEquals", "k", ["A"]), ("StringEqualsIgnoreCase", "k", ["a"]), True),
        (("StringLike", "k", ["A*"]), ("StringEqualsIgnoreCase", "k", ["a*"]), False),
        (("Bool", "k", ["true"]), ("Bool", "k", ["True"]), True),
        (("NumericLessThan", "k", ["5"]), ("NumericLessThan", "k", ["5"]), True),
        (("NumericLessThan", "k", ["4"]), ("NumericLessThan", "k", ["5"]), False),
        (("StringEquals", "k", ["a"]), ("Null", "k", ["false"]), True),
        (("Null", "k", ["true"]), ("StringEqualsIfExists", "k", ["a"]), True),
        (("ForAllValues:StringEquals", "k", ["a"]), ("ForAllValues:StringEquals", "k", ["a", "b"]), True),
        (("ForAllValues:StringEquals", "k", ["a"]), ("ForAnyValue:StringEquals", "k", ["a"]), False),
        (("StringEquals", "k", ["a"]), ("StringEquals", "l", ["a"]), False),
    ],
)
def test_what_implies_what(own: tuple, other: tuple, *, expected: bool) -> None:
    """ARNs are compared by part, cases folded where the operator folds them, and what is not compared implies only itself."""
    assert implies([make_term(*own)], make_term(*other)) is expected


# -------------------------------------------------------------------------------------------------------------- policies


def rights(*statements: dict) -> Rights:
    """Return the rights that *statements* give."""
    return Rights(clauses_of({"Statement": [{"Effect": "Allow", **one} for one in statements]}))


QUEUE = "arn:aws:sqs:us-east-1:111122223333:"

statement = st.fixed_dictionaries(
    {
        "Action": st.sampled_from(("sqs:*", "sqs:SendMessage", ["sqs:SendMessage", "sqs:ReceiveMessage"])),
        "Resource": st.lists(patterns.map(QUEUE.__add__), max_size=3),
    },
    optional={"Condition": conditions},
)


@given(st.lists(statement, max_size=2), st.lists(statement, max_size=3))
def test_a_policy_is_contained_exactly_when_no_request_says_no(new: list[dict], old: list[dict]) -> None:
    """Contained means that no request tells the two apart; a counterexample is allowed by one and denied by the other."""
    mine, theirs = [{"Effect": "Allow", **one} for one in new], [{"Effect": "Allow", **one} for one in old]
    found = list(beyond(rights(*new), rights(*old)))
    for excess in found:
        if isinstance(excess.gap, Request):
            assert allowed(mine, excess.gap)
            assert not allowed(theirs, excess.gap)
    if not found:
        for action in ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"):
            for word, context in product(WORDS[:40], CONTEXTS[::3]):
                request = Request(action, QUEUE + word, tuple(context.items()))
                assert allowed(theirs, request) or not allowed(mine, request)


def allowed(statements: list[dict], request: Request) -> bool:
    """Tell whether *statements* allow *request*, told by other code than the one under test."""
    return any(
        any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), request.action) for one in as_list(own["Action"]))
        and any(
            re.fullmatch("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in one), request.resource, re.DOTALL)
            for one in own["Resource"]
        )
        and meets(own.get("Condition", {}), dict(request.context))
        for own in statements
    )


def as_list(value: str | list[str]) -> list[str]:
    """Return *value* as a list."""
    return [value] if isinstance(value, str) else value


def test_statements_cover_together() -> None:
    """Actions are split first, so that what several statements allow together is found to be allowed."""
    new = rights({"Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": [QUEUE + "a", QUEUE + "b"]})
    old = [
        {"Action": "sqs:SendMessage", "Resource": QUEUE + "a"},
        {"Action": "SQS:receive*", "Resource": [QUEUE + "a", QUEUE + "b"]},
        {"Action": "sqs:Send?essage", "Resource": QUEUE + "b"},
    ]
    assert [(one.action, one.resource) for one in beyond(new, rights(*old[:2]))] == [("sqs:SendMessage", QUEUE + "b")]
    assert list(beyond(new, rights(*old))) == []


def test_values_of_a_condition_cover_together() -> None:
    """A condition of two values is covered by two statements with one each."""
    role = "arn:aws:iam::111122223333:role/job"
    new = rights({"Action": "iam:PassRole", "Resource": role, "Condition": {"StringEquals": {"iam:PassedToService": ["a", "b"]}}})
    one, two = (
        {"Action": "iam:PassRole", "Resource": role, "Condition": {"StringEquals": {"iam:PassedToService": name}}}
        for name in "ab"
    )
    assert list(beyond(new, rights(one, two))) == []
    [excess] = beyond(new, rights(one))
    assert excess.gap == Request("iam:PassRole", role, (("iam:PassedToService", "b"),))


def test_a_wider_condition_is_a_counterexample() -> None:
    """Without its condition a statement allows more, and the request says what it carries."""
    new = rights({"Action": "ecs:RunTask", "Resource": "*"})
    old = rights({"Action": "ecs:RunTask", "Resource": "*", "Condition": {"StringEquals": {"ecs:cluster": "c"}}})
    [excess] = beyond(new, old)
    assert isinstance(excess.gap, Request)
    assert excess.gap.context == (("ecs:cluster", "other"),)
    assert list(beyond(old, new)) == []


@pytest.mark.parametrize(
    "open_one",
    [
        {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"},
        {"Effect": "Deny", "NotAction": "sns:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:*", "NotResource": "b"},
    ],
)
def test_a_deny_is_not_decided(open_one: dict) -> None:
    """What a Deny may take away is neither held nor missing; what it does not speak of is decided as ever."""
    old = rights({"Action": "*", "Resource": "*"}, open_one)
    assert isinstance(gap("sqs:SendMessage", "a", (), old), Open)
    assert gap("sns:Publish", "a", (), old) is None


def test_what_a_deny_of_the_same_policies_may_take_away_is_no_counterexample() -> None:
    """An action in excess that a Deny beside it names is not decided; the others are in excess as ever."""
    actions = ["sqs:SendMessage", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
    new = rights({"Action": actions, "Resource": QUEUE + "a"}, {"Effect": "Deny", "Action": "sqs:Delete*", "Resource": "*"})
    found = {one.action: one.gap for one in beyond(new, rights({"Action": "sqs:SendMessage", "Resource": "*"}))}
    assert isinstance(found["sqs:DeleteMessage"], Open)
    assert found["sqs:ReceiveMessage"] == Request("sqs:ReceiveMessage", QUEUE + "a")
    assert "sqs:SendMessage" not in found


@pytest.mark.parametrize(
    "open_one",
    [{"NotAction": "sns:*", "Resource": "*"}, {"Action": "sqs:*", "NotResource": "b"}, {"NotPrincipal": "*", "Action": "sqs:*"}],
)
def test_what_is_allowed_by_exclusion_is_not_decided(open_one: dict) -> None:
    """What an exclusion may allow is not missing, and what a plain statement allows stays allowed."""
    old = rights({"Action": "sqs:ReceiveMessage", "Resource": "*"}, open_one)
    assert isinstance(gap("sqs:SendMessage", "a", (), old), Open)
    assert gap("sqs:ReceiveMessage", "a", (), old) is None
    assert isinstance(gap("sns:Publish", "a", (), old), Request)


def test_numbers_and_dates_are_not_decided() -> None:
    """A condition that is not compared leaves the question open, and says whose it is."""
    old = rights(
        {"Sid": "Late", "Action": "sqs:*", "Resource": "*", "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2020"}}}
    )
    found = gap("sqs:SendMessage", "a", (), old)
    assert isinstance(found, Request)  # a request without the key is not allowed
    own = terms_of({"DateGreaterThan": {"aws:CurrentTime": "2021"}})
    assert gap("sqs:SendMessage", "a", own, old) == Open("statement `Late` allows it under conditions that are not compared")


def test_a_text_that_is_longer_than_any_arn_is_not_compared() -> None:
    """What is far too long is not looked at: the statement stays open."""
    old = rights({"Action": "sqs:*", "Resource": QUEUE + "?*" * 50_000})
    assert isinstance(gap("sqs:SendMessage", QUEUE + "a", (), old), Open)


# --------------------------------------------------------------------------------------------------------------- actions


def test_actions_are_those_of_iam() -> None:
    """Names are found in any case and written as AWS does, patterns mean every action they match."""
    assert known("SQS:sendmessage") == "sqs:SendMessage"
    assert known("sqs:SendMail") is None
    assert expand("dynamodb:Batch*Item") == ("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem")
    assert expand("*:SendMessage")[0].endswith(":SendMessage")
    assert expand("sqs:SendMail") == ("sqs:SendMail",)
    assert expand("nosuch:*") == ()
    assert len(expand("*")) == len(expand("*:*")) > 22_000


def test_an_action_has_an_arn_to_be_asked_for() -> None:
    """The ARN is that of the action's resource type; an action that knows no resources has none."""
    places = {"partition": "aws", "region": "us-east-1", "account": "111122223333"}
    assert example_arns("dynamodb:PutItem", places) == ("arn:aws:dynamodb:us-east-1:111122223333:table/other",)
    assert example_arns("dynamodb:ListTables", places) == ()
    assert example_arns("sqs:SendMail", places) == ()


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", "arn:aws:s3:::b/*", True),
        ("s3:GetObject", "arn:aws:s3:::b", False),
        ("s3:GetObject", "arn:aws:s3:::b*", True),
        ("s3:ListBucket", "arn:aws:s3:::b/*", False),
        ("dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/t/index/*", False),
        ("dynamodb:Query", "arn:aws:dynamodb:*:*:table/t/index/*", True),
        ("dynamodb:ListTables", "arn:aws:dynamodb:*:*:table/t", False),
        ("dynamodb:ListTables", "*", True),
        ("sqs:SendMail", "arn:aws:sqs:*:*:q", True),
        ("sqs:SendMessage", "arn:aws:sns:*:*:q", False),
    ],
)
def test_an_action_is_asked_for_on_its_own_resources(action: str, resource: str, *, expected: bool) -> None:
    """A statement grants an action only on what the action has a resource type for; what is not known may be anything."""
    assert applies(action, read(resource)) is expected
