"""What every forge can do with the comments on a request, and how it fails.

* ForgeError          everything below
  - Forbidden         the token may not do that
  - Missing           there is no such repository, request or comment, or the token may not see it
  - Rejected          what was sent is of a form, or for a place, that the forge does not take
  - Unsure            the answer did not come, or the forge is too busy: whether anything was done is not known
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from analyzer.errors import AnalyzerError


class ForgeError(AnalyzerError):
    """A forge did not do what it was asked for."""


class Forbidden(ForgeError):
    """The token may not do that."""


class Missing(ForgeError):
    """There is no such thing, or the token may not see it."""


class Rejected(ForgeError):
    """What was sent is of a form, or for a place, that the forge does not take."""


class Unsure(ForgeError):
    """Whether it was done is not known. `wait` is how many seconds the forge asks to wait."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class Sticky(NamedTuple):
    """A comment that this tool may have written: a person's is never among them."""

    number: int
    text: str


class Forge(Protocol):
    """The comments on one request."""

    def comments(self) -> list[Sticky]:
        """Return all comments that the owner of the token has written."""

    def head(self) -> str | None:
        """Return the commit that the request stands at now; nothing where that is not known."""

    def create(self, text: str) -> Sticky:
        """Write a comment, and return it."""

    def update(self, number: int, text: str) -> None:
        """Give a comment another text. One that is not there any more is no error."""

    def delete(self, number: int) -> None:
        """Delete a comment. One that is not there any more is no error."""
