"""JSON texts: read by the standard library, and when it refuses one, what exactly is wrong and where.

Step Functions takes strict JSON. Editors and build tools take more (comments, trailing commas, single quotes, a byte
order mark), so these get an error that names the construct instead of "expecting value".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from math import isfinite

from analyzer.diagnostics import Diagnostic
from analyzer.errors import SyntaxProblem
from analyzer.sources.limits import MAX_DEPTH, MAX_DIGITS, duplicate_key, too_deep
from analyzer.text import Json, Pointer, Source

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[^\W\d][\w$-]*")
_BRACKET_OR_STRING = r'(?s)"(?:[^"\\]|\\.)*"|[\[\]{}]'
_ESCAPE = r"(?s)\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>u[dD][89a-fA-F]..)|.)"
_SPELLINGS = {"True": "true", "False": "false", "None": "null", "nil": "null", "undefined": "null"}


def looks_like_json(text: str) -> bool:
    """Tell whether *text* means to be JSON: its first character opens an object or a list."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def read_json(source: Source) -> tuple[Json, tuple[Diagnostic, ...]]:
    """Return the value of the JSON text *source* and a diagnostic for each key an object has twice.

    Raises `SyntaxProblem` for anything that is not strict JSON, and for what would make later stages unsafe: deeper
    than 200 levels, a number no machine can hold, half of a surrogate pair.
    """
    if source.text.startswith("\ufeff"):
        message = "the JSON text starts with a byte order mark (U+FEFF), which JSON does not allow"
        raise _problem(source, 0, message, "save the file as UTF-8 without BOM")
    repeated: list[str] = []
    try:
        document = _load(source, repeated)
    except json.JSONDecodeError as error:
        raise _explain(source, error) from None
    except RecursionError:
        raise _too_deep(source) from None
    # No document is deeper than it has brackets, and few have that many.
    if source.text.count("{") + source.text.count("[") > MAX_DEPTH and _deeper_than(document, MAX_DEPTH):
        raise _too_deep(source)
    _refuse_lone_surrogates(source, document)
    return document, tuple(_duplicates(source, repeated)) if repeated else ()


