"""Packing: few characters, nothing gained and nothing lost, in one document or in several."""

from __future__ import annotations

import json
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

import packing_report
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam import allows
from packing import grants_of, random_pairs, size_of, smallest
from strategies import examples

from analyzer.permissions import EXECUTION, Action, Certainty, Condition, Grant
from analyzer.policy import LIMITS, Limits, Policy, Statement, fits, minimise, policy_size, split
from analyzer.policy.size import widenings

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE, INDEX = "arn:aws:dynamodb:us-east-1:111122223333:table/a", "arn:aws:dynamodb:us-east-1:111122223333:table/a/index/i"


def grant(action: str, resource: str, condition: Condition = ()) -> Grant:
    """Return a grant that nobody gave a reason for."""
    return Grant(Action(action), resource, condition, "call", Certainty.EXACT, EXECUTION, ())


def statements(grants: list[Grant]) -> list[tuple[str, tuple[str, ...], tuple[str, ...], Condition]]:
    """Return what *grants* are packed into."""
    return [(one.sid, one.actions, one.resources, one.condition) for one in minimise(grants).statements]


# -------------------------------------------------------------------------------------------------------- near the least


@pytest.mark.parametrize("seed", range(4))
def test_packing_is_the_smallest_but_for_a_trifle(seed: int) -> None:
    """Of all packings in which a pair stands once, no one is smaller by more than half a percent."""
    random = Random(seed)  # noqa: S311 - not for secrets
    for _ in range(50):
        pairs = random_pairs(random)
        assert 1 <= size_of(minimise(grants_of(pairs))) / smallest(pairs, apart=True) <= 1.005


def test_the_search_for_the_smallest_finds_it() -> None:
    """What the packing is measured against: three statements where a pair stands once, and two where it may stand twice."""
    pairs = (("s:A", "1"), ("s:A", "2"), ("s:B", "1"), ("s:B", "2"), ("s:B", "3"), ("s:C", "2"), ("s:C", "3"))
    apart = size_of(minimise(grants_of(pairs)))
    assert (smallest(pairs, apart=True), len(minimise(grants_of(pairs)).statements)) == (apart, 3)
    assert smallest(pairs, apart=False) < apart


def test_the_report_prints_its_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    """`python tests/packing_report.py NUMBER` prints the mean and the worst ratio for both kinds of packing."""
    assert packing_report.main(["20"]) == 0
    assert [line[:24].rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "a pair in one statement",
        "a pair in several",
    ]


def test_what_has_nothing_to_do_with_each_other_is_packed_apart() -> None:
    """One group of pairs is shorter by its actions, another by its resources; each gets what is best for it."""
    wide = [
        ("s:Read", "r1"),
        ("s:Read", "r2"),
        ("s:Write", "r1"),
        ("s:Write", "r2"),
        ("s:List", "r1"),
        ("s:List", "r2"),
        ("s:List", "r3"),
    ]
    tall = [("t:A", "k1"), ("t:B", "k1"), ("t:C", "k1"), ("t:A", "k2"), ("t:B", "k2"), ("t:A", "k3")]
    together = minimise(grants_of((*wide, *tall)))
    assert size_of(together) == size_of(minimise(grants_of(wide))) + size_of(minimise(grants_of(tall)))


# ---------------------------------------------------------------------------------------------------------- conditions


def like(*values: str) -> Condition:
    """Return a condition on one key."""
    return (("StringLike", "s:prefix", values),)


