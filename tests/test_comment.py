"""The Markdown of a comment, as its readers take it: GitHub's own parser and another one tell text from structure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import cmarkgfm
import markdown
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from analyzer.bot.annotations import workflow_commands
from analyzer.bot.comment import BUDGET, DROPPED, NOTHING, Links, comment, verdict
from analyzer.bot.dialect import AZURE, BITBUCKET, HTML, Dialect
from analyzer.bot.escape import cell, code_span, fenced
from analyzer.bot.forges import FORGES
from analyzer.bot.gitlab import code_quality
from analyzer.bot.insights import entries, post_insights
from analyzer.bot.offers import offer_text
from analyzer.bot.rest import Rest
from analyzer.bot.review import Block, Edit, Machine, Permission, Remark, Review, Spot, Why
from analyzer.bot.settle import marker_of, post
from analyzer.report.paint import printable
from tests.forges.server import TOKEN, running

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
LINKS = Links("https://github.com/acme/flows/blob/{revision}/{path}#L{line}", "b" * 40, "a" * 40, "services/")
AZURE_LINKS = Links(FORGES["azure"].links.format(server="https://dev.azure.com/a/b/_git/c"), "b" * 40, "a" * 40, "services/")
VOID = {"br", "hr", "img", "input"}
HOSTILE = (
    "`", "``", "```", "~~~", "|", "\\", "\\|", "\\`", "||", "@team", "@acme/owners", "-->", "<!--", "<b>",
    "</details>", "</code>", "<script>", "]]>", "&lt;", "&#64;", "#123", "acme/flows#1",
    "GH-1", "https://example.com", "www.example.com", "a@example.com",
    "@<6f2a0c4e-0000-4000-8000-000000000000>", "@{557058:6f2a0c4e}", "!12", "##vso[task.setvariable variable=x]y", "##[group]",
    "\\x60", "[//]: # (x)",
    "[x](y)", "![x](y)", "**", "__", "* ", "1. ", "# ", "> ", ":smile:", "$x$", "::error::", "##[error]", "\u202e", "\u2066",
    "\u200b", "\n", "\r\n", "\n\n", "\t", "\x00", "\u2028", "{", "%", "<<", "~x~", "^1", "[^1]", "é",
    "\U0001f600", "    ", "deadbeef" * 5,
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=3)), max_size=6).map("".join)
NAMES = TEXTS.map(lambda text: text[:80])
PATHS = NAMES.filter(lambda text: ".." not in text.split("/"))


@dataclass
class Reader(HTMLParser):
    """What a page shows: its tags, the text outside of code, the text in code, and the addresses of links."""

    open: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    prose: str = ""
    code: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin."""
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag."""
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name == "href"]
        self.wrong += [f"{tag} {name}" for name, _ in attrs if name not in ("href", "align", "class", "style", "lang")]
        if tag == "code" and "code" not in self.open:
            self.code.append("")
        if tag not in VOID:
            self.open.append(tag)
        if "code" not in self.open:
            self.prose += " "  # what stands on both sides of a tag is no one word

    def handle_endtag(self, tag: str) -> None:
        """Take the end of one: it ends what was opened last."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Take text."""
        if "code" in self.open:
            self.code[-1] += data
        else:
            self.prose += data

    def handle_comment(self, data: str) -> None:
        """Take an empty one: no other is written."""
        self.wrong += [data] if data else []


def by_github(text: str) -> str:
    """Return the HTML of GitHub's own parser, with the extensions that GitHub has on."""
    return cmarkgfm.markdown_to_html_with_extensions(
        text, Options.CMARK_OPT_UNSAFE, ["table", "strikethrough", "autolink", "tagfilter", "tasklist"]
    )


def by_another(text: str) -> str:
    """Return the HTML of another parser, which tells cells apart in its own way."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)


def by_bitbucket(text: str) -> str:
    """Return the HTML of the parser that Bitbucket uses, which shows the HTML in a text as text."""
    parser = markdown.Markdown(extensions=["tables", "fenced_code", "sane_lists"])
    parser.preprocessors.deregister("html_block")
    parser.inlinePatterns.deregister("html")
    return parser.convert(text)


def by_another_without_html(text: str) -> str:
    """Return the HTML of another parser that shows the HTML in a text as text."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(text)


