"""HCL → blocks, attributes and expressions: the grammar is python-hcl2's, an extra of the package.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md

Heredocs are taken out before the grammar sees the text, and templates (heredocs, and files that `templatefile` reads) are cut
into their parts here: the time that takes grows with the length of the text, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from analyzer.errors import SourceError, SyntaxProblem
from analyzer.sources.limits import MAX_DEPTH, too_deep
from analyzer.text import Source

MAX_HCL = 1024 * 1024
"""Bytes of one file: forty times the largest that people write by hand."""

_CODE = re.compile(r'#[^\n]*|//[^\n]*|/\*|<<(?P<dash>-?)(?P<end>[^\W\d][\w.-]*)[ \t]*\r?\n|["{}\[\]()]')
_STRING = re.compile(r'\\.|\$\$\{|%%\{|(?P<open>[$%]\{)|"', re.DOTALL)
_TEMPLATE = re.compile(r"\$\$\{|%%\{|(?P<open>[$%]\{)(?P<strip>~?)")
_CLOSES = {"}": "{", "]": "[", ")": "("}
_KEPT = re.compile("\ue020([0-9]+)\ue021")
"""What stands in the text for a heredoc that was taken out."""

_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([nrt"\\]))')


class Missing(SourceError):
    """The library that reads HCL is not installed."""


class Directive(Exception):
    """A template has a directive, `%{ if ... }` or `%{ for ... }`."""


@dataclass(frozen=True, slots=True)
class Heredoc:
    """The text between the two marks of a heredoc, without the indentation that `<<-` takes away."""

    text: str


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression: its syntax tree, the text that the tree was read from, and the heredocs that were taken out of that."""

    tree: Any
    text: str
    heredocs: tuple[Heredoc, ...] = ()

    def of(self, tree: Any) -> Expression:
        """Return the expression that a part of the tree is."""
        return Expression(tree, self.text, self.heredocs)

    @property
    def written(self) -> str:
        """The expression as it is written, on one line."""
        meta = getattr(self.tree, "meta", None)
        start, end = getattr(meta, "start_pos", None), getattr(meta, "end_pos", None)
        return " ".join(self.text[start:end].split()) if start is not None and end is not None else ""