@pytest.mark.parametrize(
    ("kept", "dropped"),
    [
        ((TABLE, ()), (TABLE, like("a"))),
        ((TABLE, like("a*")), (TABLE, like("ab"))),
        ((TABLE, like("a*", "b")), (TABLE, like("ab", "b"))),
        ((TABLE + "*", like("a*")), (INDEX, like("ab"))),
        ((TABLE, like("a*")), (TABLE, (*like("ab"), ("StringLike", "s:user", ("u",))))),
        ((TABLE, (("StringEquals", "k", ("v", "w")),)), (TABLE, (("StringEquals", "k", ("v",)),))),
        (
            (TABLE, (("StringNotEquals", "k", ("v",)),)),
            (TABLE, (("StringNotEquals", "k", ("v",)), ("StringEquals", "l", ("w",)))),
        ),
    ],
)
def test_a_grant_under_a_stricter_condition_is_dropped(kept: tuple[str, Condition], dropped: tuple[str, Condition]) -> None:
    """What another grant lets through already needs no statement of its own."""
    [(_, _, resources, condition)] = statements([grant("s:A", *dropped), grant("s:A", *kept)])
    assert (resources, condition) == ((kept[0],), kept[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((TABLE, like("a*")), (TABLE + "x", like("ab"))),
        ((TABLE, like("a")), (TABLE, (("StringEquals", "s:prefix", ("a",)),))),
        ((TABLE, (("StringEquals", "k", ("v*",)), ("Bool", "b", ("true",)))), (TABLE, (("StringEquals", "k", ("va",)),))),
        ((TABLE, (("StringNotEquals", "k", ("v", "w")),)), (TABLE, (("StringNotEquals", "k", ("v",)),))),
    ],
)
def test_grants_whose_conditions_do_not_compare_both_stay(one: tuple[str, Condition], other: tuple[str, Condition]) -> None:
    """Conditions compare by the same keys and operators; more values of a negation let less through, not more."""
    left = {(resources, condition) for _, _, resources, condition in statements([grant("s:A", *one), grant("s:A", *other)])}
    assert left == {((one[0],), one[1]), ((other[0],), other[1])}


def test_values_are_joined_only_where_several_mean_any_of_them() -> None:
    """`StringNotEquals` v, or w, lets everything through; v and w in one list would not."""
    any_of = [grant("s:A", TABLE, (("ForAnyValue:StringEquals", "k", (value,)),)) for value in "vw"]
    none_of = [grant("s:A", TABLE, (("StringNotEquals", "k", (value,)),)) for value in "vw"]
    each_of = [grant("s:A", TABLE, (("ForAllValues:StringEquals", "k", (value,)),)) for value in "vw"]
    assert [len(statements(grants)) for grants in (any_of, none_of, each_of)] == [1, 2, 2]


# --------------------------------------------------------------------------------------------------------------- names


def test_no_two_statements_have_one_name() -> None:
    """A number that is added to a name makes no name that another statement has by itself."""
    conditions = [like("a"), (("StringEquals", "k", ("v",)),), ()]
    grants = [grant("s:Put", f"arn:{number}", condition) for number, condition in enumerate(conditions)]
    names = [sid for sid, *_ in statements([*grants, grant("s:Put2", "arn:x"), grant("s:Put2", "arn:y", like("b"))])]
    assert len(names) == len(set(names)) == 5
    assert "SPut" in names


# ----------------------------------------------------------------------------------------------- nothing gained or lost

WORDS = ("orders-2026", "orders-archive", "payments", "q")
SMALL = Limits(inline=400, managed=300, attached=4)


@st.composite
def grant_sets(draw: st.DrawFn) -> list[Grant]:
    """Draw grants that overlap in every way: few actions, names that begin alike, patterns, conditions on few keys."""
    names = st.sampled_from((*WORDS, "orders-*", "*-2026", "*", "orders-????", "${*}"))
    resources = st.builds("arn:aws:{}:{}".format, st.sampled_from(("table", "index", "*")), names)
    likes = st.lists(st.sampled_from(("a", "a*", "ab", "b?", "*")), min_size=1, max_size=3, unique=True)
    clauses = st.one_of(
        st.builds(lambda values: ("StringLike", "k", tuple(sorted(values))), likes),
        st.builds(lambda value: ("StringEquals", "k", (value,)), st.sampled_from(("a", "ab", "b*"))),
        st.builds(lambda value: ("ForAnyValue:StringEquals", "l", (value,)), st.sampled_from(("x", "y"))),
    )
    conditions = st.lists(clauses, max_size=2, unique_by=lambda clause: clause[1]).map(lambda found: tuple(sorted(found)))
    actions = st.sampled_from(("s:Get", "s:GetAll", "s:Put", "t:Get", "t:Run"))
    return draw(st.lists(st.builds(grant, actions, resources, conditions), min_size=1, max_size=30))


