"""What every test may ask for: the checkout, and expectations that `pytest --accept` rewrites."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable

# No deadline, since a busy machine is not a fault; the same examples every time, since a commit passes or it does not.
# `--hypothesis-profile=default` goes looking for new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--accept`."""
    parser.addoption("--accept", action="store_true", help="rewrite the checked-in expectations with what comes out now")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top of the checkout."""
    return Path(__file__).parent.parent


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Return `expect(path, text)`: *text* is, byte for byte, what the file at *path* holds, or the test fails with a diff.

    Under `--accept` the file is written instead. A missing file reads as an empty one.
    """

    def expect(path: Path, text: str) -> None:
        if request.config.getoption("--accept"):
            path.write_bytes(text.encode())
            return
        expected = path.read_bytes().decode() if path.exists() else ""
        if text != expected:
            lines = unified_diff(expected.splitlines(), text.splitlines(), str(path), "what comes out now", lineterm="")
            pytest.fail("\n".join((*lines, "", "if this is right: python -m pytest --accept")), pytrace=False)

    return expect
