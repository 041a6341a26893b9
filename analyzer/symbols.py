"""Placeholders that stay what they are: text from here to the policy, and written as a reference there.

A symbol spells the name of its placeholder in characters of a private plane. It is as good as a name to everything between:
matched, compared and packed like any other text, never a wildcard, and no real name contains it. One that stands for a whole ARN
has an end of its own: no part of it is known.
"""

from __future__ import annotations

import re

_FIRST, _END, _ARN_END = 0xF0000, "\U000ffffd", "\U000ffffc"
"""Supplementary Private Use Area-A: a character of it stands for that of the first plane at the same place."""

BARE = "#name"
"""What ends the name of a placeholder that stands for the bare name of a resource, where a reference to it gives more."""

_OWN = re.compile(rf"\$\{{[^{{}}]*(?:{BARE}|#made| \*)\}}")
"""A placeholder that stands for a part of what a reference gives: nobody has written it, and it has no name in the template."""

FIRST = chr(_FIRST)
"""The least of the characters that symbols are made of."""

_SYMBOL = re.compile(f"([\U000f0000-\U000ffffb]+)[{_END}{_ARN_END}]")
_LONGER = re.compile(f"[\U000f0000-\U000ffffb]+{_ARN_END}[:/][^{_ARN_END}]+")
_WHOLE = re.compile(f"[\U000f0000-\U000ffffb]+{_ARN_END}")


def symbol(name: str, *, arn: bool = False) -> str | None:
    """Return the symbol of the placeholder *name*, which may be a whole *arn*; nothing for a name that cannot be spelled so."""
    if not name or any(ord(character) >= ord(_ARN_END) - _FIRST for character in name):
        return None
    return "".join(chr(_FIRST + ord(character)) for character in name) + (_ARN_END if arn else _END)


def spell(text: str) -> str:
    """Write the symbols of *text* as placeholders: `table/${Orders}`."""
    return _SYMBOL.sub(lambda match: "${" + "".join(chr(ord(one) - _FIRST) for one in match[1]) + "}", text)


def spell_for_people(text: str) -> str:
    """Write the symbols of *text* as placeholders, by what the template calls them: the name of a resource is the resource."""
    return spell(text).replace(f"{BARE}}}", "}")


def names_a_part(text: str) -> bool:
    """Tell whether *text* speaks of a placeholder that nobody has written, for a part of what a reference gives."""
    return _OWN.search(text) is not None


def has_symbol(text: str) -> bool:
    """Tell whether *text* has a symbol in it, so that nobody can compare it yet."""
    return _END in text or _ARN_END in text


def has_arn_symbol(text: str) -> bool:
    """Tell whether something in *text* stands for a whole ARN, so that the rest of the text is no name by itself."""
    return _ARN_END in text


def begins_with_arn(text: str) -> bool:
    """Tell whether *text* is an ARN of which only the end is known: a symbol for one, and a part of what that names."""
    return _LONGER.fullmatch(text) is not None


def is_arn_symbol(text: str) -> bool:
    """Tell whether *text* is one symbol that stands for a whole ARN."""
    return _WHOLE.fullmatch(text) is not None