def requests() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield requests of every kind that the grants above can tell apart."""
    resources = [
        f"arn:aws:{kind}:{name}"
        for kind in ("table", "index", "other")
        for name in (*WORDS, "orders-", "orders-abcd", "x-2026", "*", "?", "")
    ]
    contexts = [
        {key: value for key, value in (("k", k), ("l", last)) if value is not None}
        for k in (None, "a", "ab", "abc", "b", "b*", "bx", "c")
        for last in (None, "x", "y", "z")
    ]
    yield from product(("s:Get", "s:GetAll", "s:Put", "t:Get", "t:Run", "t:Other"), resources, contexts)


REQUESTS = list(requests())


def decisions(documents: list[dict[str, Any]]) -> list[bool]:
    """Return what IAM decides about every request."""
    return [allows(documents, action, resource, context) for action, resource, context in REQUESTS]


@examples(40)
@given(grant_sets(), st.sampled_from((SMALL, Limits(inline=250, managed=250), Limits(inline=10, managed=10), LIMITS)))
def test_no_pair_is_gained_or_lost(grants: list[Grant], limits: Limits) -> None:
    """Whatever each grant allows by itself, and nothing else, is allowed by the documents, however often they are cut.

    Under the thorough profile, these are two thousand sets of grants.
    """
    by_themselves = [Policy((Statement("S", (one.action,), (one.resource,), one.condition),)).to_dict() for one in grants]
    documents = [document.to_dict() for document in split(minimise(grants), limits)]
    assert decisions(documents) == decisions(by_themselves)


@examples(60)
@given(grant_sets(), st.sampled_from((SMALL, Limits(inline=250, managed=250), Limits(inline=400, managed=600))))
def test_documents_keep_to_the_limits(grants: list[Grant], limits: Limits) -> None:
    """A document is larger than allowed only when it holds a single pair, and every Sid is in one place only."""
    policy = minimise(grants)
    documents = split(policy, limits)
    for number, document in enumerate(documents):
        size = len(json.dumps(document.to_dict(), separators=(",", ":")))
        single = len(document.statements) == 1 and len(list(triples_of(document))) == 1
        assert size <= (limits.managed if number else limits.inline) or single
    names = [statement.sid for document in documents for statement in document.statements]
    assert len(names) == len(set(names))
    assert documents == split(minimise(grants[::-1]), limits)
    assert sorted(triples_of(*documents)) == sorted(triples_of(policy))


def triples_of(*documents: Policy) -> Iterator[tuple[str, str, Condition]]:
    """Yield what the statements of *documents* allow, with each value of a condition's only key for itself."""
    for statement in (statement for document in documents for statement in document.statements):
        condition = statement.condition
        alone = [((*condition[0][:2], (value,)),) for value in condition[0][2]] if len(condition) == 1 else [condition]
        yield from product(statement.actions, statement.resources, alone)


# ------------------------------------------------------------------------------------------------------------- documents


def tables(number: int, actions: tuple[str, ...] = ("dynamodb:PutItem",)) -> Policy:
    """Return a policy on *number* tables of 64 characters."""
    return minimise([grant(action, f"{TABLE}-table-with-a-longer-{one:04}") for one in range(number) for action in actions])


def test_a_policy_that_fits_inline_is_one_document() -> None:
    """Up to the last character, nothing is split."""
    policy = tables(100)
    size = policy_size(policy.to_dict())
    assert split(policy, Limits(inline=size)) == (policy,)
    assert len(split(policy, Limits(inline=size - 1))) == 2


