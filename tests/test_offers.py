"""Suggestions in the diff of a request: each is there once, whatever happens, and nothing of others is touched."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bot.forge import Forbidden, Unsure
from analyzer.bot.github import GitHub, github_headers
from analyzer.bot.gitlab import GitLab, gitlab_headers
from analyzer.bot.offers import Create, Offered, Withdraw, edits_of, offer_text, plan, settle
from analyzer.bot.rest import ATTEMPTS, Rest
from analyzer.bot.review import Edit, Machine, Review
from analyzer.bot.suggest import MOST
from tests.forges.reviews import CREATE, DELETE, LIST
from tests.forges.server import ME, TOKEN, Forge, killed_after, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OLD, NEW = "a" * 40, "b" * 40


def edit(start: int = 5, line: int = 7, text: str = "x\ny", path: str = "infra/t.yaml", old_line: int | None = 6) -> Edit:
    """Return an edit."""
    return Edit("Flow", path, start, line, text, hashlib.sha256(b"").hexdigest(), path, old_line)


ONE, TWO, GONE = edit(), edit(20, 20, "z", old_line=None), edit(1, 1, "what was wrong before")


# ------------------------------------------------------------------------------------------------------------- the plan


def there(number: int, of: Edit, **more: Any) -> Offered:
    """Return a comment that offers an edit."""
    return Offered(number, offer_text(of, "default"), **more)


def test_what_is_missing_is_created_before_anything_is_withdrawn() -> None:
    """An end in between loses nothing."""
    assert plan([ONE, TWO], [there(1, ONE), there(2, GONE)], "default") == Create(TWO)
    assert plan([ONE], [there(1, ONE), there(2, GONE)], "default") == Withdraw(2)
    assert plan([ONE, TWO], [there(1, ONE), there(3, TWO)], "default") is None


def test_of_two_that_are_the_same_the_older_one_stays() -> None:
    """Two runs that both created one agree on which."""
    assert plan([ONE], [there(4, ONE), there(3, ONE)], "default") == Withdraw(4)


def test_one_that_somebody_answered_stays() -> None:
    """What people say is not deleted, and the edit is not offered a second time beside it."""
    assert plan([], [there(1, GONE, answered=True)], "default") is None
    assert plan([ONE], [there(1, ONE, answered=True)], "default") is None


def test_one_whose_lines_the_diff_shows_no_more_is_offered_anew() -> None:
    """It cannot be applied where it is."""
    assert plan([ONE], [there(1, ONE, current=False)], "default") == Create(ONE)
    assert plan([ONE], [there(1, ONE, current=False), there(2, ONE)], "default") == Withdraw(1)


@pytest.mark.parametrize("text", ["hello", "> " + offer_text(ONE, "default"), offer_text(ONE, "other"), ""])
def test_other_comments_are_left_alone(text: str) -> None:
    """Those of people, those of other jobs, and what quotes one of ours."""
    assert plan([], [Offered(1, text)], "default") is None
    assert plan([ONE], [Offered(1, text)], "default") == Create(ONE)


@settings(max_examples=300)
@given(data=st.data())
def test_runs_in_any_order_leave_each_edit_once(data: st.DataObject) -> None:
    """Two runs read and write in turns, however they meet; one that runs to its end afterwards leaves exactly what is wanted."""
    pool = [ONE, TWO, GONE]
    world: dict[int, Offered] = {
        number: there(number, data.draw(st.sampled_from(pool)), current=data.draw(st.booleans()))
        for number in range(data.draw(st.integers(0, 4)))
    }
    wanted = data.draw(st.lists(st.sampled_from(pool), unique=True))

    def write(step: Create | Withdraw | None) -> None:
        if isinstance(step, Create):
            number = max(world, default=0) + 10
            world[number] = there(number, step.edit)
        elif step is not None:
            world.pop(step.number, None)

    planned: dict[int, Create | Withdraw | None] = {}
    for who in data.draw(st.lists(st.integers(0, 1), max_size=12)):
        if who in planned:
            write(planned.pop(who))
        else:
            planned[who] = plan(wanted, list(world.values()), "default")
    for step in planned.values():
        write(step)
    for _ in range(50):
        step = plan(wanted, list(world.values()), "default")
        if step is None:
            break
        write(step)
    assert sorted(one.text for one in world.values()) == sorted(offer_text(one, "default") for one in wanted)
    assert all(one.current for one in world.values())


def test_a_machine_is_offered_whole_or_not_and_there_is_a_bound() -> None:
    """Ten suggestions are what somebody still looks at. The comment has the policies of the other machines."""
    machines = [
        Machine(f"M{number}", "t.yaml", "changed", edits=(edit(number), edit(number + 50)), place="diff")
        for number in range(1, 9)
    ]
    assert len(edits_of(Review(tuple(machines), 8))) == MOST // 2
    other = replace(machines[0], place="outside")
    assert edits_of(Review((other,), 1)) == []


def test_a_fence_is_longer_than_any_inside() -> None:
    """Nothing in an edit ends its block; what does not print is shown."""
    lines = offer_text(edit(text="````\n```suggestion\n\u202ea\tb"), "default").split("\n")
    assert lines[3:] == ["`````suggestion", "````", "```suggestion", "\\u202ea\tb", "`````", ""]


# ------------------------------------------------------------------------------------------------------------- on a forge


@pytest.fixture(params=["github", "gitlab"])
def server(request: pytest.FixtureRequest) -> Iterator[Forge]:
    """Return a running forge whose diff shows some lines. A request that its description does not have fails the test."""
    with running(request.param) as forge:
        forge.state.diff.lines = {"infra/t.yaml": set(range(1, 31))}
        yield forge


def client(server: Forge, waits: list[float] | None = None) -> GitHub | GitLab:
    """Return a client that notes how long it would wait, and does not."""
    headers = github_headers(TOKEN) if server.kind == "github" else gitlab_headers(TOKEN)
    slept: list[float] = [] if waits is None else waits
    rest = Rest(server.url, headers, timeout=0.3, sleep=slept.append)
    return GitHub(rest, "acme/flows", 7) if server.kind == "github" else GitLab(rest, "acme/flows", 7)


def settled(server: Forge, *edits: Edit, head: str = NEW) -> list[str]:
    """Offer *edits*, each for itself."""
    return settle(client(server), [(one,) for one in edits], head, "default", [].append)


def text_on(server: Forge, of: Edit) -> str:
    """Return how an edit is offered there."""
    return offer_text(of, "default", client(server).fence(of))


def texts(server: Forge, *edits: Edit) -> list[str]:
    """Return how *edits* are offered there."""
    return [text_on(server, one) for one in edits]


def test_edits_are_offered_at_their_lines(server: Forge) -> None:
    """At one line or at several, at the right side of the diff of the commit."""
    assert settled(server, ONE, TWO) == ["2 in the diff"]
    first, second = (one["sent"] for one in server.state.diff.comments.values())
    assert server.state.diff.bodies() == texts(server, ONE, TWO)
    if server.kind == "github":
        place = {"commit_id": NEW, "path": "infra/t.yaml", "side": "RIGHT"}
        assert first == {"body": text_on(server, ONE), **place, "line": 7, "start_line": 5, "start_side": "RIGHT"}
        assert second == {"body": text_on(server, TWO), **place, "line": 20}
        assert "\n```suggestion\nx\ny\n```\n" in first["body"]
    else:
        refs = {"base_sha": "0" * 40, "start_sha": "1" * 40, "head_sha": NEW}
        place = {"position_type": "text", **refs, "old_path": "infra/t.yaml", "new_path": "infra/t.yaml"}
        assert first["position"] == {**place, "new_line": 7, "old_line": 6}
        assert second["position"] == {**place, "new_line": 20}
        assert "\n```suggestion:-2+0\nx\ny\n```\n" in first["body"]


def test_a_second_run_writes_nothing(server: Forge) -> None:
    """What is there is left alone, by a run for a newer commit, too."""
    settled(server, ONE, TWO)
    server.state.asked.clear()
    assert settled(server, ONE, TWO) == ["2 in the diff"]
    server.state.heads[7] = OLD
    assert settled(server, ONE, TWO, head=OLD) == ["2 in the diff"]
    assert {CREATE, DELETE}.isdisjoint(server.state.asked)


def test_what_would_not_be_offered_now_is_withdrawn(server: Forge) -> None:
    """But not what somebody answered, not what others wrote, and nothing that is no suggestion of ours."""
    diff = server.state.diff
    diff.add(text_on(server, GONE), ME)
    answered = diff.add(text_on(server, edit(2, 2, "asked about")), ME)
    reply = diff.add("why?", "reviewer", reply_to=answered)
    forged = diff.add(text_on(server, edit(3, 3, "forged")), "mallory")
    remark = diff.add("a remark of the same account", ME)
    own_reply = diff.add("because", ME, reply_to=answered)
    settled(server, ONE)
    kept = [answered, reply, forged, remark, own_reply]
    assert list(diff.comments)[: len(kept)] == kept
    assert diff.bodies()[len(kept) :] == texts(server, ONE)


def test_what_this_tool_itself_answered_is_withdrawn(server: Forge) -> None:
    """Nobody has said anything that would be lost."""
    first = server.state.diff.add(text_on(server, GONE), ME)
    server.state.diff.add("note to self", ME, reply_to=first)
    settled(server)
    assert first not in server.state.diff.comments


def test_a_run_that_is_outdated_writes_nothing(server: Forge) -> None:
    """It neither offers nor withdraws."""
    number = server.state.diff.add(text_on(server, GONE), ME)
    assert settled(server, ONE, head=OLD) == ["outdated"]
    assert list(server.state.diff.comments) == [number]


def test_an_edit_that_is_not_taken_is_told_and_its_companions_go(server: Forge) -> None:
    """A policy is applied whole or not; other policies are offered all the same."""
    outside = edit(40, 41, "beyond what is shown")
    told = settle(client(server), [(ONE, outside), (TWO,)], NEW, "default", [].append)
    assert [one.split(" (")[0] for one in told] == ["none at infra/t.yaml:41: the forge refused", "1 in the diff"]
    assert server.state.diff.bodies() == texts(server, TWO)


def test_comments_are_found_on_any_page(server: Forge) -> None:
    """Also when there are more of them than a page holds."""
    server.state.page = 2
    for number in range(5):
        server.state.diff.add(f"remark {number}", "reviewer")
    server.state.diff.add(text_on(server, ONE), ME)
    settled(server, ONE)
    assert CREATE not in server.state.asked


def test_a_list_that_is_a_moment_behind_makes_no_second_one(server: Forge) -> None:
    """What was written is known to be there."""
    server.state.diff.lag = 3
    settled(server, ONE, TWO)
    assert sorted(server.state.diff.bodies()) == sorted(texts(server, ONE, TWO))


WRITING = ["502", "429", "limited", "dropped", "502 when done", "truncated", "slow"]


@pytest.mark.parametrize("fault", [*WRITING, "html", "duplicated"])
@pytest.mark.parametrize("operation", [LIST, CREATE, DELETE, "pulls/get"])
def test_a_lost_answer_is_made_up_for(server: Forge, operation: str, fault: str) -> None:
    """Whether it was done or not, there is each edit once in the end, and nothing else."""
    server.state.diff.add(text_on(server, GONE), ME)
    named = "issues/delete-comment" if operation == DELETE and server.kind == "gitlab" else operation
    server.state.faults = [(named, fault)]
    assert settled(server, ONE, TWO) == ["2 in the diff"]
    assert server.state.faults == []
    assert sorted(server.state.diff.bodies()) == sorted(texts(server, ONE, TWO))


def test_a_forge_that_keeps_failing_is_given_up(server: Forge) -> None:
    """The number of requests has a bound."""
    server.state.faults = [(CREATE, "502")] * 50
    with pytest.raises(Unsure, match="busy"):
        settled(server, ONE)
    assert server.state.asked.count(CREATE) == ATTEMPTS
    assert server.state.diff.comments == {}


def test_a_token_without_rights_is_said_clearly(server: Forge) -> None:
    """As for the one comment."""
    server.state.allowed = False
    with pytest.raises(Forbidden, match="status 403"):
        settled(server, ONE)


@pytest.mark.parametrize("requests", range(1, 14))
def test_a_run_killed_after_any_request_is_mended_by_the_next(server: Forge, requests: int) -> None:
    """It leaves nothing twice, and the next run leaves each edit once."""
    server.state.diff.add(text_on(server, GONE), ME)
    with killed_after(requests):
        settled(server, ONE, TWO)
    assert len(set(server.state.diff.bodies())) == len(server.state.diff.bodies())
    settled(server, ONE, TWO)
    assert sorted(server.state.diff.bodies()) == sorted(texts(server, ONE, TWO))


@pytest.mark.parametrize("heads", [(NEW, NEW), (OLD, NEW), (NEW, OLD)])
def test_two_runs_that_race_leave_each_edit_once(server: Forge, heads: Sequence[str]) -> None:
    """Both have looked before either writes: those of the commit that is not the head give way."""
    server.state.meet = threading.Barrier(2)
    server.state.meet_at = LIST
    wanted = {OLD: (GONE,), NEW: (ONE, TWO)}
    runs = [threading.Thread(target=settled, args=(server, *wanted[head]), kwargs={"head": head}) for head in heads]
    for one in runs:
        one.start()
    for one in runs:
        one.join(30)
    assert sorted(server.state.diff.bodies()) == sorted(texts(server, ONE, TWO))


# ---------------------------------------------------------------------------------------------------- one forge or another


@pytest.mark.parametrize("server", ["github"], indirect=True)
def test_one_that_is_outdated_on_github_is_replaced(server: Forge) -> None:
    """A comment whose lines are not shown any more has no line."""
    old = server.state.diff.add(text_on(server, ONE), ME, line=None)
    settled(server, ONE)
    assert old not in server.state.diff.comments
    assert server.state.diff.bodies() == texts(server, ONE)


@pytest.mark.parametrize("server", ["github"], indirect=True)
def test_the_token_of_a_workflow_knows_its_own_by_their_kind(server: Forge) -> None:
    """It cannot ask who it is: comments of apps that begin with our marker are ours, those of people never."""
    server.state.login = False
    app = server.state.diff.add(text_on(server, GONE), "github-actions[bot]", kind="Bot")
    person = server.state.diff.add(text_on(server, GONE), "mallory")
    settled(server)
    assert app not in server.state.diff.comments
    assert person in server.state.diff.comments


@pytest.mark.parametrize("server", ["gitlab"], indirect=True)
def test_gitlab_has_to_know_the_difference_of_the_commit(server: Forge) -> None:
    """It works it out after the push: until then there is no place for a note, which is told."""
    server.state.diff.worked_out = OLD
    assert settled(server, ONE) == ["none at infra/t.yaml:7: the forge has worked out no difference for this commit yet"]
    assert server.state.diff.comments == {}
