"""The clients of forges against a server on this machine, which holds every request to the published interface, and fails."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.bot.forge import Forbidden, ForgeError, Missing, Sticky, Unsure
from analyzer.bot.forges import FORGES
from analyzer.bot.github import pull_request_at
from analyzer.bot.rest import ATTEMPTS, Rest
from analyzer.bot.settle import Post, post, settle
from analyzer.errors import OptionError
from tests.forges.server import ME, TOKEN, Forge, killed_after, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.bot.forge import Forge as Client

OLD, NEW = "a" * 40, "b" * 40
KINDS = ["github", "gitlab", "azure", "bitbucket"]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Forge]:
    """Return each of the forges, running."""
    with running(request.param) as forge:
        yield forge


def client(server: Forge, waits: list[float] | None = None, **more: Any) -> Client:
    """Return a client that notes how long it would wait, and does not."""
    slept: list[float] = [] if waits is None else waits
    kind = FORGES[server.kind]
    rest = Rest(server.url, kind.headers(TOKEN), kind.hint, timeout=0.3, sleep=slept.append, **more)
    return kind.client(rest, "acme/flows", 7)


def own(head: str = NEW, *, text: str = "", time: int = 0) -> Post:
    """Return what the run for *head* wants to say."""
    return post(text or f"what {head[:1]} needs\n", "default", head=head, time=time or ord(head[0]))


def settled(server: Forge, said: Post | None = None, waits: list[float] | None = None) -> str:
    """Bring the comment up to date."""
    slept: list[float] = [] if waits is None else waits
    return settle(client(server, slept), said or own(), slept.append).why


# -------------------------------------------------------------------------------------------------------- without faults


def test_the_first_run_comments_and_the_second_does_not_write(server: Forge) -> None:
    """Two runs that say the same make one request that writes: six requests, and three. Bitbucket is asked for a whole commit."""
    more = server.kind == "bitbucket"
    assert settled(server) == "written"
    assert len(server.state.asked) == 6 + more
    assert settled(server) == "written"
    assert len(server.state.asked) == 9 + 2 * more
    assert server.state.bodies() == [own().text]
    assert [one for one in server.state.asked if "create" in one or "update" in one] == ["issues/create-comment"]


def test_a_comment_is_brought_up_to_date_in_its_place(server: Forge) -> None:
    """The number of the comment stays, its text is another one."""
    number = server.state.add(own(OLD).text)
    settled(server)
    assert {number: own().text} == {key: one["body"] for key, one in server.state.comments.items()}


def test_the_comment_is_found_on_any_page(server: Forge) -> None:
    """Pages are followed by the header `Link` or by what they say is next, to the last one; Azure DevOps has but one."""
    server.state.page = 2
    for number in range(7):
        server.state.add(f"remark {number}")
    mine = server.state.add(own(OLD).text)
    server.state.add("the last word")
    settled(server)
    assert server.state.comments[mine]["body"] == own().text
    assert len(server.state.comments) == 9


def test_a_comment_of_somebody_else_is_never_touched(server: Forge) -> None:
    """Whoever copies our marker gets no text of ours, and keeps us from nothing."""
    forged = post("forged\n", "default", head="f" * 40, time=10**9).text
    theirs = server.state.add(forged, author="mallory")
    settled(server)
    assert server.state.comments[theirs]["body"] == forged
    assert server.state.bodies() == [own().text]


def test_an_older_run_that_comes_late_writes_nothing(server: Forge) -> None:
    """The forge says what the request stands at."""
    settled(server)
    assert settled(server, own(OLD)) == "outdated"
    assert server.state.bodies() == [own().text]


def test_a_comment_that_somebody_deletes_in_between_is_written_anew(server: Forge) -> None:
    """What is not there cannot be updated: the next look finds that out."""
    server.state.add(own(OLD).text)

    def delete(operation: str) -> None:
        if operation == "issues/update-comment":
            server.state.comments.clear()
            server.state.before = lambda _: None

    server.state.before = delete
    assert settled(server) == "written"
    assert server.state.bodies() == [own().text]


def test_a_list_that_is_a_moment_behind_makes_no_second_comment(server: Forge) -> None:
    """What was written is known to be there, whatever the next lists say."""
    server.state.lag = 3
    assert settled(server) == "written"
    server.state.lag = 0
    assert settled(server) == "written"
    assert server.state.bodies() == [own().text]
    assert server.state.asked.count("issues/create-comment") == 1


# ----------------------------------------------------------------------------------------------------------- with faults

READING = ["502", "429", "limited", "dropped", "html", "empty", "truncated", "slow", "502 when done"]
WRITING = ["502", "429", "limited", "dropped", "empty", "502 when done", "truncated", "slow"]


@pytest.mark.parametrize("fault", READING)
@pytest.mark.parametrize("operation", ["users/get-authenticated", "issues/list-comments", "pulls/get"])
def test_reading_is_tried_again(server: Forge, operation: str, fault: str) -> None:
    """A forge that fails once is asked once more."""
    server.state.faults = [(operation, fault)]
    assert settled(server) == "written"
    assert server.state.bodies() == [own().text]


@pytest.mark.parametrize("fault", WRITING)
def test_a_lost_answer_to_a_new_comment_makes_no_second_one(server: Forge, fault: str) -> None:
    """Whether it was written or not, there is one in the end."""
    server.state.faults = [("issues/create-comment", fault)]
    assert settled(server) == "written"
    assert server.state.bodies() == [own().text]


@pytest.mark.parametrize("fault", WRITING)
def test_a_lost_answer_to_an_update_is_made_up_for(server: Forge, fault: str) -> None:
    """Whether it was written or not, the text is there in the end."""
    server.state.add(own(OLD).text)
    server.state.faults = [("issues/update-comment", fault)]
    assert settled(server) == "written"
    assert server.state.bodies() == [own().text]


@pytest.mark.parametrize("fault", WRITING)
def test_a_lost_answer_to_a_deletion_is_made_up_for(server: Forge, fault: str) -> None:
    """A comment that is gone already is no error."""
    server.state.add(own(OLD).text)
    server.state.add(own(OLD).text)
    server.state.faults = [("issues/delete-comment", fault)]
    assert settled(server) == "written"
    assert server.state.bodies() == [own().text]


def test_a_comment_that_was_made_twice_is_taken_back(server: Forge) -> None:
    """Something on the way sent the request twice."""
    server.state.faults = [("issues/create-comment", "duplicated")]
    assert settled(server) == "written"
    assert server.state.bodies() == [own().text]


def test_waiting_is_as_long_as_the_forge_asks(server: Forge) -> None:
    """`Retry-After` counts, and the time at which the limit is lifted."""
    waits: list[float] = []
    server.state.faults = [("pulls/get", "429"), ("issues/create-comment", "429")]
    settled(server, waits=waits)
    assert waits == [3.0, 3.0]
    waits.clear()
    server.state.faults = [("pulls/get", "limited")]
    settled(server, waits=waits)
    assert 30 < waits[0] <= 40


@pytest.mark.parametrize("operation", ["issues/list-comments", "issues/create-comment"])
def test_a_limit_that_says_no_time_is_waited_for(server: Forge, operation: str) -> None:
    """The secondary one of GitHub may have no header at all; it is no refusal of the token."""
    waits: list[float] = []
    server.state.faults = [(operation, "secondary")]
    assert settled(server, waits=waits) == "written"
    assert waits == [60]
    assert server.state.bodies() == [own().text]


def test_a_forge_that_asks_to_wait_too_long_is_not_waited_for(server: Forge) -> None:
    """A job that sleeps for an hour helps nobody."""
    server.state.faults = [("pulls/get", "limited")]
    with pytest.raises(ForgeError, match="takes no requests for"):
        settle(client(server, now=lambda: 0.0), own(), [].append)


def test_waits_grow_and_differ(server: Forge) -> None:
    """Many jobs that failed together do not come back together."""
    waits: list[float] = []
    server.state.faults = [("pulls/get", "502")] * (ATTEMPTS - 1)
    client(server, waits, jitter=lambda: 0.5).head()
    assert waits == [1.5, 3.0, 6.0, 12.0]


@pytest.mark.parametrize("operation", ["pulls/get", "issues/create-comment"])
def test_a_forge_that_keeps_failing_is_given_up(server: Forge, operation: str) -> None:
    """The number of requests has a bound, and no more is left behind than was there."""
    server.state.faults = [(operation, "502")] * 50
    with pytest.raises(Unsure, match="busy"):
        settled(server)
    assert server.state.asked.count(operation) == ATTEMPTS
    assert server.state.comments == {}


@pytest.mark.parametrize("said", ["{}", "[]", "null", '"x"', "[[]]", "[" * 100_000, '{"login": 1, "username": 1, "values": [1]}'])
def test_an_answer_of_another_form_is_no_bug_of_ours(server: Forge, said: str) -> None:
    """What stands between here and the forge may answer, too: with JSON, and with success."""
    server.state.speaks = said
    with pytest.raises(ForgeError, match=r"the forge answered (without|with something that is not)"):
        settled(server)


def test_a_token_without_rights_is_said_clearly(server: Forge) -> None:
    """The message says which right to give."""
    server.state.allowed = False
    with pytest.raises(Forbidden, match=r"status 403.*"):
        settled(server)


def test_a_request_that_is_not_there_is_said_clearly(server: Forge) -> None:
    """It may also be that the token does not see it."""
    server.state.heads.clear()
    with pytest.raises(Missing, match="does not show it"):
        settled(server)


def test_the_token_goes_to_no_other_host(server: Forge) -> None:
    """Neither a redirection nor a link to the next page leads away."""
    server.state.faults = [("pulls/get", "moved")]
    with pytest.raises(ForgeError, match="another host"):
        settled(server)


@pytest.mark.parametrize(
    "address", ["http://api.example.com", "ftp://localhost", "api.example.com", "http://localhost.example.com"]
)
def test_a_token_is_sent_over_https_only(address: str) -> None:
    """Only what runs on this machine may be asked without."""
    with pytest.raises(OptionError, match="no address to send a token to"):
        Rest(address, {})


@pytest.mark.parametrize("token", [f"{TOKEN}\nX-More: 1", f"{TOKEN}\x00", f"{TOKEN}\u2026"])
def test_a_token_that_no_header_can_hold_is_refused_without_a_word_of_it(server: Forge, token: str) -> None:
    """The library that sends it would quote it in its complaint."""
    with pytest.raises(OptionError, match="a character that no token has") as caught:
        Rest(server.url, FORGES[server.kind].headers(token))
    assert TOKEN not in str(caught.value)


def test_a_proxy_is_asked_by_its_name_and_password(github: Forge) -> None:
    """Also one whose address has no scheme, as many environments write it. Here the forge itself is asked as if it were one."""
    proxy = github.url.replace("http://", "me:p%40ss@")
    assert client(github, proxy=proxy).comments() == []
    assert github.state.proxied == {"Basic bWU6cEBzcw=="}


@pytest.mark.parametrize("proxy", ["socks5://me:p4ss@127.0.0.1:9", "http://[::1", "me:p4ss@:x"])
def test_a_proxy_that_cannot_be_one_is_told_without_its_password(github: Forge, proxy: str) -> None:
    """It is a setting of the machine, and no bug."""
    with pytest.raises(ForgeError) as caught:
        client(github, proxy=proxy).comments()
    assert "p4ss" not in str(caught.value)


def test_the_token_is_in_no_message_and_no_representation(server: Forge) -> None:
    """Whatever fails, what is said may be logged."""
    forge = client(server)
    said = [repr(forge), str(forge)]
    for fault in READING:
        server.state.faults = [("pulls/get", fault)] * ATTEMPTS
        with suppress(ForgeError):
            forge.head()
    server.state.faults = []
    for number in (6, 8):
        server.state.faults = [("pulls/get", "dropped")] * number
        with pytest.raises(ForgeError) as caught:
            forge.head()
        said += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), repr(caught.value.__context__)]
        server.state.faults = []
    assert all(TOKEN not in text for text in said)


# ------------------------------------------------------------------------------------------------------ killed and racing


@pytest.mark.parametrize("before", [0, 1, 2], ids=["no comment", "one comment", "two comments"])
@pytest.mark.parametrize("requests", range(1, 14))
def test_a_run_killed_after_any_request_leaves_no_second_comment(server: Forge, requests: int, before: int) -> None:
    """And the next run leaves exactly one, with the newest text."""
    for _ in range(before):
        server.state.add(own(OLD).text)
    forge = client(server)
    with killed_after(requests):
        settle(forge, own(), [].append)
    assert len(server.state.comments) <= max(before, 1)
    assert settled(server) == "written"
    assert server.state.bodies() == [own().text]


@pytest.mark.parametrize("first", [OLD, NEW])
@pytest.mark.parametrize("before", [0, 1])
def test_two_runs_that_race_end_with_the_newer_text(server: Forge, first: str, before: int) -> None:
    """Both have looked before either writes: the run of the commit that is not the head gives way."""
    for _ in range(before):
        server.state.add(post("before\n", "default", head="0" * 40).text)
    server.state.meet = threading.Barrier(2)
    said = (own(first), own(NEW if first == OLD else OLD))
    runs = [threading.Thread(target=settled, args=(server, one)) for one in said]
    for one in runs:
        one.start()
    for one in runs:
        one.join(30)
    assert server.state.bodies() == [own().text]


def test_two_runs_of_one_commit_that_race_leave_one_comment(server: Forge) -> None:
    """Both create, and both see afterwards that one is too many."""
    server.state.meet = threading.Barrier(2)
    said = (own(), own())
    runs = [threading.Thread(target=settled, args=(server, one)) for one in said]
    for one in runs:
        one.start()
    for one in runs:
        one.join(30)
    assert server.state.bodies() == [own().text]
    assert server.state.asked.count("issues/create-comment") == 2


# ---------------------------------------------------------------------------------------------------- one forge or another


@pytest.fixture
def github() -> Iterator[Forge]:
    """Return a running GitHub."""
    with running("github") as forge:
        yield forge


@pytest.fixture
def azure() -> Iterator[Forge]:
    """Return a running Azure DevOps."""
    with running("azure") as forge:
        yield forge


@pytest.fixture
def bitbucket() -> Iterator[Forge]:
    """Return a running Bitbucket."""
    with running("bitbucket") as forge:
        yield forge


@pytest.mark.parametrize("kind", ["github", "bitbucket"])
def test_the_token_of_a_workflow_or_a_repository_cannot_say_who_it_is(kind: str) -> None:
    """Then a comment of an app is our own when it begins with our marker, and one of a person is not."""
    with running(kind) as forge:
        forge.state.login = False
        mine = forge.state.add(own(OLD).text, author="an app", kind="Bot")
        theirs = forge.state.add(own(OLD).text, author="mallory", kind="User")
        settled(forge)
        assert forge.state.comments[mine]["body"] == own().text
        assert forge.state.comments[theirs]["body"] == own(OLD).text


def test_on_bitbucket_the_first_comment_tells_who_writes(bitbucket: Forge) -> None:
    """A token that is shown as a person and may not ask who it is finds what it wrote before, and leaves one comment."""
    bitbucket.state.login = False
    mine = bitbucket.state.add(own(OLD).text)
    theirs = bitbucket.state.add(own(OLD).text, author="mallory")
    assert settled(bitbucket) == "written"
    assert {number: one["body"] for number, one in bitbucket.state.comments.items()} == {mine: own().text, theirs: own(OLD).text}


def test_on_azure_a_token_that_cannot_say_who_it_is_writes_nothing(azure: Forge) -> None:
    """There is no other way to tell our own comments from those of somebody who copies the marker."""
    azure.state.login = False
    with pytest.raises(Forbidden, match="Contribute to pull requests"):
        settled(azure)
    assert azure.state.comments == {}


def test_azure_answers_an_unknown_token_with_a_page(azure: Forge) -> None:
    """A page to sign in, with a status that sounds like success: it is said what to do, and not asked again."""
    azure.state.faults = [("users/get-authenticated", "sign in")]
    with pytest.raises(Forbidden, match=r"status 203.*SYSTEM_ACCESSTOKEN"):
        settled(azure)
    assert azure.state.asked == ["users/get-authenticated"]


def test_on_azure_an_answer_to_the_comment_is_left_alone(azure: Forge) -> None:
    """What is brought up to date is the first comment of the thread."""
    number = azure.state.add(own(OLD).text)
    azure.state.answers = [
        {"id": 900, "parentCommentId": 1, "author": {"id": ME}, "commentType": "text", "content": own(OLD).text}
    ]
    settled(azure)
    assert azure.state.comments[number]["body"] == own().text
    assert azure.state.asked.count("issues/update-comment") == 1


@pytest.mark.parametrize("fault", READING)
def test_on_bitbucket_a_whole_commit_is_asked_for_again(bitbucket: Forge, fault: str) -> None:
    """A request names the first twelve digits, which no run could be told from another by."""
    bitbucket.state.faults = [("commits/get", fault)]
    assert settled(bitbucket) == "written"
    assert bitbucket.state.bodies() == [own().text]


def test_on_bitbucket_a_commit_that_is_hidden_is_not_known(bitbucket: Forge) -> None:
    """That of a fork, say: then the time of the commits decides."""
    bitbucket.state.heads = {7: "c" * 40}
    seen: list[str] = []

    def move(operation: str) -> None:
        seen.append(operation)
        bitbucket.state.heads = {} if operation == "commits/get" else {7: "c" * 40}

    bitbucket.state.before = move
    assert client(bitbucket).head() is None
    assert seen == ["pulls/get", "commits/get"]


def test_the_pull_request_of_a_fork_is_found_by_its_branch(github: Forge) -> None:
    """By what the forge knows, and only as long as it stands at the commit that was analysed."""
    rest = client(github).rest
    assert pull_request_at(rest, "acme/flows", "stranger", "topic", NEW) == 7
    assert pull_request_at(rest, "acme/flows", "stranger", "topic", OLD) is None
    assert pull_request_at(rest, "acme/flows", "somebody", "else", NEW) is None


def test_a_comment_that_is_too_long_is_refused_and_said(github: Forge) -> None:
    """The budget of a comment keeps it from happening."""
    with pytest.raises(ForgeError, match="Body is too long"):
        settled(github, own(text="x" * 70_000))


def test_a_sticky_comment_says_who_may_have_written_it(github: Forge) -> None:
    """Only comments of the owner of the token are looked at."""
    github.state.add("mine", author=ME)
    github.state.add("theirs", author="somebody")
    assert [one.text for one in client(github).comments()] == [Sticky(0, "mine").text]