def test_statements_stay_whole_where_they_can() -> None:
    """What fits beside others is not cut, and a later statement fills the room an earlier one left."""
    grants = [
        grant(f"s:Action{letter}", f"arn:aws:s:::{'name' * length}{letter}")
        for letter, length in zip("ABCD", (40, 40, 40, 5), strict=True)
    ]
    documents = split(minimise(grants), Limits(inline=480, managed=300, attached=2))
    assert [[statement.sid for statement in document.statements] for document in documents] == [
        ["SActionA", "SActionD"],
        ["SActionB"],
        ["SActionC"],
    ]


def test_statements_are_cut_when_there_are_too_few_documents() -> None:
    """Three halves of a document fit into two documents only when one of them is cut."""
    grants = [grant(f"s:Action{letter}", f"arn:aws:s:::{'name' * 20}{number}") for letter in "ABC" for number in range(6)]
    grants = [one for one in grants if one.resource[-1] in {"A": "01", "B": "23", "C": "45"}[one.action[-1]]]
    limits = Limits(inline=560, managed=560, attached=1)
    documents = split(minimise(grants), limits)
    assert fits(documents, limits)
    assert [statement.sid for document in documents for statement in document.statements] == [
        "SActionA",
        "SActionB",
        "SActionB2",
        "SActionC",
    ]


@pytest.mark.parametrize("side", ["resources", "actions", "values"])
def test_a_statement_is_cut_along_its_longest_list(side: str) -> None:
    """A statement larger than a document is shared out by resources, by actions, or by the values of its condition."""
    many = [f"name-{number:03}" for number in range(200)]
    if side == "resources":
        grants = [grant("s:A", name) for name in many]
    elif side == "actions":
        grants = [grant(f"s:{name}", "r") for name in many]
    else:
        grants = [grant("s:A", "r", (("StringEquals", "k", (name,)),)) for name in many]
    limits = Limits(inline=1_000, managed=1_000)
    documents = split(minimise(grants), limits)
    assert fits(documents, limits)
    assert [len(document.statements) for document in documents] == [1] * len(documents)
    assert min(policy_size(document.to_dict()) for document in documents[:-1]) > 950


def test_what_can_only_be_taken_together_is_not_cut() -> None:
    """The values of a negation hold together, so a statement with too many of them stays too large."""
    condition = (("StringNotEquals", "k", tuple(f"name-{number:03}" for number in range(200))),)
    limits = Limits(inline=1_000, managed=1_000)
    documents = split(minimise([grant("s:A", "r", condition)]), limits)
    assert len(documents) == 1
    assert not fits(documents, limits)


# ----------------------------------------------------------------------------------------------------- what would help


def test_the_price_of_a_widening_is_what_it_saves() -> None:
    """Each pattern is told with how many resources it replaces and how many characters the whole policy has less."""
    names = [*(f"orders-{number:03}" for number in range(40)), *(f"orders-eu-{number:03}" for number in range(20)), "users"]
    policy = minimise([grant("s:A", f"arn:aws:s:us-east-1:111122223333:table/{name}") for name in names])
    found = widenings(policy)
    beginning = "arn:aws:s:us-east-1:111122223333:table/"
    assert [(one.beginning, one.replaced) for one in found] == [
        (beginning, 61),
        (f"{beginning}orders-", 60),
        (f"{beginning}orders-eu-", 20),
    ]
    size = policy_size(policy.to_dict())
    assert [policy_size(one.policy.to_dict()) for one in found] == [size - one.saved for one in found]
    assert all(one.saved > 0 for one in found)


def test_beginnings_of_the_same_resources_are_offered_once() -> None:
    """Only the longest beginning is a choice: the others save as much and grant more. One resource alone is none."""
    policy = minimise(
        [grant("s:A", f"arn:aws:s:::one-bucket/some/folder/{number}") for number in range(3)] + [grant("t:B", "arn:aws:t:::x/y")]
    )
    assert [one.beginning for one in widenings(policy)] == ["arn:aws:s:::one-bucket/some/folder/"]
