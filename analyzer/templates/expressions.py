"""CloudFormation expressions → texts with placeholders: what the functions of a template give, as far as it can be read.

`Ref`, `Fn::GetAtt` and `Fn::Sub` are placeholders already; the other functions are worked out where their arguments are known.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.templates.functions import DYNAMIC, place
from analyzer.templates.model import Texts
from analyzer.templates.placeholders import LONGEST, MOST, OPEN, TRIED, Template, is_plain, referred, split, spread
from analyzer.text import Json

DEPTH = 40
"""The deepest nesting of functions that is worked out."""

NOTHING = "AWS::NoValue"

_NEVER_IN_NAMES = (":", "/")
_PLACES = ("AWS::Partition", "AWS::Region", "AWS::AccountId")
_BARE = re.compile(r"[^${}]{1,256}")


def value(expression: Json, template: Template, depth: int = 0) -> Json:
    """Return *expression* with every function in it worked out: a text where it can be one, else the placeholder of its name."""
    if depth > DEPTH:
        return OPEN % "Fn"
    if isinstance(expression, list):
        made = [value(item, template, depth + 1) for item in expression]
        return [item for item, written in zip(made, expression, strict=True) if item is not None or written is None]
    if isinstance(expression, str):
        return texts(expression, template, depth)[0]
    if not isinstance(expression, dict):
        return expression
    function = next(iter(expression)) if len(expression) == 1 else ""
    if function == "Fn::If":
        return _branch(expression, template, depth)
    if function in ("Ref", "Condition") or function.startswith("Fn::"):
        return _one_of(expression, texts(expression, template, depth), template)
    parts = {str(key): (value(item, template, depth + 1), item) for key, item in expression.items()}
    return {key: item for key, (item, written) in parts.items() if item is not None or written is None}


def _one_of(expression: Json, found: Texts, template: Template) -> str | None:
    """Return the one text that an expression gives, else the placeholder that stands for any of them; nothing for none."""
    if not found:
        return None
    return found[0] if len(found) == 1 else OPEN % place(template.functions, expression, found)


def texts(expression: Json, template: Template, depth: int = 0) -> Texts:
    """Return the texts that *expression* may give: none when it gives nothing, one placeholder when it cannot be read."""
    if depth > DEPTH:
        return (OPEN % "Fn",)
    if isinstance(expression, str):
        return (_dynamic(expression, template),)
    if isinstance(expression, bool):
        return ("true" if expression else "false",)
    if isinstance(expression, int | float):
        return (str(expression),)
    if not isinstance(expression, dict) or len(expression) != 1:
        return (OPEN % "Fn",)
    [(function, argument)] = expression.items()
    found = list(dict.fromkeys(islice(_FUNCTIONS.get(function, _unread)(function, argument, template, depth + 1), TRIED)))
    if len(found) <= MOST and sum(map(len, found)) <= LONGEST:
        return tuple(found)
    return (_open(function, argument, template),)


def _open(function: str, argument: Json, template: Template) -> str:
    """Return the placeholder of a function that only the deployment works out."""
    return OPEN % (place(template.functions, {function: argument}) if function.startswith("Fn::") else function)


def _dynamic(text: str, template: Template) -> str:
    """Return *text* with a placeholder for each dynamic reference in it."""
    if "{{" not in text:
        return text
    return DYNAMIC.sub(lambda match: OPEN % place(template.functions, match[0], title=match[1]), text)


def _unread(function: str, argument: Json, template: Template, _depth: int) -> Iterator[str]:
    yield _open(function, argument, template)


def _ref(_function: str, argument: Json, _template: Template, _depth: int) -> Iterator[str]:
    if argument != NOTHING:
        yield OPEN % argument if isinstance(argument, str) and _BARE.fullmatch(argument) else OPEN % "Ref"


def _get_att(_function: str, argument: Json, _template: Template, _depth: int) -> Iterator[str]:
    path = argument if isinstance(argument, str) else ".".join(map(str, argument)) if isinstance(argument, list) else ""
    yield OPEN % path if _BARE.fullmatch(path) else OPEN % "Fn::GetAtt"


def _sub(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    text, given = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(given, dict):
        yield OPEN % "Fn::Sub"
        return
    text = _dynamic(text, template)
    used = [name for name in dict.fromkeys(PLACEHOLDER.findall(text)) if name in given]
    for chosen in product(*(texts(given[name], template, depth) for name in used)):
        known = dict(zip(used, chosen, strict=True))
        if sum(len(value) * text.count(OPEN % name) for name, value in known.items()) > LONGEST:
            yield OPEN % "Fn::Sub"
            return
        filled_in = PLACEHOLDER.sub(lambda match, known=known: known.get(match[1], match[0]), text)  # type: ignore[misc]
        yield filled_in.replace("${!", "${")  # how a text says that it means no placeholder of the template


def _join(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
        yield OPEN % "Fn::Join"
        return
    items = _items(argument[1], template, depth)
    if items is None:
        yield OPEN % "Fn::Join"
        return
    for chosen in product(*items):
        if sum(map(len, chosen)) + len(argument[0]) * len(chosen) > LONGEST:
            yield OPEN % "Fn::Join"
            return
        yield argument[0].join(chosen)


def _items(expression: Json, template: Template, depth: int) -> list[Texts] | None:
    """Return what each item of a list may be; nothing when it is not known how many there are."""
    if isinstance(expression, list):
        return [found for item in expression if (found := texts(item, template, depth + 1))]
    if isinstance(expression, dict) and len(expression) == 1 and "Fn::Split" in expression:
        argument = expression["Fn::Split"]
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str) and argument[0]:
            wholes = [other for text in texts(argument[1], template, depth + 1) for other in spread(text, template)]
            if 0 < len(wholes) <= MOST and all(_is_split_surely(text, argument[0], template) for text in wholes):
                rows = [split(text, argument[0]) for text in wholes]
                if len({len(row) for row in rows}) == 1:
                    return [tuple(dict.fromkeys(column)) for column in zip(*rows, strict=True)]
    if isinstance(expression, dict) and len(expression) == 1 and "Fn::FindInMap" in expression:
        entries, usual = _cells(expression["Fn::FindInMap"], template, depth)
        cells = [*entries, *usual]
        lists = [cell for cell in cells if isinstance(cell, list)]
        if 0 < len(lists) == len(cells) <= MOST and len({len(one) for one in lists}) == 1:
            return [_any_of(column, template, depth + 1) for column in zip(*lists, strict=True)]
    return None


def _any_of(expressions: Iterable[Json], template: Template, depth: int) -> Texts:
    return tuple(dict.fromkeys(text for one in expressions for text in texts(one, template, depth)))


def _is_split_surely(text: str, separator: str, template: Template) -> bool:
    """Tell whether every *separator* in *text* is to be seen: what a placeholder stands for may have others."""
    fixed = separator in _NEVER_IN_NAMES
    return all(fixed and (name in _PLACES or is_plain(name, template)) for name in referred([text]))


def _select(function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    if isinstance(argument, list) and len(argument) == 2 and str(argument[0]).isdigit():
        items = _items(argument[1], template, depth)
        if items is not None and int(argument[0]) < len(items):
            yield from items[int(argument[0])]
            return
    yield _open(function, argument, template)


def _if(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    if not (isinstance(argument, list) and len(argument) == 3):
        yield OPEN % "Fn::If"
        return
    for branch in taken(argument, template):
        yield from texts(branch, template, depth)


def _branch(expression: Json, template: Template, depth: int) -> Json:
    """Return what an `Fn::If` gives: the branch that is taken. Two that may be, and are no texts, stay an `Fn::If`."""
    argument = expression["Fn::If"]
    if not (isinstance(argument, list) and len(argument) == 3):
        return OPEN % "Fn::If"
    branches = [value(branch, template, depth + 1) for branch in taken(argument, template)]
    if len(branches) == 1 or branches[0] == branches[1]:
        return branches[0]
    if all(branch is None or isinstance(branch, str) for branch in branches):
        return _one_of(expression, texts(expression, template, depth), template)
    given = [branch for branch in branches if branch is not None]
    return given[0] if len(given) == 1 else {"Fn::If": [argument[0], *branches]}


def taken(argument: Json, template: Template) -> list[Json]:
    """Return the branches of an `Fn::If` that may be taken."""
    if not (isinstance(argument, list) and len(argument) == 3):
        return []
    holds = condition(template.conditions.get(str(argument[0])), template)
    return [argument[1]] if holds is True else [argument[2]] if holds is False else argument[1:]


def condition(expression: Json, template: Template, depth: int = 0) -> bool | None:
    """Tell whether a condition of the template holds, whatever the parameters are; `None` when it depends on them."""
    if depth > DEPTH or not isinstance(expression, dict) or len(expression) != 1:
        return None
    [(function, argument)] = expression.items()
    if function == "Condition":
        return condition(template.conditions.get(str(argument)), template, depth + 1)
    parts = argument if isinstance(argument, list) else []
    if function == "Fn::Equals" and len(parts) == 2:
        left, right = (texts(part, template, depth + 1) for part in parts)
        known = len(left) == len(right) == 1 and "${" not in left[0] + right[0]
        return left == right if known else None
    answers = [condition(part, template, depth + 1) for part in parts]
    if function == "Fn::Not" and len(answers) == 1:
        return None if answers[0] is None else not answers[0]
    if function == "Fn::And":
        return False if False in answers else None if None in answers else True
    if function == "Fn::Or":
        return True if True in answers else None if None in answers else False
    return None


def _find_in_map(function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    """Yield every entry that the keys may lead to."""
    cells, usual = _cells(argument, template, depth)
    found = [text for cell in (*cells, *usual) for text in texts(cell, template, depth)]
    yield from found or [_open(function, argument, template)]


def _cells(argument: Json, template: Template, depth: int) -> tuple[list[Json], list[Json]]:
    """Return the entries of a mapping that the keys may lead to, and what counts where there may be none.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-findinmap-enhancements.html
    """
    keys = argument[:3] if isinstance(argument, list) and len(argument) in (3, 4) else []
    cells: list[Json] = [template.mappings] if keys else []
    open_keys = False
    for key in keys:
        known = [other for text in texts(key, template, depth) for other in spread(text, template)]
        open_keys = open_keys or any("${" in text for text in known)
        cells = [found for row in cells for text in known for found in _rows(row, text)]
    usual = argument[3] if keys and len(argument) == 4 else None
    if isinstance(usual, dict) and "DefaultValue" in usual and (open_keys or not cells):
        return cells, [usual["DefaultValue"]]
    return cells, []


def _rows(table: Json, key: str) -> list[Json]:
    """Return the entry *key* of a mapping, or every entry when the key is only known when the template is deployed."""
    if not isinstance(table, dict):
        return []
    return list(table.values()) if "${" in key else [table[key]] if key in table else []


def _import_value(function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    found = texts(argument, template, depth)
    for text in found:
        written = argument if len(found) == 1 else {"Fn::Sub": text} if "${" in text else text
        yield OPEN % place(template.functions, {function: written}, title=f"{function} {_shown(text)}")


def _shown(text: str) -> str:
    return PLACEHOLDER.sub(r"(\1)", text)


def _to_json(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    yield json.dumps(value(argument, template, depth))


_FUNCTIONS: dict[str, Any] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import_value,
    "Fn::ToJsonString": _to_json,
}
