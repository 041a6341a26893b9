"""Edits to offer in a diff: together they give exactly what `write` writes, and each of them is one that a forge takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from render.templates_found import READABLE, label, run, text_of

from analyzer.bot.exchange import read_review
from analyzer.bot.suggest import LONGEST, MOST, TALLEST, Offer, Shown, Stretch, apart, applied, offer, shown_between, shown_in
from analyzer.cli import main
from analyzer.errors import SourceError
from analyzer.sources import parse_any
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.bot.review import Edit

GIT = str(shutil.which("git"))


def lines(count: int, **others: str) -> str:
    """Return a text of numbered lines, some of which are *others*, as in ``_3="x"``."""
    return "".join(f"{others.get(f'_{number}', number)}\n" for number in range(1, count + 1))


def shown(*stretches: tuple[int, int]) -> Shown:
    """Return a diff that shows stretches from one line to another, as lines that the base has, too."""
    return Shown("t.yaml", "t.yaml", tuple(Stretch(first, tuple(range(first, last + 1))) for first, last in stretches))


def offered(before: str, after: str, diff: Shown, valid: Callable[[str], bool] = lambda _: True) -> Offer:
    """Return what is offered."""
    return offer("Flow", before, after, diff, valid)


def places(found: Offer) -> list[tuple[int, int, str]]:
    """Return the lines that the edits replace, and with what."""
    assert found.place == "diff"
    return [(one.start, one.line, one.text) for one in found.edits]


# ------------------------------------------------------------------------------------------------------------ one by one


def test_a_line_that_changes_is_replaced() -> None:
    """Nothing around it is touched."""
    assert places(offered(lines(9), lines(9, _5="x"), shown((2, 8)))) == [(5, 5, "x")]


def test_what_is_only_inserted_repeats_the_line_above() -> None:
    """A forge replaces lines: an insertion has none of its own."""
    assert places(offered(lines(9), lines(9, _5="5\nx\ny"), shown((2, 8)))) == [(5, 5, "5\nx\ny")]


def test_what_is_inserted_above_all_that_is_shown_repeats_the_line_below() -> None:
    """Where the line above is not shown, or there is none."""
    assert places(offered(lines(9), lines(9, _5="x\n5"), shown((5, 8)))) == [(5, 5, "x\n5")]
    assert places(offered(lines(9), lines(9, _1="x\n1"), shown((1, 8)))) == [(1, 1, "x\n1")]


def test_what_is_only_taken_away_repeats_a_neighbour() -> None:
    """What a forge makes of an empty suggestion, or of one blank line, is not to be guessed."""
    before = lines(9)
    assert places(offered(before, before.replace("5\n6\n", ""), shown((2, 8)))) == [(4, 6, "4")]
    assert places(offered(before, before.replace("5\n6\n", "\n"), shown((2, 8)))) == [(4, 6, "4\n")]
    assert places(offered(before, before.replace("5\n6\n", ""), shown((5, 8)))) == [(5, 7, "7")]


def test_what_is_near_is_one_edit_and_what_is_far_is_two() -> None:
    """Three lines between two changes are as many as a diff shows around one."""
    assert places(offered(lines(20), lines(20, _5="x", _9="y"), shown((1, 20)))) == [(5, 9, "x\n6\n7\n8\ny")]
    found = offered(lines(20), lines(20, _5="x", _10="y"), shown((1, 20)))
    assert places(found) == [(5, 5, "x"), (10, 10, "y")]
    assert [one.title for one in found.edits] == ["Flow, part 1 of 2", "Flow, part 2 of 2"]


@pytest.mark.parametrize("diff", [shown(), shown((1, 9)), shown((6, 20)), shown((1, 4), (6, 20)), shown((1, 7), (11, 20))])
def test_all_or_nothing_is_offered(diff: Shown) -> None:
    """A policy of which only a part can be put there is left to the comment."""
    assert offered(lines(20), lines(20, _5="x", _10="y"), diff) == Offer((), "outside")


def test_an_edit_lies_in_one_stretch() -> None:
    """Two stretches that touch are shown apart: a forge takes no comment over both."""
    assert offered(lines(9), lines(9, _4="x", _5="y"), shown((1, 4), (5, 9))).place == "outside"


def test_edits_that_break_the_file_when_taken_alone_are_one() -> None:
    """Somebody may click on one of them only."""

    def valid(text: str) -> bool:
        return text.count("(") == text.count(")")

    found = offered(lines(20), lines(20, _5="(", _15=")"), shown((1, 20)), valid)
    assert [(one.start, one.line) for one in found.edits] == [(5, 15)]
    assert offered(lines(20), lines(20, _5="(", _15=")"), shown((1, 7), (12, 20)), valid) == Offer((), "outside")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("a\nb\rb\n", "a\nc\n"),
        ("a\nb", "a\nc"),
        ("a\nb", "a\nb\nc"),
        ("a\nb\n", "a\nb\u202ec\n"),
        ("a\nb\n", "a\nb\u200bc\n"),
        ("a\nb\n", "a\nb\x1b[1m\n"),
        ("", "a\n"),
    ],
    ids=["CRLF", "CR", "last line", "after the last line", "bidi", "zero width", "escape", "empty"],
)
def test_what_a_forge_or_a_reader_could_take_for_something_else_is_not_offered(before: str, after: str) -> None:
    """Forges have line ends of their own, also after a last line that has none, and some characters are not seen."""
    assert offered(before, after, shown((1, 9))) == Offer((), "form")


def test_a_text_without_a_last_line_end_can_be_changed_above_it() -> None:
    """Only the last line is in doubt."""
    assert places(offered("a\nb\nc\nd", "a\nx\nc\nd", shown((1, 4)))) == [(2, 2, "x")]


def test_tabs_and_backticks_are_no_harm() -> None:
    """They are what they are in a block of code."""
    assert places(offered("{\n}\n", "{\n\t```\n}\n", shown((1, 2)))) == [(1, 1, "{\n\t```")]


def test_an_edit_has_a_bound() -> None:
    """In lines that it replaces, which GitLab bounds, and in characters."""
    tall = TALLEST + 20
    assert offered(lines(tall), "x\ny\n" + "z\n" * tall, shown((1, tall))) == Offer((), "form")
    assert offered(lines(9), lines(9, _5="x" * LONGEST), shown((1, 9))) == Offer((), "form")


def test_many_edits_become_one() -> None:
    """A policy of eleven parts is none that is applied part by part."""
    after = lines(99, **{f"_{number}": "x" for number in range(1, 99, 5)})
    assert [(one.start, one.line) for one in offered(lines(99), after, shown((1, 99))).edits] == [(1, 96)]


def test_nothing_to_change_is_nothing_to_offer() -> None:
    """A template that says already what it should is not spoken of."""
    assert offered(lines(9), lines(9), shown()) == Offer()


def test_an_edit_knows_where_its_last_line_stands_in_the_base() -> None:
    """GitLab asks for it, but of a line that the request adds."""
    diff = Shown("new.yaml", "old.yaml", (Stretch(4, (1, None, None, 2)),))
    [one] = offered(lines(9), lines(9, _6="x"), diff).edits
    assert (one.path, one.old_path, one.old_line) == ("new.yaml", "old.yaml", None)
    [one] = offered(lines(9), lines(9, _7="x"), diff).edits
    assert one.old_line == 2


# ------------------------------------------------------------------------------------------------------------ any of them

LINES = st.sampled_from(["a", "b", "c", "", " ", "```", "(", ")", "\tx", "@@ -1 +1 @@", "+a", "-a", "\\ No newline", "é"])
TEXTS = st.lists(LINES, max_size=30).flatmap(
    lambda found: st.sampled_from(["\n".join(found), "".join(f"{one}\n" for one in found)])
)


def check(before: str, after: str, diff: Shown, found: Offer) -> None:
    """Hold what is offered to what a forge takes and to what `write` writes."""
    assert applied(before, found.edits) == (after if found.place == "diff" else before)
    assert len(found.edits) <= MOST
    for number, one in enumerate(found.edits):
        assert any(stretch.first <= one.start <= one.line <= stretch.last for stretch in diff.stretches)
        assert one.line - one.start < TALLEST
        assert one.text.strip("\n")
        assert apart(one, found.edits[:number])


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """Return a text and another one made of it, which have something in common."""
    before = draw(TEXTS)
    parts = before.split("\n")
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(parts)))
        parts[start : start + draw(st.integers(0, 3))] = draw(st.lists(LINES, max_size=3))
    return before, "\n".join(parts)


@settings(max_examples=500)
@given(texts=edited(), ends=st.lists(st.integers(1, 40), max_size=6))
@example(texts=("a\n", "a\n\n"), ends=[1, 9])
def test_edits_give_the_text_or_there_are_none(texts: tuple[str, str], ends: list[int]) -> None:
    """Whatever the diff shows."""
    before, after = texts
    pairs = list(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
    diff = shown(*pairs)
    check(before, after, diff, offered(before, after, diff))


@settings(max_examples=300)
@given(texts=edited())
def test_each_edit_alone_leaves_a_valid_text_or_is_the_only_one(texts: tuple[str, str]) -> None:
    """A file that is broken between two clicks is no help."""
    before, after = texts
    diff = shown((1, before.count("\n") + 1))

    def valid(text: str) -> bool:
        return text.count("(") >= text.count(")")

    found = offered(before, after, diff, valid)
    check(before, after, diff, found)
    assert len(found.edits) < 2 or all(valid(applied(before, [one])) for one in found.edits)


@settings(max_examples=60)
@given(before=TEXTS, after=TEXTS)
@example(before="a\n" * 30, after="a\n" * 12 + "b\n" + "a\n" * 18)
def test_what_git_shows_is_read_line_by_line(before: str, after: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Lines that look like the head of a hunk, or like what git says of a missing line end, are lines."""
    folder = tmp_path_factory.mktemp("diff")
    (folder / "old").write_bytes(before.encode())
    (folder / "new").write_bytes(after.encode())
    done = subprocess.run([GIT, "diff", "--no-index", "--no-color", "old", "new"], cwd=folder, capture_output=True, check=False)
    old, new = before.split("\n"), after.split("\n")
    for stretches in (shown_in(done.stdout), shown_between(before, after)):
        covered = set()
        for stretch in stretches:
            for number, other in enumerate(stretch.olds, stretch.first):
                covered.add(number)
                assert other is None or old[other - 1] == new[number - 1]
        there = new if new[-1] else new[:-1]
        kept = [line for number, line in enumerate(there, 1) if number not in covered]
        assert all(line in old for line in kept)
        assert bool(stretches) == (before != after)


