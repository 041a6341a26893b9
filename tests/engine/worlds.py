"""Strategies: what an execution meets, made of the few fields that the paths of the definitions look for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.outcome import TaskError
from hypothesis import strategies as st

Json = Any

WORDS = ("x", "y", "xy", "a-b", "x,y", "eA==", "", "2026-01-01T00:00:00Z")
SCALARS = (*WORDS, 0, 1, 2, 1.5, 1.0, True, False, None)


def scalars() -> st.SearchStrategy[Json]:
    """Strings, numbers, booleans and null."""
    return st.sampled_from(SCALARS)


def inputs() -> st.SearchStrategy[Json]:
    """Draw an input with the fields that the paths below look for, of the kind expected nearly always."""
    # Three times as often what most services take for a name.
    words = st.sampled_from((*WORDS[:4], *WORDS[:4], *WORDS))
    inner = st.fixed_dictionaries({"a": words, "l": st.lists(words, max_size=3)}, optional={"b": scalars()})
    items = st.lists(words | inner | st.integers(0, 3), max_size=3)
    most = {"a": words, "n": st.integers(0, 3), "l": items, "o": inner, "k": st.sampled_from(("x", "y", "z")), "r": inner}
    rest = {"b": scalars(), "f": st.booleans() | st.none()}
    usual = st.fixed_dictionaries({**most, **rest})
    gappy = st.fixed_dictionaries({}, optional={**most, **rest})
    # Weighed by hand: of equal strategies `one_of` keeps one.
    return st.integers(0, 15).flatmap(lambda kind: gappy if kind == 7 else inner | scalars() | items if kind == 9 else usual)


def answers() -> st.SearchStrategy[Json]:
    """Draw what a task answers, or the error it raises."""
    errors = st.builds(TaskError, st.sampled_from(("Boom", "States.Timeout", "Other")))
    return st.integers(0, 9).flatmap(lambda kind: errors if kind == 3 else scalars() if kind == 6 else inputs())


@dataclass(frozen=True)
class World:
    """What an execution meets: its input, and what the tasks answer one after the other, again from the start at the end."""

    input: Json
    answers: tuple[Json, ...]

    def answer(self) -> Any:
        """Return the function that `execute` asks."""
        queue: Iterator[Json] = iter(self.answers * 200)

        def answer(_: str) -> Json:
            value = next(queue)
            if isinstance(value, TaskError):
                raise value
            return value

        return answer


def worlds() -> st.SearchStrategy[World]:
    """Any world."""
    return st.builds(World, inputs(), st.lists(answers(), min_size=1, max_size=4).map(tuple))
