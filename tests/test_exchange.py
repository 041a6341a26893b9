"""A review on its way from a run that may not comment to one that may: nothing is lost, and nothing else gets through."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bot.exchange import read_review, refused, review_document, schema
from analyzer.cli import main
from analyzer.errors import SyntaxProblem
from analyzer.maps import maps_root

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "pull-request"
VALIDATOR = jsonschema.Draft202012Validator(schema())


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the review of the sample."""
    path = tmp_path_factory.mktemp("review") / "review.json"
    sides = ["--base", str(SAMPLE / "base"), "--head", str(SAMPLE / "head")]
    done = CliRunner().invoke(
        main, ["comment", *sides, "--dry-run", "--no-config", "--review", str(path)], env={"GITHUB_ACTIONS": ""}
    )
    assert done.exit_code == 0, done.output
    return path.read_text()


def test_a_review_survives_the_way(written: str) -> None:
    """What is read is what was written."""
    assert review_document(read_review(written, "x")) == json.loads(written)


def test_the_schema_is_one(written: str) -> None:
    """It is valid itself, takes what is written, and is printed on demand."""
    assert json.loads(CliRunner().invoke(main, ["schema", "comment"]).stdout) == schema()
    jsonschema.Draft202012Validator.check_schema(schema())
    VALIDATOR.validate(json.loads(written))


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside *value*."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for key, one in inner for found in places(one, (*way, key)))]


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**40), st.floats(allow_nan=False), st.text(max_size=5), st.just([]), st.just({}),
    st.sampled_from(["..", "../x", "a/..", "/x", "a/./b", "x\n", "error", "json", "exact", "https://docs.aws.amazon.com/\n",
                     "a-b\n", "flowchart TD\n", "flowchart TD\n  click s1 x\n", "flowchart TD\n  end\n\n"]),
)  # fmt: skip


@settings(max_examples=400)
@given(data=st.data())
def test_the_reader_refuses_what_the_schema_refuses(written: str, data: st.DataObject) -> None:
    """For any document with a value changed, taken out or put in, unless Python is laxer than a reader of ours can be."""
    document = json.loads(written)
    way = data.draw(st.sampled_from(places(document)[1:]))
    changed = copy.deepcopy(document)
    holder: Any = changed
    for step in way[:-1]:
        holder = holder[step]
    match data.draw(st.sampled_from(["change", "take out", "put in"])):
        case "change":
            holder[way[-1]] = data.draw(JUNK)
        case "take out":
            del holder[way[-1]]
        case _ if isinstance(holder, dict):
            holder[data.draw(st.text(max_size=3))] = data.draw(JUNK)
        case _:
            holder.append(data.draw(JUNK))
    strict = list(VALIDATOR.iter_errors(changed))
    # Python's `$` also matches before a last line end, and 1.0 is an integer of JSON Schema: our reader is stricter in both.
    ends = json.dumps(changed).count('\\n"') > json.dumps(document).count('\\n"')
    if not strict and (ends or any(isinstance(at(changed, one), float) for one in places(changed))):
        return
    assert (refused(changed) is None) == (not strict), strict


def at(value: Any, way: tuple[Any, ...]) -> Any:
    """Return what stands at the end of a way."""
    for step in way:
        value = value[step]
    return value


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"schema": "asl-iam/review-v1"}', "[" * 100_000, '"\\ud800"', "NaN"])
def test_what_is_no_review_is_refused(text: str) -> None:
    """With a message, never with a crash."""
    with pytest.raises(SyntaxProblem, match=r"no review|no JSON"):
        read_review(text, "x")


@pytest.mark.parametrize(
    ("way", "value", "said"),
    [
        (("machines", 0, "path"), "../secrets\u202e", "the schema's `pattern` refuses $.machines[0].path"),
        (("machines", 0, "wildcards"), 1.0, "the schema's `type` refuses $.machines[0].wildcards"),
        (("machines", 0, "wildcards"), True, "the schema's `type` refuses $.machines[0].wildcards"),
        (("more", ), "x", "the schema's `additionalProperties` refuses $"),
    ],
)  # fmt: skip
def test_a_refusal_says_where_and_does_not_repeat_what(written: str, way: tuple[Any, ...], value: Any, said: str) -> None:
    """A message of ours has no text of the document in it."""
    document = json.loads(written)
    at(document, way[:-1])[way[-1]] = value
    assert refused(document) == said


def test_a_line_end_at_the_end_is_no_part_of_a_form(written: str) -> None:
    """A path, an id and a page end where they end."""
    for field, value in (("path", "a\n"), ("name", None)):
        document = json.loads(written)
        document["machines"][0][field] = value
        assert refused(document) is not None


def test_every_page_of_the_maps_may_be_linked() -> None:
    """The schema knows the sites that the maps cite, so that no review of ours is refused."""
    pattern = re.compile(schema()["$defs"]["why"]["properties"]["page"]["pattern"])
    pages = {
        page
        for path in sorted((Path(maps_root()) / "compiled").rglob("*.json"))
        for page in re.findall(r'"(?:source|guide)": ?"(https://[^"]+)"', path.read_text())
    }
    assert len(pages) > 300
    assert [page for page in sorted(pages) if not pattern.match(page)] == []
