"""The checked-in table of differences with other policies: every one has its reason, and no row outlives its difference.

One row a line, four columns with `|` between them: source, integration, action, reason. Action and integration may be
IAM-like patterns with `*`; a row that explains nothing any more is stale.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from corpus.cases import HERE
from corpus.compare import Lack

TABLE = HERE.parent / "peer_differences.txt"


@dataclass(frozen=True)
class Row:
    """One explained difference."""

    source: str
    integration: str
    action: str
    reason: str

    def explains(self, lack: Lack) -> bool:
        """Tell whether this row is about *lack*."""
        here = (lack.origin, lack.integration, lack.action)
        return all(
            fnmatchcase(text, pattern) for text, pattern in zip(here, (self.source, self.integration, self.action), strict=True)
        )


def read_table(path: Path = TABLE) -> list[Row]:
    """Read the table; empty lines and lines that start with `#` are for the reader."""
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            columns = [column.strip() for column in line.split("|")]
            if len(columns) != 4 or not all(columns):
                raise ValueError(f"{path.name}:{number}: four columns are needed: source | integration | action | reason")
            rows.append(Row(*columns))
    return rows


def explain(found: Iterable[Lack], rows: Iterable[Row]) -> tuple[list[tuple[Row, list[Lack]]], list[Lack], list[Row]]:
    """Return the rows with what they explain, what no row explains, and the rows that explain nothing.

    The first row that fits counts, so a general row below a special one does not keep it alive.
    """
    explained: dict[Row, list[Lack]] = {row: [] for row in rows}
    open_: list[Lack] = []
    for lack in sorted(found):
        row = next((row for row in explained if row.explains(lack)), None)
        (explained[row] if row else open_).append(lack)
    return [(row, hits) for row, hits in explained.items() if hits], open_, [row for row, hits in explained.items() if not hits]
