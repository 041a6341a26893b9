"""How near to the smallest the packing of statements comes: `python tests/packing_report.py [NUMBER_OF_CASES]`.

Small random sets of pairs are packed, and compared with the smallest packing that trying all of them finds: of those in
which each pair stands in one statement, and of those in which it may stand in several.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

# The report runs from anywhere, without an installed package.
sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

from packing import grants_of, random_pairs, size_of, smallest  # noqa: E402

from analyzer.policy import minimise  # noqa: E402


def main(arguments: list[str]) -> int:
    """Print the ratios and return the exit code."""
    number = int(arguments[0]) if arguments else 2_000
    for apart, what in ((True, "a pair in one statement"), (False, "a pair in several")):
        found = list(ratios(number, apart=apart))
        exact = sum(ratio == 1 for ratio in found)
        print(f"{what:24} mean {sum(found) / number:.4f}, worst {max(found):.4f}, the smallest in {exact:,} of {number:,}")
    return 0


def ratios(number: int, *, apart: bool) -> Iterator[float]:
    """Yield the size of the packing over that of the smallest, for *number* cases, the same ones every time."""
    random = Random(20_261_125)  # noqa: S311 - not for secrets
    for _ in range(number):
        pairs = random_pairs(random)
        yield size_of(minimise(grants_of(pairs))) / smallest(pairs, apart=apart)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