# --------------------------------------------------------------------------------------------------------- what `write` writes


def reads(text: str) -> bool:
    """Tell whether *text* can be read."""
    try:
        parse_any(Source(text, "x"))
    except SourceError:
        return False
    return True


@pytest.mark.parametrize("path", READABLE, ids=label)
def test_edits_give_what_write_gives(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each template here: when all of it is shown, and when every second stretch of it is."""
    shutil.copytree(path.parent, tmp_path / "project", copy_function=shutil.copyfile)
    monkeypatch.chdir(tmp_path)
    name = Path("project") / path.name
    before = text_of(name)
    run("write", str(name))
    after = text_of(name)
    height = before.count("\n")
    whole = shown((1, height))
    found = offered(before, after, whole, reads)
    check(before, after, whole, found)
    assert found.place in ("diff", "form", "")
    assert all(reads(applied(before, [one])) for one in found.edits)
    half = shown(*((first, first + 19) for first in range(1, height, 40)))
    check(before, after, half, offered(before, after, half, reads))


@pytest.mark.parametrize("path", READABLE, ids=label)
def test_what_is_offered_is_what_write_would_write(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that brings the whole template shows all of it: the edits of its machines do what `write --machine` does."""
    for name in ("GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    alone = path.parent.name == "templates"
    shutil.copytree(
        path.parent, tmp_path / "head", copy_function=shutil.copyfile,
        ignore=lambda _, names: [name for name in names if alone and name != path.name],
    )  # fmt: skip
    (tmp_path / "base").mkdir()
    monkeypatch.chdir(tmp_path)
    name = Path("head") / path.name
    sides = ["--base", "base", "--head", "head", "--no-config"]
    done = CliRunner().invoke(main, ["comment", *sides, "--dry-run", "--review", "review.json", "-o", "comment.md"])
    assert done.exit_code in (0, 3), done.output
    before = text_of(name)
    machines = [one for one in read_review(Path("review.json").read_text(), "r").machines if one.path == path.name]
    edits = [edit for one in machines for edit in one.edits]
    assert {edit.path for edit in edits} <= {path.name}
    assert done.exit_code == 0 or edits == []
    for one in machines:
        if one.edits:
            assert run("write", str(name), "--machine", one.name).exit_code == 0
    assert applied(before, edits) == text_of(name)


def digest_of(edits: tuple[Edit, ...]) -> list[str]:
    """Return what is known of the lines that are replaced."""
    return [one.replaces for one in edits]


def test_an_edit_of_other_lines_is_another_one() -> None:
    """The same text at the same place, but for lines that were changed meanwhile, is offered anew."""
    one = offered(lines(9), lines(9, _5="x"), shown((1, 9)))
    two = offered(lines(9, _5="y"), lines(9, _5="x"), shown((1, 9)))
    assert places(one) == places(two)
    assert digest_of(one.edits) != digest_of(two.edits)
