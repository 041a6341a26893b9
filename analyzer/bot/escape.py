"""Texts of anybody inside Markdown: they stay inside of what they were put into, and nobody is called by them.

Names of states, files and resources come from a pull request, which may be hostile. They are only ever written as code: forges
look neither for mentions, references and emoji nor for formulas there.
https://github.github.com/gfm/#entity-and-numeric-character-references
"""

from __future__ import annotations

import re

from analyzer.report.paint import printable

_ACTIVE = re.compile(r"[!-+;-@\[-`{-~]|:(?=/)|(?<=www)\.", re.IGNORECASE)
"""The punctuation that Markdown, HTML or a forge may act on. `,-./:` are not among it, but for what makes an address a link."""

_NOT_AN_ADDRESS = "&#64;<!---->"
"""An `@` that stands at the end of a text. GitHub's parser links addresses of mail in what it has already decoded."""

_SPANNED = re.compile(r"[`|\\@#<>&\u02cb]")
"""What ends a code span or a cell, and what begins a mention, a reference, a tag or a character reference."""

_GRAVE = "\u02cb"
"""What looks like a backtick and is none: messages have many of them."""

_LANGUAGE = re.compile(r"[a-z]*")


def cell(text: str) -> str:
    """Write *text* as code in one line, for a cell of a table, a title or the text of a link.

    A character reference is never structure, in any reader of Markdown: unlike a code span, which a backslash before a `|` can
    open to the next cell in some of them.
    """
    written = _ACTIVE.sub(lambda match: _NOT_AN_ADDRESS if match[0] == "@" else f"&#{ord(match[0])};", printable(text))
    return f"<code>{written}</code>"


def code_span(text: str) -> str:
    """Write *text* as code in one line for Markdown without HTML, where a character reference in code is shown as it is written.

    So there is nothing that could hide structure: characters that some reader of Markdown acts on in a code span or looks for in
    it are written as escapes, as characters are that cannot be shown. Backslashes are, too: a text can be read back from it.
    """
    written = printable(_SPANNED.sub(lambda match: _GRAVE if match[0] == "`" else _escape(match[0]), text))
    return f"`{written if written.strip() else ' '}`"


def _escape(char: str) -> str:
    return f"\\x{ord(char):02x}" if char.isascii() else f"\\u{ord(char):04x}"


def fenced(text: str, language: str = "") -> str:
    """Write *text* as a block of code. The fence is longer than any inside, so that nothing there ends it."""
    lines = [printable(line) for line in text.removesuffix("\n").split("\n")]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    if not _LANGUAGE.fullmatch(language):
        raise ValueError(f"`{language}` is no language of a block of code")
    return "\n".join((fence + language, *lines, fence))
