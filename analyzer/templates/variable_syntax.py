"""Variables of the Serverless Framework as text: what stands in one, and which sources it names.

https://www.serverless.com/framework/docs/guides/variables
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def split(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text: what stands between `${` and the `}` that belongs to it, and what stands between those."""
    at = start = 0
    while (begin := text.find("${", at)) >= 0:
        end = _closing(text, begin + 2)
        if end < 0:
            break
        if begin > start:
            yield text[start:begin], False
        yield text[begin + 2 : end], True
        at = start = end + 1
    if start < len(text) or not text:
        yield text[start:], False


def _closing(text: str, at: int) -> int:
    """Return the place of the brace that closes what was opened before *at*; -1 when there is none."""
    depth = 1
    for match in re.compile(r"\$\{|\}").finditer(text, at):
        depth += 1 if match[0] == "${" else -1
        if depth == 0:
            return match.start()
    return -1


def sources_of(written: str) -> Iterator[str]:
    """Yield the sources of a variable: what commas part that are in no quotes, brackets or inner variable."""
    depth, quote, start = 0, "", 0
    for at, character in enumerate(written):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        elif character == "," and depth == 0:
            yield written[start:at].strip()
            start = at + 1
    yield written[start:].strip()


def write_variable(sources: list[str]) -> str:
    """Write the variable that has these sources: one that is nothing but a variable is the sources of that."""
    flat = [parts[0][0] if len(parts := list(split(one))) == 1 and parts[0][1] else one for one in sources]
    return f"${{{', '.join(flat)}}}"
