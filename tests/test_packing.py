"""Packing: few characters, nothing gained and nothing lost, in one document or in several."""

from __future__ import annotations

from random import Random

import packing_report
import pytest
from packing import grants_of, random_pairs, size_of, smallest

from analyzer.permissions import EXECUTION, Action, Certainty, Condition, Grant
from analyzer.policy import minimise

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
