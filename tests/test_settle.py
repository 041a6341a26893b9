"""One comment with the newest text, whatever happens between two requests: the plan on its own, in every order of events."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bot.forge import Sticky
from analyzer.bot.settle import Create, Delete, Done, Post, Update, marker_of, plan, post
from analyzer.errors import OptionError

HEADS = ("a" * 40, "b" * 40, "c" * 40)


def run(number: int, *, text: str = "", id: str = "default", quiet: bool = False) -> Post:
    """Return what the run for the commit *number* wants to say; later numbers are later commits."""
    return post(text or f"text {number}\n", id, head=HEADS[number], time=100 + number, run=number, quiet=quiet)


def comment(number: int, of: Post) -> Sticky:
    """Return a comment with the text of a run."""
    return Sticky(number, of.text)


@pytest.mark.parametrize("head", [HEADS[1], None])
def test_a_first_run_creates(head: str | None) -> None:
    """Where there is no comment, there will be one."""
    assert plan(run(1), [], head) == Create()


def test_a_comment_that_says_the_same_is_not_rewritten() -> None:
    """The same text for the same commit is left alone, even when a later run says it."""
    later = post("text 1\n", "default", head=HEADS[1], time=101, run=99)
    assert plan(later, [comment(5, run(1))], HEADS[1]) == Done("written")


def test_a_newer_commit_rewrites_even_the_same_text() -> None:
    """The marker has to say which commit was looked at, or an older run could take it for its own."""
    newer = run(2, text="text 1\n")
    assert plan(newer, [comment(5, run(1))], HEADS[2]) == Update(5, newer.text)


def test_another_text_for_the_same_commit_rewrites() -> None:
    """A run that is started again, with another version say, has the last word."""
    again = post("other\n", "default", head=HEADS[1], time=101, run=2)
    assert plan(again, [comment(5, run(1))], HEADS[1]) == Update(5, again.text)


@pytest.mark.parametrize("head", [HEADS[2], None])
def test_an_older_run_does_not_overwrite_a_newer_one(head: str | None) -> None:
    """By what the forge says the head is, and where it does not say, by the time of the commit."""
    assert plan(run(1), [comment(5, run(2))], head) == Done("outdated")


def test_a_run_whose_commit_is_not_the_head_writes_nothing() -> None:
    """Another run will, so this one does not even create."""
    assert plan(run(1), [], HEADS[2]) == Done("outdated")


def test_a_force_push_to_an_older_commit_is_the_newest() -> None:
    """What the request stands at counts, not when it was committed."""
    assert plan(run(0), [comment(5, run(2))], HEADS[0]) == Update(5, run(0).text)


def test_nothing_to_say_is_said_only_to_somebody_who_was_told_something() -> None:
    """No comment is made for it, one that is there is brought up to date."""
    assert plan(run(1, quiet=True), [], HEADS[1]) == Done("nothing to say")
    assert plan(run(1, quiet=True), [comment(5, run(0))], HEADS[1]) == Update(5, run(1).text)


def test_two_comments_become_the_oldest_one_with_the_newest_text() -> None:
    """The newest text is saved before anything is deleted, so that an end in between loses nothing."""
    there = [comment(5, run(0)), comment(8, run(1))]
    assert plan(run(1), there, HEADS[1]) == Update(5, run(1).text)
    assert plan(run(1), [comment(5, run(1)), comment(8, run(1))], HEADS[1]) == Delete(8)


def test_an_outdated_run_tidies_up_all_the_same() -> None:
    """It moves the text of the newer run, not its own."""
    there = [comment(5, run(0)), comment(8, run(2))]
    assert plan(run(1), there, HEADS[2]) == Update(5, run(2).text)


def test_other_comments_are_left_alone() -> None:
    """A comment of another id, a quoted marker and no marker at all belong to somebody else."""
    own = run(1)
    others = [comment(1, run(2, id="other")), Sticky(2, "> " + own.text), Sticky(3, "hello"), Sticky(4, "\n" + own.text)]
    assert plan(own, others, HEADS[1]) == Create()


@pytest.mark.parametrize("id", ["", "a b", "a--b", "a-->", "-a", "a" * 65, "ä", "a\n"])
def test_an_id_that_would_end_the_marker_is_refused(id: str) -> None:
    """An HTML comment ends at its first `-->`, and the marker is one line."""
    with pytest.raises(OptionError, match="is no id"):
        post("", id)


@pytest.mark.parametrize("time", [-1, 10**12 - 1, 10**12, 2**64 - 1])
def test_a_marker_holds_any_time_that_a_commit_may_have(time: int) -> None:
    """Its author sets the clock. A comment whose marker could not be read again would be written anew by every run."""
    own = post("text\n", "default", head=HEADS[1], time=time)
    assert marker_of(own.text) == own.marker
    assert plan(own, [comment(5, own)], HEADS[1]) == Done("written")


def test_a_marker_is_read_as_it_was_written() -> None:
    """What tells our comments survives the way to the forge and back."""
    assert marker_of(run(1).text) == run(1).marker


# -------------------------------------------------------------------------------------------------- every order of events


@dataclass
class World:
    """Comments in memory, and runs in the middle of what they do: each reads, then writes what it planned."""

    head: str | None
    comments: dict[int, str] = field(default_factory=dict)
    next: int = 10

    def read(self, own: Post) -> Create | Update | Delete | Done:
        """Plan by what is there now."""
        return plan(own, [Sticky(*one) for one in self.comments.items()], self.head)

    def write(self, own: Post, step: Create | Update | Delete | Done) -> None:
        """Do what was planned, whatever has happened since."""
        if isinstance(step, Create):
            self.next += 1
            self.comments[self.next] = own.text
        elif isinstance(step, Update) and step.number in self.comments:
            self.comments[step.number] = step.text
        elif isinstance(step, Delete):
            self.comments.pop(step.number, None)

    def finish(self, own: Post) -> None:
        """Let one run come to its end undisturbed."""
        for _ in range(50):
            step = self.read(own)
            if isinstance(step, Done):
                return
            self.write(own, step)
        raise AssertionError("it does not come to rest")


EVENTS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["go", "go", "go", "kill"])), max_size=40)


def race(world: World, events: list[tuple[int, str]]) -> None:
    """Let three runs, for three commits, go on in turns as *events* say; those that were not killed come to their end."""
    runs = [run(0), run(1), run(2)]
    planned: dict[int, Create | Update | Delete | Done] = {}
    dead = set()
    turns = [*events, *[(number, "go") for _ in range(60) for number in range(3)]]
    for number, event in turns:
        if number in dead:
            continue
        if event == "kill":
            dead.add(number)
        elif number not in planned:
            planned[number] = world.read(runs[number])
        else:
            step = planned.pop(number)
            if isinstance(step, Done):
                dead.add(number)
            else:
                world.write(runs[number], step)


@settings(max_examples=300)
@given(events=EVENTS, before=st.lists(st.integers(0, 2), max_size=3))
def test_runs_that_race_leave_one_comment_with_the_newest_text(events: list[tuple[int, str]], before: list[int]) -> None:
    """Whatever the order, and whatever was there, as long as the run for the head comes to its end."""
    world = World(HEADS[2], {number: run(of).text for number, of in enumerate(before)})
    race(world, [event for event in events if event != (2, "kill")])
    assert list(world.comments.values()) == [run(2).text]


@settings(max_examples=300)
@given(events=EVENTS, before=st.lists(st.integers(0, 2), max_size=3), head=st.sampled_from([HEADS[2], None]))
def test_the_next_run_mends_what_killed_ones_left(events: list[tuple[int, str]], before: list[int], head: str | None) -> None:
    """Any of the runs may be killed at any point; one more for the head puts everything right."""
    world = World(head, {number: run(of).text for number, of in enumerate(before)})
    race(world, events)
    world.finish(run(2))
    assert list(world.comments.values()) == [run(2).text]


@settings(max_examples=300)
@given(kill=st.integers(0, 6), before=st.sampled_from([[], [0], [2]]))
def test_a_run_that_is_killed_never_leaves_a_second_comment(kill: int, before: list[int]) -> None:
    """A run on its own makes no more than one, wherever it ends."""
    world = World(HEADS[1], {number: run(of).text for number, of in enumerate(before)})
    for _ in range(kill):
        step = world.read(run(1))
        if not isinstance(step, Done):
            world.write(run(1), step)
    assert len(world.comments) <= 1
