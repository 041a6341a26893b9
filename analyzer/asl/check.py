"""Checking one object against its table, and the values in it against their kinds.

Everything here reports and nothing raises: whatever JSON value stands where, the checks go on to the next one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from analyzer.asl.fields import COUNTERPART, INTRINSICS, STATE_FIELDS, STATES, Field, Kind, Table
from analyzer.asl.model import QueryLanguage
from analyzer.diagnostics import Diagnostic, Hints, Severity, diagnostic
from analyzer.text import Json, Pointer

MAX_NAME = 80
"""Characters of a state name or a variable name."""
_LONG = 10**20
_PATH = re.compile(r"\$(?:\$|[^\W\d]\w*)?(?:[.\[].*)?", re.DOTALL)
_RESULT_PATH = re.compile(r"\$(?:[.\[].*)?", re.DOTALL)
_INTRINSIC = re.compile(r"States\.(\w+)\(.*\)\s*", re.DOTALL)


class Findings(NamedTuple):
    """The diagnostics of one definition while it is read, and what is left to spend on hints."""

    diagnostics: list[Diagnostic]
    hints: Hints


class Place(NamedTuple):
    """Where a check stands: the pointer, the state around it, its query language."""

    findings: Findings
    pointer: Pointer
    state: str | None
    language: QueryLanguage

    def inside(self, *steps: str | int) -> Place:
        """Return the place below this one."""
        return Place(self.findings, (*self.pointer, *steps), self.state, self.language)

    def say(
        self, id: str, message: str, *steps: str | int, help: str = "", on_key: bool = False, severity: Severity | None = None
    ) -> None:
        """Report at this place, or *steps* below it."""
        pointer = (*self.pointer, *steps)
        made = diagnostic(id, message, pointer, state=self.state, help=help, on_key=on_key, severity=severity)
        self.findings.diagnostics.append(made)


def shown(value: Json) -> str:
    """Say in words what *value* is."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f"the text `{value[:60]}`"
    if isinstance(value, dict):
        function = template_function(value)
        return f"the template function `{function}`" if function else "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    return f"the number {value}" if abs(value) < _LONG else "a very large number"


def template_function(value: Json) -> str | None:
    """Return `Ref` or `Fn::...` when *value* is a call of that template function, else `None`."""
    if isinstance(value, dict) and len(value) == 1:
        key = next(iter(value))
        if isinstance(key, str) and (key == "Ref" or key.startswith("Fn::")):
            return key
    return None


def text_of(value: Json) -> str | None:
    """Return the text *value* is, looking through a plain `Fn::Sub`, whose placeholders stay in it; else `None`."""
    if isinstance(value, dict) and len(value) == 1:
        value = value.get("Fn::Sub")
    return value if isinstance(value, str) else None


