"""The smallest packing of a few pairs, by trying every one: what the packing of the analyzer is measured against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations
from random import Random

from analyzer.permissions import EXECUTION, Action, Certainty, Grant
from analyzer.policy import Policy

Pair = tuple[str, str]


def grants_of(pairs: Iterable[Pair]) -> list[Grant]:
    """Return a grant for each pair, without condition."""
    return [Grant(Action(action), resource, (), "call", Certainty.EXACT, EXECUTION, ()) for action, resource in pairs]


def random_pairs(random: Random) -> tuple[Pair, ...]:
    """Draw up to sixteen pairs of up to four actions and four resources, with names of different lengths."""
    actions = [f"service:{'Describe' * random.randint(0, 2)}Call{number}" for number in range(random.randint(2, 4))]
    names = [f"{'name-' * random.randint(0, 6)}{number}" for number in range(random.randint(2, 4))]
    share = random.choice((0.4, 0.6, 0.8))
    pairs = [(action, f"arn:aws:service:us-east-1:111122223333:thing/{name}") for action in actions for name in names]
    return tuple(pair for pair in pairs if random.random() < share) or tuple(pairs[:1])


def size_of(policy: Policy) -> int:
    """Count the characters of the statements, all under a name of the same length."""
    return sum(statement_size(one.actions, one.resources) for one in policy.statements)


def statement_size(actions: Iterable[str], resources: Iterable[str]) -> int:
    """Count the characters of one statement and the comma after it."""
    lists = [texts[0] if len(texts) == 1 else texts for texts in (list(actions), list(resources))]
    body = {"Sid": "NameOfTheStatement", "Effect": "Allow", "Action": lists[0], "Resource": lists[1]}
    return len(json.dumps(body, separators=(",", ":"))) + 1


def smallest(pairs: tuple[Pair, ...], *, apart: bool) -> int:
    """Return the size of the smallest packing of *pairs*; *apart* is whether each pair may stand in one statement only."""
    bit = {pair: 1 << number for number, pair in enumerate(pairs)}
    choices = [(sum(bit[pair] for pair in found), size) for found, size in _rectangles(pairs)]
    everything = (1 << len(pairs)) - 1

    @cache
    def rest(done: int) -> int:
        if done == everything:
            return 0
        lowest = ~done & (done + 1)
        fitting = ((bits, size) for bits, size in choices if bits & lowest and not (apart and bits & done))
        return min(size + rest(done | bits) for bits, size in fitting)

    return rest(0)


def _rectangles(pairs: tuple[Pair, ...]) -> Iterator[tuple[list[Pair], int]]:
    """Yield every set of actions × resources whose pairs are all among *pairs*, with its size."""
    known, actions, resources = set(pairs), sorted({pair[0] for pair in pairs}), sorted({pair[1] for pair in pairs})
    for some_actions in _subsets(actions):
        for some_resources in _subsets(resources):
            found = [(action, resource) for action in some_actions for resource in some_resources]
            if known.issuperset(found):
                yield found, statement_size(some_actions, some_resources)


def _subsets(texts: list[str]) -> Iterator[tuple[str, ...]]:
    for length in range(1, len(texts) + 1):
        yield from combinations(texts, length)
