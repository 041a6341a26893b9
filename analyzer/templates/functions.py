"""Functions of CloudFormation that only the deployment can work out, as placeholders: what such a one is called, and stands for.

The name says what the function is asked for, `${Fn::ImportValue (Network)-topic-arn}`, so that a reader knows it, two functions
are two placeholders, and one that stands in the machine and in its role is the same in both.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from analyzer.text import Json

LONGEST = 120
"""Characters of a name. One that would be longer ends with a mark of what it was made of."""

DYNAMIC = re.compile(r"\{\{(resolve:[^{}$]{1,200})\}\}")
"""A dynamic reference: CloudFormation puts in its place what a parameter of SSM or a secret holds.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html"""

_GIVEN = {"Fn::ImportValue", "Fn::Select"}
"""Functions that give what somebody else has given them. What stands in a map, say, was there to be read."""

_PLACEHOLDER = re.compile(r"\$\{([^${}]*)\}")


@dataclass(frozen=True, slots=True)
class Function:
    """What a placeholder stands for: how the template writes it, and the texts that it may give, where these are known."""

    written: Json
    texts: tuple[str, ...] = ()

    @property
    def may_name(self) -> bool:
        """Whether it gives something of which nothing is known, that may be a name as well as that of a parameter."""
        return not self.texts and (
            isinstance(self.written, str) or (isinstance(self.written, dict) and bool(_GIVEN & {*self.written}))
        )


def place(functions: dict[str, Function], written: Json, texts: tuple[str, ...] = (), title: str = "") -> str:
    """Return the name of the placeholder for what is *written*, which is among *functions* from then on."""
    name = _clean(title or _words(written))
    function = Function(written, texts)
    if len(name) > LONGEST or functions.get(name, function) != function:
        mark = hashlib.sha256(json.dumps(written, sort_keys=True, default=str).encode()).hexdigest()[:8]
        name = f"{name[: LONGEST - 9].rstrip()} {mark}"
    functions[name] = function
    return name


def _clean(words: str) -> str:
    """Return *words* without what a placeholder may not have in its name."""
    return " ".join(re.sub(r"[${}#`]", " ", words).split())


def _words(written: Any) -> str:
    """Write an expression out in a line: `Fn::Select 0 (Names)`."""
    if isinstance(written, str):
        return _PLACEHOLDER.sub(r"(\1)", written)
    if isinstance(written, list):
        return " ".join(map(_words, written))
    if isinstance(written, dict) and len(written) == 1:
        [(function, argument)] = written.items()
        if function == "Ref":
            return f"({argument})"
        if function == "Fn::GetAtt":
            return f"({'.'.join(map(str, argument)) if isinstance(argument, list) else argument})"
        return _words(argument) if function == "Fn::Sub" else f"{function} {_words(argument)}"
    return json.dumps(written, default=str)
