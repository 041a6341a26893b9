"""Files, directories, glob patterns and standard input as sources.

A directory and a pattern yield only what looks like a definition by its content; a file that was named yields always.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from analyzer.errors import SourceError, SourceNotFound, SyntaxProblem
from analyzer.sources.json_text import looks_like_json
from analyzer.sources.limits import MAX_BYTES
from analyzer.text import Source

STDIN = "<stdin>"
SUFFIXES = (".json", ".yaml", ".yml", ".asl", ".template", ".tf")
"""What a file must end with to be looked at when its directory was named."""

_SKIPPED = frozenset(("node_modules",))
_TEMPLATE = re.compile(
    r"AWS::(?:(?:StepFunctions|Serverless)::StateMachine|CloudFormation::Stack|Serverless::Application)\b"
    r"|^[ \t]*[\"']?stepFunctions[\"']?[ \t]*:",
    re.MULTILINE,
)
"""What a template with a state machine in it has in its text."""

_TERRAFORM = re.compile(r'^[ \t]*resource[ \t]+"?aws_sfn_state_machine"?[ \t]', re.MULTILINE)
_CALLED = re.compile(r'^[ \t]*source[ \t]*=[ \t]*"(\.{1,2}/[^"$%\n]*)"', re.MULTILINE)
"""How Terraform sources declare a state machine, and how they call a module that lies beside them."""
_GIVES_DEFINITION = re.compile(r'^module[ \t]+"[\w-]+"[ \t]*\{(?:\r?\n(?!\}|module).*)*?\n[ \t]+definition[ \t]*=', re.MULTILINE)
"""A call of a module that is given a definition: it makes a machine of it, wherever it lies."""

_PLANNED = ('"format_version"', '"aws_sfn_state_machine"')
"""What a plan with a state machine has in it, when Terraform shows it as JSON."""
_MOST_CALLED = 200
"""Files of called modules that are looked into for one file that calls them."""

_MAGIC = re.compile(r"[*?[]")
_TOP_KEY = r"(?m)^(?:StartAt|States|\"StartAt\"|\"States\"|'StartAt'|'States')[ \t]*:"


_MARKS = (
    "::StateMachine",
    "AWS::CloudFormation::Stack",
    "AWS::Serverless::Application",
    "stepFunctions",
    "aws_sfn_state_machine",
)
"""What a text has in it when it can be a template with a state machine."""


def may_be_template(source: Source) -> bool:
    """Tell whether *source* can be a template, before anything that reads one is loaded."""
    return source.name.endswith(".tf") or any(mark in source.text for mark in _MARKS)


def read_source(path: str) -> Source:
    """Return the text of the file *path*, or of standard input for ``-``.

    Raises `SourceNotFound` when there is no readable file, `SyntaxProblem` when it holds more than 10 MiB or is not
    UTF-8.
    """
    name = STDIN if path == "-" else path
    if path == "-" and sys.stdin is None:
        raise SourceNotFound("standard input is closed", name=name, help="name a file, or pipe the definition in")
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise SourceNotFound(f"no such file: `{path}`", name=name, help="check the path") from None
    except IsADirectoryError:
        raise SourceNotFound(f"`{path}` is a directory", name=name, help="name a file in it") from None
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        message = f"`{path}` cannot be read: {why}"
        raise SourceNotFound(message, name=name, help="check the path and its permissions") from None
    return Source(decode(data, name), name)


def find(paths: Sequence[str]) -> list[Source]:
    """Return the sources that *paths* name, in order and each file once.

    A path is a file, a directory (searched to the bottom, without dot-folders, node_modules and links), a glob pattern
    (`**` crosses folders) or ``-``. Raises `SourceNotFound` for a path that yields nothing.
    """
    found: list[Source] = []
    seen: set[str] = set()
    for path in paths:
        if path == "-":
            found.append(read_source(path))
            continue
        if os.path.isdir(path):
            candidates, what = _definitions(path, None), f"no definition in the directory `{path}`"
        elif _MAGIC.search(path) and not os.path.exists(path):
            candidates, what = _matches(path), f"nothing that looks like a definition matches `{path}`"
        else:
            candidates, what = iter((read_source(path),)), ""
        empty = True
        for source in candidates:
            empty = False
            real = os.path.realpath(source.name)
            if real not in seen:
                seen.add(real)
                found.append(source)
        if empty:
            raise SourceNotFound(what, name=path, help="a definition is an object with `StartAt` and `States`")
    return found


def _matches(pattern: str) -> Iterator[Source]:
    """Yield the definitions that *pattern* matches."""
    parts = os.path.normpath(pattern).replace(os.sep, "/").split("/")
    fixed = next(index for index, part in enumerate(parts) if _MAGIC.search(part))
    try:
        regex = re.compile(_regex(parts[fixed:]), re.DOTALL)
    except re.error:
        message = f"the pattern `{pattern}` has a range that runs backwards"
        raise SourceNotFound(message, name=pattern, help="write the lower end of the range first") from None
    yield from _definitions("/".join(parts[:fixed]) or ("/" if fixed else "."), regex)


def _regex(parts: Sequence[str]) -> str:
    """Translate the parts of a glob pattern: `**` crosses folders, `*` and `?` stay inside one."""
    made = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            made += ".*" if last else "(?:[^/]+/)*"
            continue
        for token in re.findall(r"\[!?[^]]+\]|.", part, re.DOTALL):
            if len(token) > 1:
                body = re.sub(r"[\\\[&~|]|(?<=-)-", r"\\\g<0>", token[1:-1])
                made += f"[^{body[1:]}]" if body.startswith("!") else f"[{body}]"
            else:
                made += {"*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token)
        made += "" if last else "/"
    return made


def _definitions(root: str, pattern: re.Pattern[str] | None) -> Iterator[Source]:
    """Yield what looks like a definition below *root*, and, with *pattern*, has a path below it that matches."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(files):
            path = os.path.normpath(os.path.join(folder, name)).replace(os.sep, "/")
            below = os.path.relpath(path, root).replace(os.sep, "/") if pattern else name
            wanted = pattern.fullmatch(below) if pattern else name.lower().endswith(SUFFIXES)
            # INVARIANT: no link is followed, or a checkout could show any file of a machine. What lies below the root is
            # found at its own place.
            source = None if not wanted or os.path.islink(path) else _if_definition(path)
            if source is not None:
                yield source