PARSERS = [by_github, by_another]
WITHOUT_HTML = [by_bitbucket, by_another_without_html]
DRESSED = [
    pytest.param(parse, dialect, id=f"{name}-{parse.__name__}")
    for name, dialect, parsers in (("html", HTML, PARSERS), ("azure", AZURE, PARSERS), ("bitbucket", BITBUCKET, WITHOUT_HTML))
    for parse in parsers
]
"""Each dialect with those who read it."""


def read(html: str) -> Reader:
    """Read a page. Every tag on it is closed, in order."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.wrong == []
    assert reader.open == []
    return reader


# ------------------------------------------------------------------------------------------------------------- escaping


@pytest.mark.parametrize("parse", PARSERS)
@given(text=TEXTS)
@example("a\\|b")
@example("`` ` |")
def test_nothing_escapes_its_cell(parse: Callable[[str], str], text: str) -> None:
    """A row has as many cells as were written, and each shows the text that was put into it, all of it as code."""
    reader = read(
        parse(f"| A | B | C |\n|---|---|---|\n| {cell(text)} | {cell(text)}<br>{cell('x')} | [{cell(text)}](https://x.y) |\n")
    )
    assert reader.tags.count("td") == 3
    assert reader.tags.count("tr") == 2
    shown = [one.replace("\xa0", " ").strip() for one in reader.code]
    assert shown == [printable(text).strip(), printable(text).strip(), "x", printable(text).strip()]
    assert set(reader.prose.split()) <= {"A", "B", "C"}
    assert reader.links == ["https://x.y"]


@pytest.mark.parametrize("parse", PARSERS)
@given(text=TEXTS)
def test_nothing_escapes_a_title(parse: Callable[[str], str], text: str) -> None:
    """What stands in a title that folds is shown there, and the block below it is one of its own."""
    html = parse(f"<details><summary>{cell(text)} · 1</summary>\n\nbelow\n\n</details>\n")
    reader = read(html)
    assert [tag for tag in reader.tags if tag != "p"] == ["details", "summary", "code"]
    assert reader.code[0].strip() == printable(text).strip()


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.one_of(TEXTS, st.lists(st.sampled_from(["```", "````", "~~~", "  ```", "`````x", "x", ""])).map("\n".join)))
@example("```")
def test_nothing_ends_a_block_of_code(parse: Callable[[str], str], text: str) -> None:
    """The whole text is code, and what follows is not."""
    reader = read(parse(fenced(text, "json") + "\n\nbelow\n"))
    assert reader.code == ["".join(printable(line) + "\n" for line in text.removesuffix("\n").split("\n"))]
    assert reader.prose.strip() == "below"


def meant(shown: str) -> str:
    """Return the text that a code span stands for."""
    return re.sub(
        r"\\(?:x(..)|u(....)|U(........)|([nrt]))",
        lambda match: {"n": "\n", "r": "\r", "t": "\t"}.get(match[4]) or chr(int(match[1] or match[2] or match[3], 16)),
        shown.replace("\u02cb", "`"),
    )


@pytest.mark.parametrize("parse", WITHOUT_HTML)
@given(text=TEXTS)
@example("a\\|b")
@example("a\\")
@example("`\u02cb\\u02cb")
@example("`` ` |")
@example("")
@example(" ")
def test_nothing_escapes_its_cell_where_html_is_text(parse: Callable[[str], str], text: str) -> None:
    """The same as above for a code span, which can be read back."""
    span = code_span(text)
    reader = read(
        parse(f"| A | B | C |\n|---|---|---|\n| {span} | {span}; {code_span('x')} | [{span}](https://x.y) |\n\nbelow\n")
    )
    assert reader.tags.count("td") == 3
    assert reader.tags.count("tr") == 2
    assert [meant(one).strip(" ") for one in reader.code] == [text.strip(" "), text.strip(" "), "x", text.strip(" ")]
    assert set(reader.prose.replace(";", "").split()) == {"A", "B", "C", "below"}
    assert reader.links == ["https://x.y"]


@pytest.mark.parametrize("parse", WITHOUT_HTML)
@given(text=TEXTS)
def test_nothing_escapes_a_title_where_html_is_text(parse: Callable[[str], str], text: str) -> None:
    """A title is a heading, and all of it is code."""
    reader = read(parse(f"### {code_span(text)} · 1\n\nbelow\n"))
    assert reader.tags == ["h3", "code", "p"]
    assert meant(reader.code[0]).strip(" ") == text.strip(" ")


@pytest.mark.parametrize(("parse", "dialect"), DRESSED[2:])
@given(text=st.one_of(TEXTS, st.lists(st.sampled_from(["```", "````", "~~~", "  ```", "`````x", "x", ""])).map("\n".join)))
@example("```")
def test_nothing_in_a_block_calls_anybody(parse: Callable[[str], str], dialect: Dialect, text: str) -> None:
    """No mention and no command to an agent stands in it even for who looks into code, and that is all that is changed."""
    block = dialect.fenced(text, "json")
    assert not re.search(r"@[<{]|##\w*\[", block)
    reader = read(parse(block + "\n\nbelow\n"))
    assert [one.replace("\u200b", "") for one in reader.code] == [
        "".join(printable(line) + "\n" for line in text.removesuffix("\n").split("\n"))
    ]
    assert reader.prose.strip() == "below"


def test_a_policy_is_not_changed_by_being_quiet() -> None:
    """An invisible character in what somebody copies would be worse than a link."""
    policy = '{"dynamodb:LeadingKeys": ["USER#123", "${aws:PrincipalTag/team}", "a@example.com"], "Resource": "arn:aws:s3:::b/*"}'
    assert AZURE.fenced(policy, "json") == fenced(policy, "json")


@pytest.mark.parametrize("parse", WITHOUT_HTML)
def test_the_first_line_is_not_shown(parse: Callable[[str], str]) -> None:
    """Not where HTML is text, either; and it is read back as it was written."""
    made = post("**body**\n", "a.b_c-d", head="a" * 40, time=1, run=2, form=BITBUCKET.marker)
    assert marker_of(made.text) == made.marker
    assert parse(made.text).strip() == "<p><strong>body</strong></p>"


def test_a_language_is_a_word() -> None:
    """A language is written by us; one that could be more is a mistake of ours."""
    with pytest.raises(ValueError, match="no language"):
        fenced("x", "json\n```")


# ------------------------------------------------------------------------------------------------------- whole comments

SPOTS = st.builds(Spot, PATHS, st.one_of(st.none(), st.integers(1, 99)))
PAGE = "https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html"
PERMISSIONS = st.builds(
    Permission,
    added=st.booleans(),
    action=NAMES,
    resource=NAMES,
    condition=NAMES,
    role=st.one_of(st.just("execution"), NAMES),
    certainty=st.sampled_from(["exact", "pattern", "assumed", "unknown"]),
    reasons=st.lists(st.builds(Why, st.one_of(st.none(), NAMES), SPOTS, st.one_of(st.just(PAGE), NAMES)), max_size=2).map(tuple),
)
REMARKS = st.builds(Remark, st.sampled_from(["error", "warning"]), NAMES, NAMES, NAMES, st.one_of(st.none(), SPOTS))
BLOCKS = st.lists(st.builds(Block, NAMES, st.sampled_from(["json", "diff"]), TEXTS), max_size=2).map(tuple)
EDITS = st.builds(
    Edit, title=NAMES, path=PATHS, start=st.just(1), line=st.just(2), text=TEXTS, replaces=st.just("0" * 64),
    old_path=PATHS, old_line=st.none(),
)  # fmt: skip
MACHINES = st.builds(
    Machine,
    name=NAMES,
    path=PATHS,
    kind=st.sampled_from(["added", "removed", "changed", "same"]),
    permissions=st.lists(PERMISSIONS, max_size=3).map(tuple),
    differences=BLOCKS,
    suggestion=BLOCKS,
    remarks=st.lists(REMARKS, max_size=2).map(tuple),
    wildcards=st.integers(0, 2),
    diagram=st.sampled_from(["", "flowchart TD\n  start((start))\n"]),
    edits=st.lists(EDITS, max_size=2).map(tuple),
    place=st.sampled_from(["", "diff", "outside", "form", "many"]),
)
REVIEWS = st.builds(Review, st.lists(MACHINES, max_size=3).map(tuple), st.integers(0, 9), st.booleans())

WORDS = frozenset(
    re.findall(
        r"\S+",
        """Machine Added Removed Widest resource Status new removed changed same permissions error errors warning warnings state
        machine machines need needs none wildcard wildcards to close Changes changes in the Suggested suggested policy of States
        Where role is declared one click diff puts this at and This not which does show all lines it where a forge could put
        there enough other suggestions
        that something else now Action Resource Needed by Page page if as pattern assumed unknown itself more row rows table Left
        out keep this short The summary run on GitHub has graph graphs policies reasons findings diff diffs Written asl-iam and
        written anew when head request Permissions are compared with merge base Some inputs could not be analysed part see log No
        other than before""",
    )
)
"""All the words that a comment has of its own."""


def own_words(prose: str) -> set[str]:
    """Return what stands outside of code and is no word of ours."""
    return {word for word in re.findall(r"[^\s|·(),:.;+−✅⚠️❌]+", prose) if word not in WORDS and not word.isdecimal()}


@pytest.mark.parametrize(("parse", "dialect"), DRESSED)
@settings(max_examples=60)
@given(review=REVIEWS, links=st.sampled_from([Links(), LINKS, AZURE_LINKS]))
def test_no_text_of_anybody_stands_outside_of_code(
    parse: Callable[[str], str], dialect: Dialect, review: Review, links: Links
) -> None:
    """So no mention fires, no reference links and no tag works: what is not code is written by us, to the last word."""
    text = comment(review, links, dialect=dialect)
    reader = read(parse(text))
    assert own_words(reader.prose) == set()
    assert reader.tags.count("details") == reader.tags.count("summary")
    assert "@" not in reader.prose
    assert all(
        link.startswith(("https://github.com/acme/flows/blob/", "https://dev.azure.com/a/b/_git/c?", PAGE))
        for link in reader.links
    )
    assert dialect is HTML or not re.search(r"@[<{]|##\w*\[", text)


@pytest.mark.parametrize("parse", PARSERS)
@settings(max_examples=60)
@given(edit=EDITS)
def test_what_is_suggested_is_code_to_its_end(parse: Callable[[str], str], edit: Edit) -> None:
    """The block begins where it should and nothing inside ends it, whatever somebody has put into a review."""
    first, _, text = offer_text(edit, "default").partition("\n")
    assert first.count("-->") == 1
    reader = read(parse(text))
    assert own_words(reader.prose) <= {"Policy", "its", "definition"}
    [block] = re.findall(r"(?sm)^(`{3,})suggestion\n(.*)\n\1\n\Z", text)
    assert max(map(len, re.findall("`+", block[1])), default=0) < len(block[0])


@settings(max_examples=60)
@given(review=REVIEWS)
def test_no_line_outside_of_code_is_a_command_of_a_workflow(review: Review) -> None:
    """A line that begins with `::` would be obeyed by whoever reads the log; in code there may be some: see the command."""
    text = comment(replace(review, machines=tuple(replace(one, differences=(), suggestion=()) for one in review.machines)), LINKS)
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in text.split("\n"))


@settings(max_examples=60)
@given(review=REVIEWS)
def test_an_annotation_is_one_line_and_one_command(review: Review) -> None:
    """Nothing in a message or a path ends the command or adds a property."""
    for line in workflow_commands(review, "services/"):
        assert "\n" not in line
        assert "\r" not in line
        properties = line.split("::")[1].partition(" ")[2]
        assert [one.partition("=")[0] for one in properties.split(",")] in (
            ["title"],
            ["file", "title"],
            ["file", "title", "line"],
        )


def test_annotations_keep_to_what_a_step_may_show() -> None:
    """Ten errors and ten warnings, errors first, and how many are left."""
    remarks = tuple(
        Remark(kind, "x", f"{number}", "h", Spot("f", number)) for number in range(1, 16) for kind in ("warning", "error")
    )
    lines = workflow_commands(Review((Machine("M", "f", "same", remarks=remarks),), 1))
    assert [line.split()[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"]
    assert lines[-1].endswith("::10 more in the comment and in the summary of this run")


@given(review=REVIEWS)
@settings(max_examples=40)
def test_code_quality_has_one_entry_a_remark(review: Review) -> None:
    """Each has a fingerprint of its own and a line, as GitLab asks for."""
    found = code_quality(review)
    assert len({one["fingerprint"] for one in found}) == len(found)
    assert all(one["location"]["lines"]["begin"] >= 1 for one in found)
    assert len(found) <= sum(len(machine.remarks) for machine in review.machines)


@given(review=REVIEWS)
@settings(max_examples=40)
def test_a_report_of_code_insights_has_one_entry_a_remark(review: Review) -> None:
    """Each is told from the others, is one line that can be shown, and stands at a line or nowhere."""
    found = entries(review)
    assert len({one["external_id"] for one in found}) == len(found)
    assert all(one["summary"].isprintable() and len(one["summary"]) <= 450 for one in found)
    assert all(one.get("line", 1) >= 1 for one in found)
    severities = [one["severity"] for one in found]
    assert severities == sorted(severities)


def test_a_report_keeps_to_what_bitbucket_takes() -> None:
    """A thousand annotations, errors first, a hundred at once; a long message is whole in the comment."""
    each = ((number, kind) for number in range(1, 801) for kind in ("warning", "error"))
    remarks = [Remark(kind, "x", f"{kind} {number} {'m' * 500}", "h", Spot("f", number)) for number, kind in each]
    review = Review((Machine("M", "f", "same", remarks=tuple(remarks)),), 1)
    found = entries(review)
    assert [one["severity"] for one in found] == ["HIGH"] * 800 + ["MEDIUM"] * 200
    with running("bitbucket") as forge:
        post_insights(Rest(forge.url, FORGES["bitbucket"].headers(TOKEN)), "acme/flows", "b" * 40, "default", review)
        [kept] = forge.state.reports.values()
        assert kept["annotations"] == found
        assert kept["result"] == "FAILED"
        assert forge.state.asked == ["reports/delete", "reports/put", *["annotations/post"] * 10]


# --------------------------------------------------------------------------------------------------------------- length


def machine(number: int, *, name: str = "", size: int = 1, lines: int = 1) -> Machine:
    """Return a machine with all five sections, each of about *lines* lines."""
    called = name or f"M{number}"
    why = Why(f"S{number}", Spot("f.json", 3), PAGE)
    return Machine(
        called,
        f"flows/{number}.json",
        "changed",
        tuple(Permission(True, f"sqs:Do{one}", "arn:aws:sqs:*", "", "execution", "unknown", (why,)) for one in range(size)),  # noqa: FBT003
        (Block("policy of the execution role", "diff", "+ x\n" * lines),),
        (Block("execution role", "json", "{}\n" * lines),),
        (Remark("warning", "unresolved-resource", "m " * lines, "h", Spot("f.json", 3)),),
        1,
        "flowchart TD\n" + "  start((start))\n" * lines,
    )


def kinds(text: str) -> dict[str, int]:
    """Count the sections of a comment."""
    return {
        "graph": text.count("```mermaid"),
        "suggested policy": text.count("Suggested policy of the"),
        "reasons": text.count("| | Action |"),
        "findings": text.count("* **warning**"),
        "policy diff": text.count("```diff"),
    }


def test_a_short_comment_has_everything() -> None:
    """Nothing is left out where there is room."""
    text = comment(Review((machine(1), machine(2)), 2), LINKS)
    assert set(kinds(text).values()) == {2}
    assert "Left out" not in text


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("budget", [4_000, 5_000, 8_000, 12_000, 20_000, 40_000, BUDGET])
@pytest.mark.parametrize("lines", [1, 40])
def test_sections_are_left_out_whole_and_in_order(parse: Callable[[str], str], budget: int, lines: int) -> None:
    """A kind is only touched when the kinds before it are gone, and the comment says what is missing."""
    text = comment(Review(tuple(machine(number, lines=lines) for number in range(12)), 12), LINKS, budget)
    assert len(text.encode()) <= budget
    left = kinds(text)
    touched = [left[kind] < 12 for kind in DROPPED]
    assert touched == sorted(touched, reverse=True)
    assert all(left[kind] == 0 for kind, later in zip(DROPPED, touched[1:], strict=False) if later)
    reader = read(parse(text))
    assert own_words(reader.prose) == set()
    for kind, number in left.items():
        missing = 12 - number
        assert bool(missing) == bool(re.search(rf"{missing:,} {kind[:-1]}", text)), kind


@pytest.mark.parametrize("long", ["differences", "suggestion"])
def test_what_has_no_room_even_alone_goes_first(long: str) -> None:
    """One policy of thousands of lines takes nothing else with it."""
    most = replace(machine(1), **{long: (Block("execution role", "json", "{}\n" * 40_000),)})
    text = comment(Review((machine(0), most, machine(2)), 3), LINKS)
    gone = "policy diff" if long == "differences" else "suggested policy"
    assert kinds(text) == {kind: 2 if kind == gone else 3 for kind in DROPPED}
    assert f"Left out, to keep this short: 1 {gone}. The summary" in text


@pytest.mark.parametrize("budget", range(4_000, 26_000, 1_000))
def test_the_last_machines_lose_their_sections_first(budget: int) -> None:
    """What is left of each kind belongs to the first machines."""
    text = comment(Review(tuple(machine(number, lines=40) for number in range(12)), 12), LINKS, budget)
    parts = re.split(r"<details><summary><code>M(\d+)</code>", text)
    shown = {int(number): kinds(part) for number, part in zip(parts[1::2], parts[2::2], strict=True)}
    for kind in DROPPED:
        having = [number for number, own in shown.items() if own[kind]]
        assert having == list(range(len(having)))


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("name", ["x" * 80, "|" * 80, "`" * 80, "@team " * 13, "\u202e" * 80, "\U0001d4b3" * 80])
def test_thousands_of_long_names_stay_within_the_budget(parse: Callable[[str], str], name: str) -> None:
    """Rows of the table go last, whole, and are counted."""
    text = comment(Review(tuple(machine(number, name=f"{number} {name}"[:80]) for number in range(3_000)), 3_000), LINKS)
    assert len(text.encode()) <= BUDGET
    reader = read(parse(text))
    rows = reader.tags.count("tr") - 1
    assert f"{3_000 - rows:,} rows of the table" in text
    assert reader.tags.count("td") == rows * 5


@pytest.mark.parametrize("dialect", [HTML, AZURE, BITBUCKET], ids=["html", "azure", "bitbucket"])
@settings(max_examples=60)
@given(review=REVIEWS, budget=st.integers(2_500, 9_000))
def test_no_comment_is_longer_than_its_budget(dialect: Dialect, review: Review, budget: int) -> None:
    """Whatever is in it."""
    assert len(comment(review, LINKS, budget, dialect).encode()) <= budget


@pytest.mark.parametrize(
    ("dialect", "most"), [(HTML, 65_536), (AZURE, 150_000), (BITBUCKET, 32_768)], ids=["html", "azure", "bitbucket"]
)
def test_a_dialect_keeps_to_what_its_forge_takes(dialect: Dialect, most: int) -> None:
    """With the hidden line, whatever there is to say."""
    text = comment(Review(tuple(machine(number, lines=40) for number in range(500)), 500), LINKS, dialect=dialect)
    assert dialect.budget * 0.9 < len(text.encode()) < most - 300


@pytest.mark.parametrize("dialect", [AZURE, BITBUCKET], ids=["azure", "bitbucket"])
def test_what_a_forge_does_not_draw_is_not_written(dialect: Dialect) -> None:
    """And nothing is said of it: it is not left out for want of room."""
    text = comment(Review((machine(1), machine(2)), 2), LINKS, dialect=dialect)
    assert kinds(text) == {"graph": 0, "suggested policy": 2, "reasons": 2, "findings": 2, "policy diff": 2}
    assert "Left out" not in text
    assert "<br>" not in text


# ------------------------------------------------------------------------------------------------------------- sentences


def test_nothing_to_say_is_one_line() -> None:
    """A reviewer is told at once that there is nothing to do."""
    assert comment(Review((), 3)) == NOTHING + "\n"
    assert comment(Review((), 3, incomplete=True)).count("\n") == 3


@pytest.mark.parametrize(
    ("machines", "said"),
    [
        ((machine(1),), "3 state machines · 1 needs new permissions (+1 −0) · 1 wildcard to close"),
        ((machine(1), machine(2, size=2)), "3 state machines · 2 need new permissions (+3 −0) · 2 wildcards to close"),
        ((Machine("M", "p", "same", (), (), (), (Remark("error", "x", "m", "h", None),)),),
         "3 state machines · none needs new permissions · 1 error"),
    ],
)  # fmt: skip
def test_the_verdict(machines: tuple[Machine, ...], said: str) -> None:
    """One line with all numbers."""
    assert verdict(Review(machines, 3)) == said


def test_a_line_is_linked_at_the_commit_it_was_read_at() -> None:
    """Removed permissions stand in the base, all others in the head; paths begin at the top of the repository."""
    spot = Spot("a b/(x).json", 7)
    assert LINKS.to(spot) == f"https://github.com/acme/flows/blob/{'b' * 40}/services/a%20b/%28x%29.json#L7"
    assert LINKS.to(spot, base=True).split("/")[6] == "a" * 40
    assert LINKS.to(Spot("f")) == f"https://github.com/acme/flows/blob/{'b' * 40}/services/f"
    assert Links().to(spot) == ""
    path, line = "path=/services/a%20b/%28x%29.json", "line=7&lineEnd=7&lineStartColumn=1&lineEndColumn=999"
    assert AZURE_LINKS.to(spot) == f"https://dev.azure.com/a/b/_git/c?version=GC{'b' * 40}&{path}&{line}"
    assert AZURE_LINKS.to(Spot("f")).endswith("&path=/services/f")


def test_what_widens_most_is_shown() -> None:
    """A value that nobody knows is wider than a part that nobody knows; without wildcards nothing is wide."""

    def needs(resource: str, certainty: str) -> Permission:
        return Permission(True, "sqs:X", resource, "", "execution", certainty, ())  # noqa: FBT003

    wide = Machine("M", "p", "changed", (needs("a:b:c", "assumed"), needs("a:b*", "pattern"), needs("a:*", "unknown")))
    row = next(line for line in comment(Review((wide,), 1)).splitlines() if line.startswith("| <code>M"))
    assert cell("a:*") in row


@pytest.mark.parametrize("parse", PARSERS)
def test_the_sample_calls_nobody(parse: Callable[[str], str]) -> None:
    """What it says of a state called `Tell the @shop` is code, too. Its first line is not shown."""
    whole, _, suggestions = (HERE.parent / "samples/pull-request/comment.md").read_text().partition("\n---\n")
    assert suggestions.count("```suggestion\n") == 1
    first, _, text = whole.partition("\n")
    assert first.startswith("<!-- asl-iam:v1 ")
    assert first.count("-->") == 1
    reader = read(parse(text))
    assert own_words(reader.prose) == set()
    assert any("Tell the @shop" in one for one in reader.code)