def _load(source: Source, repeated: list[str]) -> Json:
    """Load the text, refuse numbers that are none, and add to *repeated* the keys an object has twice."""
    text = source.text

    def notice(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        made = dict(pairs)
        if len(made) != len(pairs):
            counted = Counter(key for key, _ in pairs)
            repeated.extend(key for key, count in counted.items() if count > 1)
        return made

    def integer(digits: str) -> int:
        if len(digits) > MAX_DIGITS:
            message = f"a number of {len(digits)} digits"
            raise _problem(source, text.find(digits), message, f"use at most {MAX_DIGITS} digits")
        return int(digits)

    def number(digits: str) -> float:
        value = float(digits)
        if not isfinite(value):
            found = re.search(rf'(?<![\w"]){re.escape(digits)}', text)
            message = f"`{digits[:40]}` is not a number JSON can hold"
            raise _problem(source, found.start() if found else 0, message, "write a finite number, or a string in quotes")
        return value

    return json.loads(text, object_pairs_hook=notice, parse_constant=number, parse_int=integer, parse_float=number)


def comment_problem(source: Source, offset: int) -> SyntaxProblem:
    """Return the error for the comment that starts at *offset*."""
    mark = source.text[offset : offset + 2] if source.text[offset] == "/" else source.text[offset]
    message = f"a JSON5 comment (`{mark}`): JSON has no comments"
    return _problem(source, offset, message, "remove it, or keep the note in a `Comment` field")


_INSIDE_STRING = (
    ("Unterminated string", "a string that does not end", "close it with a double quote"),
    ("Invalid control character", "a line break or control character inside a string", r"write it as an escape, such as \n"),
    ("Invalid \\", "an escape that JSON does not have", r"write a backslash as \\"),
)
_BETWEEN = (
    ("Extra data", "more text after the end of the document", "keep one document in one file"),
    ("Expecting ',' delimiter", "a comma or a closing bracket is missing before this", "add it"),
    ("Expecting ':' delimiter", "the colon after a key is missing", "add it"),
)
"""How the JSON reader begins its message, what we say, and the next step."""


def _explain(source: Source, error: json.JSONDecodeError) -> SyntaxProblem:
    """Name the construct that made the JSON reader stop."""
    for start, message, fix in _INSIDE_STRING:
        if error.msg.startswith(start):
            return _problem(source, error.pos, message, fix)
    offset = _after_space(source.text, error.pos)
    problem = _foreign_construct(source, offset) or _foreign_word(source, offset, error.msg)
    if problem is not None:
        return problem
    for start, message, fix in _BETWEEN:
        if error.msg.startswith(start):
            return _problem(source, offset, message, fix)
    expected = "a key in double quotes" if error.msg.startswith("Expecting property name") else "a value"
    return _problem(source, offset, f"`{source.text[offset]}` where {expected} is expected", "correct the JSON text")


def _foreign_construct(source: Source, offset: int) -> SyntaxProblem | None:
    """Return the error for what other notations allow at *offset* and JSON does not, or `None`."""
    text = source.text
    two = text[offset : offset + 2]
    if not two:
        return _problem(source, len(text), "the text ends too early", "close every bracket")
    if two in ("//", "/*") or two[0] == "#":
        return comment_problem(source, offset)
    # The readers of newer Pythons stop at a trailing comma itself, older ones at the bracket after it.
    bracket = _after_space(text, offset + 1) if two[0] == "," else offset
    comma = len(text[:bracket].rstrip()) - 1
    if text[bracket : bracket + 1] in ("}", "]") and comma >= 0 and text[comma] == ",":
        return _problem(source, comma, "a trailing comma: JSON allows none before a closing bracket", "remove the comma")
    if two[0] == "'":
        return _problem(source, offset, "a string in single quotes: JSON knows double quotes only", "use double quotes")
    if two == "${":
        message = "a placeholder without quotes, so the text is JSON only after it is filled"
        return _problem(source, offset, message, "fill the placeholders first, or put the placeholder in double quotes")
    return None


def _foreign_word(source: Source, offset: int, said: str) -> SyntaxProblem | None:
    """Return the error for a bare word at *offset*, or `None`."""
    word = _WORD.match(source.text, offset)
    if word is None:
        return None
    shown = word[0][:80]
    if said.startswith("Expecting property name"):
        return _problem(source, offset, f"the key `{shown}` has no quotes", "put it in double quotes")
    if said.startswith("Expecting value"):
        right = _SPELLINGS.get(shown, "")
        fix = f"write `{right}`" if right else "put texts in double quotes"
        return _problem(source, offset, f"`{shown}` is not a JSON value", fix)
    return None


def _problem(source: Source, offset: int, message: str, help: str) -> SyntaxProblem:
    """Make an error at *offset* of the text."""
    line, column = _place(source.text, max(offset, 0))
    return SyntaxProblem(message, name=source.name, line=line, column=column, help=help)


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _after_space(text: str, offset: int) -> int:
    found = _SPACE.match(text, offset)
    return found.end() if found else offset


def _deeper_than(document: Json, limit: int) -> bool:
    """Tell whether *document* is nested deeper than *limit*, one level at a time and so without recursion."""
    level = [document]
    for _ in range(limit):
        lists = [value for value in level if type(value) is list]
        level = [item for value in level if type(value) is dict for item in value.values() if type(item) in (dict, list)]
        level += [item for value in lists for item in value if type(item) in (dict, list)]
        if not level:
            return False
    return True


def _too_deep(source: Source) -> SyntaxProblem:
    """Return the error for the first bracket beyond the limit."""
    depth = 0
    for token in re.finditer(_BRACKET_OR_STRING, source.text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            line, column = _place(source.text, token.start())
            return too_deep(source, line, column)
    return too_deep(source)


def _refuse_lone_surrogates(source: Source, document: Json) -> None:
    """Raise for half of a surrogate pair, which no output could be written with."""
    if "\\ud" not in source.text and "\\uD" not in source.text:
        return
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        found = next((escape for escape in re.finditer(_ESCAPE, source.text) if escape["lone"]), None)
        message = "an escape that is half of a surrogate pair, which is no character"
        raise _problem(source, found.start() if found else 0, message, "write both halves") from None


def _duplicates(source: Source, repeated: list[str]) -> Iterator[Diagnostic]:
    """Find the repeated keys again, now with their places: the JSON reader only notices that there are some."""
    from analyzer.sources.yaml_text import compose

    try:
        top = compose(source.text)
    except ValueError:  # a key longer than YAML allows, say
        yield from (duplicate_key((), key) for key in dict.fromkeys(repeated))
        return
    waiting: list[tuple[Pointer, Json]] = [((), top)]
    while waiting:
        pointer, node = waiting.pop()
        if node.id == "sequence":
            waiting += [((*pointer, index), child) for index, child in enumerate(node.value) if child.id != "scalar"]
        elif node.id == "mapping":
            seen: dict[str, int] = {}
            for key_node, child in node.value:
                key = str(key_node.value)
                seen[key] = seen.get(key, 0) + 1
                if seen[key] == 2:
                    yield duplicate_key(pointer, key)
                if child.id != "scalar":
                    waiting.append(((*pointer, key), child))
