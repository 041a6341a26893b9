"""What this library raises on purpose.

* AnalyzerError             everything below
  x SourceError             the input could not be read (path)
    - SourceNotFound        no such file, or nothing matched
    - NotADefinition        readable, but no state machine inside
    - SyntaxProblem         not JSON or YAML, or beyond the limits on depth and size
  x CannotEdit              a policy cannot be written into a template
  x OptionError             an option or a configuration value makes no sense
  x ServiceMapError         our own data is wrong: always a bug report

What is wrong *inside* a definition is never raised: it is a `Diagnostic` (see `diagnostics`).
"""

from __future__ import annotations

from typing import Any


class AnalyzerError(Exception):
    """Everything this library raises on purpose."""


class SourceError(AnalyzerError):
    """The input could not be read."""

    def __init__(self, message: str, *, name: str, line: int | None = None, column: int | None = None, help: str = "") -> None:
        """Keep the place apart from the sentence, so that every report can show it in its own way."""
        super().__init__(message)
        self.name = name
        self.line = line
        self.column = column
        self.help = help

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error travel from one process to another with all it says."""
        return _raised_elsewhere, (type(self), str(self), vars(self))


class SourceNotFound(SourceError):
    """No such file, or a pattern that matched nothing."""


class NotADefinition(SourceError):
    """The input is readable, but holds no state machine."""


class SyntaxProblem(SourceError):
    """The input is not JSON or YAML, or is deeper or larger than any state machine can be."""


class CannotEdit(AnalyzerError):
    """A policy cannot be written into a template, or not without touching more than its place."""


def _raised_elsewhere(kind: type[SourceError], message: str, said: dict[str, Any]) -> SourceError:
    return kind(message, **said)


class OptionError(AnalyzerError):
    """An option or a configuration value makes no sense."""


class ServiceMapError(AnalyzerError):
    """The service maps contradict themselves: always a bug in this package."""
