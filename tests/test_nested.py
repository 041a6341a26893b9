"""Machines that start one another, as a specification: one directory a case, `tests/nested/<a-sentence>/`.

A case holds the definition of each machine under its name, and `policies.txt`: for each machine what it may do on what, with
the diagnostics that tell of its input. All of them live in one account and Region.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analyzer.analyze import Analysis, analyze, analyze_nested
from analyzer.context import make_context
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = sorted(path for path in (Path(__file__).parent / "nested").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nested(case: Path, expect: Callable[[Path, str], None]) -> None:
    """The machines of each case, analysed together, get exactly what is checked in beside them."""
    shown = "\n".join(_shown(one) for one in analyze_nested(_alone(case)))
    path = case / "policies.txt"
    if not path.exists() or path.read_text() != shown:
        expect(path, shown)


def test_a_promise_about_the_input_is_kept() -> None:
    """What --assume says of a child holds, whatever its parent passes."""
    case = Path(__file__).parent / "nested" / "a-child-takes-the-input-that-its-parent-passes"
    child, parent = analyze_nested(_alone(case, assumptions={"$.table": ("vouched",)}))
    assert [grant.resource for grant in child.grants] == ["arn:aws:dynamodb:us-east-1:111122223333:table/vouched"]
    assert parent.starts


def test_the_way_of_a_value_ends_where_it_is_passed() -> None:
    """The places on the way of a value that a parent passes lie in another text, so the way begins with the parent."""
    case = Path(__file__).parent / "nested" / "a-grandchild-takes-what-goes-through-its-parent"
    bottom = next(one for one in analyze_nested(_alone(case)) if one.context.name == "Bottom")
    [grant] = bottom.grants
    assert [flow.what for flow in grant.reasons[0].flow][-1:] == ["input that state `Start` of `Middle` passes"]


def _alone(case: Path, **known: object) -> list[Analysis]:
    return [
        analyze(
            Source(path.read_text(), path.name),
            make_context(arn=f"arn:aws:states:us-east-1:111122223333:stateMachine:{path.stem}", **known),  # type: ignore[arg-type]
        )
        for path in sorted(case.glob("*.json"))
    ]


def _shown(analysis: Analysis) -> str:
    lines = [f"{grant.action} on {grant.resource} ({grant.certainty})" for grant in analysis.grants]
    told = [f"{one.severity}: {one.message}" for one in analysis.diagnostics if one.id in ("input-of-parents", "untaken-state")]
    return "".join(f"{line}\n" for line in [str(analysis.context.name), *(f"  {line}" for line in [*lines, *told])])