@dataclass(frozen=True, slots=True)
class Body:
    """What stands between the braces of a block, or in a file."""

    attributes: Mapping[str, Expression]
    blocks: tuple[Block, ...] = ()

    def named(self, kind: str) -> list[Block]:
        """Return the blocks of one kind."""
        return [block for block in self.blocks if block.kind == kind]


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its kind, its labels, what is in it, and the line it begins at."""

    kind: str
    labels: tuple[str, ...]
    body: Body
    line: int


@lru_cache(maxsize=256)
def read_hcl(source: Source) -> Body:
    """Return what the HCL text *source* says. Raises `SyntaxProblem`, with line and column, and `Missing` without the library."""
    if len(source.text) > MAX_HCL:
        raise SyntaxProblem(f"larger than {MAX_HCL // 1024} KiB", name=source.name, help="split the configuration into files")
    text, heredocs, lines = _taken_out(source)
    tree = _parsed(text, source, lines)
    return _body(next(one for one in parts(tree) if one.data == "body"), Expression(None, text, heredocs), lines)


def template_parts(text: str, name: str) -> Iterator[str | Expression]:
    """Yield the parts of a template: texts, and the expressions of its interpolations.

    Raises `Directive` for one with a directive, `SyntaxProblem` for an interpolation that is none.
    """
    position, literal = 0, ""
    while (match := _TEMPLATE.search(text, position)) is not None:
        literal += text[position : match.start()]
        if match["open"] is None:
            literal += match[0][1:]
            position = match.end()
            continue
        if match["open"] == "%{":
            raise Directive
        end = _closing(text, match.end(), name)
        inner = text[match.end() : end]
        yield literal.rstrip() if match["strip"] else literal
        yield _expression(inner.removesuffix("~"), name)
        position, literal = end + 1, ""
        if inner.endswith("~"):
            position += len(text[position:]) - len(text[position:].lstrip())
    yield literal + text[position:]


def unescaped(text: str) -> str:
    """Return the characters that a quoted text stands for."""
    text = _ESCAPE.sub(_escaped, text) if "\\" in text else text
    return text.replace("$${", "${").replace("%%{", "%{")


def kept_heredoc(text: str, expression: Expression) -> Heredoc | None:
    """Return the heredoc that *text* stands for."""
    match = _KEPT.fullmatch(text)
    return expression.heredocs[int(match[1])] if match and int(match[1]) < len(expression.heredocs) else None


def parts(tree: Any) -> list[Any]:
    """Return the branches of a syntax tree, without its marks, its comments and its line ends."""
    return [one for one in tree.children if hasattr(one, "data") and one.data != "new_line_or_comment"]


def _escaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code is None:
        return {"n": "\n", "r": "\r", "t": "\t"}.get(match[3], match[3])
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else match[0]


@lru_cache(maxsize=4096)
def _expression(text: str, name: str) -> Expression:
    """Return the expression that *text* is. It was found by its braces, so it cannot reach out of the line it is put into."""
    source = Source(f"x = ({text}\n)", name)
    tree = _parsed(source.text, source, [])
    body = _body(next(one for one in parts(tree) if one.data == "body"), Expression(None, source.text), [])
    written = body.attributes["x"]
    return written.of(parts(written.tree)[0])


def _parsed(text: str, source: Source, lines: list[tuple[int, int]]) -> Any:
    try:
        import hcl2
        from lark.exceptions import LarkError
    except ImportError:
        raise _missing(source) from None
    if not hasattr(hcl2, "parses_to_tree"):
        raise _missing(source)
    try:
        return hcl2.parses_to_tree(text)
    except LarkError as error:
        line, column = getattr(error, "line", None), getattr(error, "column", None)
        if not isinstance(line, int) or line < 1:
            line, column = text.count("\n") + 1, None
        raise SyntaxProblem(
            "the text is no HCL", name=source.name, line=_line(line, lines), column=column, help="`terraform validate` says more"
        ) from None
    except RecursionError:
        raise too_deep(source) from None


def _missing(source: Source) -> Missing:
    return Missing(
        "reading Terraform sources needs python-hcl2 8",
        name=source.name,
        help="pip install 'asl-iam[hcl]', or give the output of `terraform show -json`",
    )


def _line(line: int, lines: list[tuple[int, int]]) -> int:
    """Return the line of the file: *lines* says before which lines heredocs were taken out, and how long they were."""
    return line + sum(length for before, length in lines if before < line)


def _body(tree: Any, expression: Expression, lines: list[tuple[int, int]]) -> Body:
    attributes: dict[str, Expression] = {}
    blocks: list[Block] = []
    for one in parts(tree):
        if one.data == "attribute":
            name, value = parts(one)[0], parts(one)[-1]
            attributes[str(name.children[0])] = expression.of(value)
        elif one.data == "block":
            *labels, body = parts(one)
            kind, *rest = (_label(label) for label in labels)
            blocks.append(Block(kind, tuple(rest), _body(body, expression, lines), _line(one.meta.line, lines)))
    return Body(attributes, tuple(blocks))


def _label(tree: Any) -> str:
    if tree.data == "string":
        return "".join(str(token) for part in parts(tree) for token in part.children)
    return str(tree.children[0])


def _taken_out(source: Source) -> tuple[str, tuple[Heredoc, ...], list[tuple[int, int]]]:
    """Take the heredocs out of a text. Raises `SyntaxProblem` for one, or a comment, that never ends, and for a deep nesting."""
    text, made = source.text, ""
    heredocs: list[Heredoc] = []
    lines: list[tuple[int, int]] = []
    position = start = 0
    stack: list[str] = []
    while (match := (_STRING if stack and stack[-1] == '"' else _CODE).search(text, position)) is not None:
        token, position = match[0], match.end()
        if token == "/*":
            position = text.find("*/", position) + 2
            if position < 2:
                raise _endless("a comment", source, match.start())
        elif token.startswith("<<"):
            end = re.compile(rf"^[ \t]*{re.escape(match['end'])}[ \t]*\r?$", re.MULTILINE).search(text, position)
            if end is None:
                raise _endless(f"the heredoc `{match['end']}`", source, match.start())
            made += text[start : match.start()] + f'"\ue020{len(heredocs)}\ue021"'
            lines.append((made.count("\n") + 1, text.count("\n", match.start(), end.start())))
            body = text[position : end.start()].replace("\r\n", "\n")
            heredocs.append(Heredoc(_dedented(body) if match["dash"] else body))
            position = start = end.end()
        else:
            _step(stack, token, match, source)
    return made + text[start:], tuple(heredocs), lines


def _step(stack: list[str], token: str, match: re.Match[str], source: Source) -> None:
    """Follow the quotes and the brackets that are open."""
    if token == '"':
        stack.pop() if stack and stack[-1] == '"' else stack.append(token)
    elif token in ("${", "%{") or token in _CLOSES.values():
        stack.append("{" if token.endswith("{") else token)
        if len(stack) > MAX_DEPTH:
            raise too_deep(source, source.text.count("\n", 0, match.start()) + 1, 1)
    elif token in _CLOSES and stack and stack[-1] == _CLOSES[token]:
        stack.pop()


def _endless(what: str, source: Source, position: int) -> SyntaxProblem:
    line = source.text.count("\n", 0, position) + 1
    column = position - source.text.rfind("\n", 0, position)
    return SyntaxProblem(f"{what} never ends", name=source.name, line=line, column=column, help="close it")


def _dedented(text: str) -> str:
    """Take away the spaces that every line of a `<<-` heredoc begins with."""
    lines = text.split("\n")
    least = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
    return "\n".join(line[least:] if line.strip() else line.lstrip(" \t") for line in lines)


def _closing(text: str, position: int, name: str) -> int:
    """Return where the interpolation ends that begins before *position*."""
    source = Source(text, name)
    stack = ["{"]
    while (match := (_STRING if stack[-1] == '"' else _CODE).search(text, position)) is not None:
        position = match.end()
        if not match[0].startswith(("#", "/", "<")):
            _step(stack, match[0], match, source)
        if not stack:
            return match.start()
    raise _endless("an interpolation", source, position)