def _if_definition(path: str) -> Source | None:
    """Return the source at *path* when it looks like a definition: a broken one too, so that it is reported."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > MAX_BYTES:
            return None
        source = read_source(path)
    except (SourceError, OSError):
        return None
    if path.lower().endswith(".tf"):
        return source if declares_machine(source.text, os.path.dirname(path), _terraform_in) else None
    return source if looks_like_definition(source.text) else None


def is_candidate(path: str) -> bool:
    """Tell whether the file *path*, with `/` between folders, is looked at when a folder above it was named."""
    *folders, name = path.split("/")
    hidden = any(folder.startswith(".") and folder not in (".", "..") for folder in folders)
    return name.lower().endswith(SUFFIXES) and not hidden and not _SKIPPED & set(folders)


def looks_like_definition(text: str) -> bool:
    """Tell whether *text* may be a definition or a template with a machine in it; a broken one may."""
    if _TEMPLATE.search(text) or all(mark in text for mark in _PLANNED):
        return True
    if "StartAt" not in text and "States" not in text:
        return False
    if not looks_like_json(text):
        return re.search(_TOP_KEY, text) is not None
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return '"StartAt"' in text and '"States"' in text
    return isinstance(document, dict) and ("StartAt" in document or "States" in document)


def declares_machine(text: str, folder: str, beside: Callable[[str], Iterable[str]]) -> bool:
    """Tell whether *text*, a Terraform source in *folder*, declares a state machine, or calls a module from beside it that does.

    *beside* gives the texts of the sources in a folder. A module that lies elsewhere makes one of a definition it is given.
    """
    if any(mark.search(text) for mark in (_TERRAFORM, _GIVES_DEFINITION)):
        return True
    waiting = [os.path.join(folder, called) for called in _CALLED.findall(text)]
    seen: set[str] = set()
    files = 0
    while waiting and files < _MOST_CALLED:
        module = os.path.realpath(waiting.pop())
        if module in seen:
            continue
        seen.add(module)
        for inner in beside(module):
            files += 1
            if _TERRAFORM.search(inner):
                return True
            waiting += [os.path.join(module, called) for called in _CALLED.findall(inner)]
    return False


def _terraform_in(folder: str) -> Iterator[str]:
    """Yield the texts of the Terraform sources in *folder*, but for links and what is too large."""
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if name.endswith(".tf") and not os.path.islink(path) and os.path.isfile(path) and os.path.getsize(path) <= MAX_BYTES:
            with suppress(SourceError):
                yield read_source(path).text


def decode(data: bytes, name: str) -> str:
    """Return *data* as text; only UTF-8 is read."""
    if len(data) > MAX_BYTES:
        message = f"larger than {MAX_BYTES // (1024 * 1024)} MiB"
        raise SyntaxProblem(message, name=name, help="Step Functions takes definitions of up to 1 MiB")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SyntaxProblem("the text is UTF-16", name=name, line=1, column=1, help="save the file as UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode(errors="replace")) + 1
        message = f"not UTF-8: the byte 0x{data[error.start]:02x}"
        raise SyntaxProblem(message, name=name, line=line, column=column, help="save the file as UTF-8") from None
