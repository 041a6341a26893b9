"""Many definitions: the same answers as one by one, in their order, however the work is done."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from analyzer import Analysis, Source, analyze, analyze_many, make_context
from analyzer.errors import NotADefinition, SourceError, SyntaxProblem
from analyzer.fleet import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analyzer import Context

HOME = make_context(arn="arn:aws:states:us-east-1:111122223333:stateMachine:Machine")


def definition(number: int) -> Source:
    """Return a definition that puts an item into the table of that number."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "End": True}
    body = {"StartAt": "Put", "States": {"Put": task | {"Parameters": {"TableName": f"table-{number}", "Item": {}}}}}
    return Source(json.dumps(body), f"{number}.json")


FLEET = [definition(number) for number in range(2 * CHUNK + 1)]
FLEET[7] = Source("[]", "7.json")
FLEET[CHUNK] = Source('{"StartAt": "Put",}', f"{CHUNK}.json")


def resource(analysis: Analysis) -> str:
    """Keep the only resource that is granted."""
    [grant] = analysis.grants
    return grant.resource


ENGINES: dict[str, Callable[[], Executor | None]] = {
    "one by one": lambda: None,
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: ProcessPoolExecutor(2),
}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES.keys())
def engine(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    """Every way to do the work."""
    executor = request.param()
    yield executor
    if executor is not None:
        executor.shutdown()


def test_answers_come_in_the_order_of_the_sources(engine: Executor | None) -> None:
    """What is no definition takes no other one with it, and its error says where it stands."""
    found = list(analyze_many(FLEET, HOME, keep=resource, executor=engine))
    arns = [f"arn:aws:dynamodb:us-east-1:111122223333:table/table-{number}" for number in range(len(FLEET))]
    assert [one for one in found if isinstance(one, str)] == [arns[at] for at in range(len(FLEET)) if at not in (7, CHUNK)]
    assert isinstance(found[7], NotADefinition)
    broken = found[CHUNK]
    assert isinstance(broken, SyntaxProblem)
    assert (broken.name, broken.line, broken.column) == (f"{CHUNK}.json", 1, 18)


def test_an_analysis_is_the_one_of_the_source_alone(engine: Executor | None) -> None:
    """Without more, the whole analysis is kept."""
    [found] = analyze_many(FLEET[:1], HOME, executor=engine)
    assert found == analyze(FLEET[0], HOME)


def test_a_context_is_made_for_each_source(engine: Executor | None) -> None:
    """Where machines have names of their own, a function gives each its surroundings; it need not travel."""

    def context_for(name: str) -> Context:
        return make_context(account="111122223333", region="eu-west-1", name=name.removesuffix(".json"))

    found = [one for one in analyze_many(FLEET[:3], context_for, executor=engine) if isinstance(one, Analysis)]
    assert [one.context.name for one in found] == ["0", "1", "2"]


def test_no_more_is_read_than_is_asked_for() -> None:
    """A fleet may be larger than memory: sources are taken as the answers are."""
    taken = []
    answers = analyze_many((taken.append(source.name) or source for source in FLEET), HOME)
    next(answers)
    assert len(taken) == CHUNK


def test_an_error_of_a_source_travels_whole() -> None:
    """What was raised in another process says the same here."""
    error = SyntaxProblem("not JSON", name="a.json", line=3, column=4, help="correct it")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert isinstance(again, SourceError)