def is_expression(value: Json) -> bool:
    """Tell whether *value* is a JSONata expression: a text that starts with `{%` and ends with `%}`."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= len("{%%}")


def check_object(body: Mapping[str, Json], table: Table, place: Place, what: str) -> None:
    """Check the fields of *body*, which messages call *what*: unknown ones, kinds, missing ones and conflicts."""
    fields = table.fields
    language = place.language
    for name, value in body.items():
        row = fields.get(name)
        if row is None:
            _unknown(name, table, place, what)
        elif row.only is not None and row.only is not language:
            _of_other_language(name, table, place)
        else:
            check_value(name, value, row, place)
    written = body.keys()
    for group in table.required:
        if written.isdisjoint(group):
            place.say("missing-field", f"{what} needs {_list_of(group)}", group[0])
    for group in table.exclusive:
        if not written.isdisjoint(group) and len(present := [name for name in group if name in body]) > 1:
            message = f"{_list_of(present, 'and')} exclude each other"
            place.say("conflicting-fields", message, present[1], on_key=True)


def check_value(name: str, value: Json, row: Field, place: Place) -> None:
    """Check the *value* of the field *name* against its kind."""
    kind = row.kind
    if kind is Kind.ANY or (kind is Kind.TEXT and isinstance(value, str) and "%" not in value):
        return
    if kind in _TREES:
        _check_tree(kind, name, value, place)
        return
    if isinstance(value, str):
        if "${" in value:
            return  # a placeholder of a template: what it becomes is not known here
        if "%" in value and place.language is QueryLanguage.JSONATA:
            if is_half_expression(value):
                _half(value, place.inside(name))
                return
            if is_expression(value) and kind not in _CONSTANT:
                return
    wrong = _wrong(kind, value, row)
    if wrong:
        id, message = wrong
        if place.language is QueryLanguage.JSONATA and kind not in _CONSTANT:
            message += ", or an expression"
        # NOTE: a filled placeholder leaves a number in quotes, and whether it is taken depends on who filled it.
        severity = Severity.WARNING if kind in _NUMBERS and isinstance(value, str) and value.isdecimal() else None
        place.say(id, f"`{name}` {message}", name, help=_help(value, row, place), severity=severity)


def is_half_expression(text: str) -> bool:
    """Tell whether *text* is meant as an expression and is none: it has one of the delimiters in place, or space around both.

    The first is an error to Step Functions, the second a literal it takes as it stands.
    """
    starts, ends = text.startswith("{%"), text.endswith("%}")
    if starts and ends:
        return len(text) < len("{%%}")
    trimmed = text.strip()
    return starts or ends or (trimmed.startswith("{%") and trimmed.endswith("%}"))


def check_template(value: Json, place: Place) -> None:
    """Check a payload: `.$` keys of a JSONPath state, `{% %}` texts of a JSONata one. Without recursion."""
    jsonata = place.language is QueryLanguage.JSONATA
    if isinstance(value, str):
        if jsonata and is_half_expression(value):
            _half(value, place)
        return
    waiting: list[tuple[Json, Pointer]] = [(value, ())] if isinstance(value, (dict, list)) else []
    while waiting:
        node, below = waiting.pop()
        if isinstance(node, dict) and not jsonata:
            _check_dynamic_keys(node, place, below)
        items: Iterable[tuple[str | int, Json]] = node.items() if isinstance(node, dict) else enumerate(node)
        for step, child in items:
            if isinstance(child, (dict, list)):
                waiting.append((child, (*below, step)))
            elif jsonata and isinstance(child, str) and "%" in child and is_half_expression(child):
                _half(child, place.inside(*below, step))


def path_problem(value: Json, *, intrinsic: bool = False) -> str:
    """Say why *value* is no path (nor, with *intrinsic*, an intrinsic function), or return an empty string."""
    if not isinstance(value, str):
        return f"is {shown(value)}, not a path"
    if "${" in value or (_PATH.fullmatch(value) and not value.endswith((".", ".."))):
        return ""
    called = _INTRINSIC.fullmatch(value)
    if called is None:
        return f"is {shown(value)}, which is no path" + (" and no intrinsic function" if intrinsic else "")
    if not intrinsic:
        return f"calls the intrinsic function `States.{called[1]}`, but takes a path only"
    return "" if called[1] in INTRINSICS else f"calls `States.{called[1]}`, which is no intrinsic function"


_TREES = frozenset((Kind.TEMPLATE, Kind.VARIABLES, Kind.CREDENTIALS))
_CONSTANT = frozenset((Kind.ARN, Kind.WORD, Kind.OBJECT, Kind.ERRORS))
_NUMBERS: Mapping[Kind, tuple[float, float, str]] = {
    Kind.COUNT: (0, float("inf"), "a whole number from 0"),
    Kind.POSITIVE: (1, float("inf"), "a whole number from 1"),
    Kind.RATE: (1, float("inf"), "a number from 1"),
    Kind.PERCENT: (0, 100, "a number from 0 to 100"),
}
_SHAPES: Mapping[Kind, tuple[type, str]] = {
    Kind.TEXT: (str, "a text"),
    Kind.FLAG: (bool, "true or false"),
    Kind.LIST: (list, "a list"),
    Kind.OBJECT: (dict, "an object"),
    Kind.ERRORS: (list, "a list of error names"),
    Kind.WORD: (str, "one word"),
}


def _wrong(kind: Kind, value: Json, row: Field) -> tuple[str, str] | None:
    """Return (id, what is wrong) for a *value* that is not of *kind*, or `None`."""
    if kind in _NUMBERS:
        return _wrong_number(kind, value)
    if kind in _SHAPES:
        shape, words = _SHAPES[kind]
        if not isinstance(value, shape):
            return "wrong-field-type", f"is {shown(value)}, not {words}"
        if kind is Kind.WORD and value not in row.words:
            return "invalid-value", f"is {shown(value)}, not {_list_of(row.words)}"
        return _wrong_errors(value) if isinstance(value, list) and kind is Kind.ERRORS else None
    if kind is Kind.ARN:
        return None if text_of(value) is not None else ("wrong-field-type", f"is {shown(value)}, not a constant text")
    if value is None and kind in (Kind.PATH_OR_NULL, Kind.RESULT_PATH):
        return None
    problem = path_problem(value, intrinsic=kind is Kind.PATH_OR_INTRINSIC)
    if not problem and kind is Kind.RESULT_PATH and (".." in value or not _RESULT_PATH.fullmatch(value)):
        problem = f"is {shown(value)}, which names no one place in the state's input"
    return ("malformed-path" if isinstance(value, str) else "wrong-field-type", problem) if problem else None


def _wrong_number(kind: Kind, value: Json) -> tuple[str, str] | None:
    least, most, words = _NUMBERS[kind]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "wrong-field-type", f"is {shown(value)}, not {words}"
    whole = kind in (Kind.RATE, Kind.PERCENT) or isinstance(value, int) or value.is_integer()
    return None if whole and least <= value <= most else ("invalid-value", f"is {shown(value)}, not {words}")


def _wrong_errors(value: list[Json]) -> tuple[str, str] | None:
    if not value:
        return "invalid-value", "is empty, so it matches no error"
    other = next((item for item in value if not isinstance(item, str)), "")
    return ("wrong-field-type", f"has {shown(other)} in it, not an error name") if other != "" else None


def _help(value: Json, row: Field, place: Place) -> str:
    """Return the next step for a value of the wrong kind; an empty string leaves it to the catalogue."""
    if row.kind is Kind.RESULT_PATH:
        return "name one place, such as `$.result`"
    if row.kind is Kind.WORD:
        return place.findings.hints.nearest(str(value), row.words)
    if isinstance(value, str) and is_expression(value) and place.language is QueryLanguage.JSONPATH:
        return "set the state's `QueryLanguage` to `JSONata`, or use the field for a path"
    function = template_function(value)
    return f"write what `{function}` gives, or a `${{placeholder}}`" if function else ""


def _check_tree(kind: Kind, name: str, value: Json, place: Place) -> None:
    """Check a payload, the variables of an `Assign`, or `Credentials`."""
    here = place.inside(name)
    if kind is Kind.VARIABLES:
        _check_variables(name, value, here)
    elif kind is Kind.CREDENTIALS and not _check_credentials(value, here):
        return
    check_template(value, here)


def _check_variables(name: str, value: Json, here: Place) -> None:
    if not isinstance(value, dict):
        here.say("wrong-field-type", f"`{name}` is {shown(value)}, not an object of variables")
        return
    for key in value:
        variable = key.removesuffix(".$") if here.language is QueryLanguage.JSONPATH else key
        if not variable.isidentifier() or len(variable) > MAX_NAME:
            message = f"`{variable[:MAX_NAME]}` cannot be the name of a variable"
            here.say("invalid-value", message, key, help="use up to 80 letters, digits and underscores", on_key=True)
        elif variable == "states":
            here.say("invalid-value", "the variable `states` is reserved", key, help="use another name", on_key=True)


def _check_credentials(value: Json, here: Place) -> bool:
    """Check `Credentials`; return whether it is worth a look inside."""
    if here.language is QueryLanguage.JSONATA and is_expression(value):
        return False
    if not isinstance(value, dict):
        here.say("wrong-field-type", f"`Credentials` is {shown(value)}, not an object with `RoleArn`")
        return False
    if "RoleArn" not in value and "RoleArn.$" not in value:
        near = next((key for key in value if key.lower() == "rolearn"), "")
        help = f"write `RoleArn`, not `{near}`" if near else "name the role to take on in `RoleArn`"
        here.say("missing-field", "`Credentials` needs `RoleArn`", "RoleArn", help=help)
    return True


def _check_dynamic_keys(node: Mapping[str, Json], place: Place, below: Pointer) -> None:
    """Check the `.$` keys of one object of a JSONPath payload."""
    for key, value in node.items():
        if not key.endswith(".$"):
            continue
        problem = path_problem(value, intrinsic=True)
        if problem:
            called = _INTRINSIC.fullmatch(value) if isinstance(value, str) else None
            fix = "start it with `$`, or drop the `.$` of the key"
            if called:
                fix = (
                    place.findings.hints.nearest(called[1], INTRINSICS).replace("`", "`States.", 1) or "use an intrinsic function"
                )
            place.say("malformed-path", f"`{key}` {problem}", *below, key, help=fix)
        if key[:-2] in node:
            message = f"`{key[:-2]}` and `{key}` exclude each other"
            place.say("conflicting-fields", message, *below, key, on_key=True)


def _half(text: str, place: Place) -> None:
    if text.startswith("{%") or text.endswith("%}"):
        place.say("half-expression", f"{shown(text)} is half a JSONata expression")
        return
    message = f"{shown(text)} is no JSONata expression, for the space around it"
    place.say("half-expression", message, severity=Severity.WARNING)


def _unknown(name: str, table: Table, place: Place, what: str) -> None:
    """Report a field that the table does not have: an error when another state type has it, else a warning."""
    foreign = name in STATE_FIELDS and any(table is state for state in STATES.values())
    fix = "remove it" if foreign else place.findings.hints.nearest(name, table.fields)
    severity = Severity.ERROR if foreign else None
    place.say("unknown-field", f"{what} has no field `{name[:MAX_NAME]}`", name, help=fix, on_key=True, severity=severity)


def _of_other_language(name: str, table: Table, place: Place) -> None:
    theirs = "JSONPath" if place.language is QueryLanguage.JSONATA else "JSONata"
    counterparts = COUNTERPART.get(name) or (name.removesuffix("Path"),)
    fix = next((f"use `{other}`" for other in counterparts if other != name and other in table.fields), "")
    message = f"`{name}` is a field of {theirs} states, and this state is {place.language}"
    place.say("wrong-query-language", message, name, help=fix, on_key=True)


def _list_of(names: Collection[str], last: str = "or") -> str:
    quoted = [f"`{name}`" for name in names]
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}" if len(quoted) > 1 else quoted[0]
