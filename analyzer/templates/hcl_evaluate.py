"""HCL expressions → values. Nothing here fails for what it does not know: that is an open placeholder.

https://developer.hashicorp.com/terraform/language/expressions
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from analyzer.templates.hcl import Directive, Expression, kept_heredoc, parts, template_parts, unescaped
from analyzer.templates.hcl_values import (
    DEPTH,
    MAX_TEXT,
    Choice,
    Ref,
    Scope,
    Step,
    Value,
    as_text,
    bounded,
    choice,
    open_ref,
    placeholder,
)


def evaluate(expression: Expression, scope: Scope) -> Value:
    """Return what *expression* may be."""
    known = scope.known
    known.spend(scope.where)
    if known.active >= DEPTH:
        return open_ref(expression, scope, "it is nested too deeply")
    while expression.tree.data == "expr_term":
        expression = expression.of(parts(expression.tree)[0])
    known.active += 1
    try:
        return _RULES.get(str(expression.tree.data), open_ref)(expression, scope)
    finally:
        known.active -= 1


def _number(expression: Expression, _scope: Scope) -> Value:
    text = str(expression.tree.children[0])
    number = float(text[:100])
    return int(number) if number.is_integer() and abs(number) < 1e15 else number if math.isfinite(number) else 0


def _constant(expression: Expression, _scope: Scope) -> Value:
    return {"true": True, "false": False}.get(str(expression.tree.children[0]))


def _list(expression: Expression, scope: Scope) -> Value:
    return [evaluate(expression.of(one), scope) for one in parts(expression.tree)]


def _object(expression: Expression, scope: Scope) -> Value:
    made: dict[str, Value] = {}
    for element in parts(expression.tree):
        key, value = parts(element)
        made[_key(expression.of(parts(key)[0] if parts(key) else key), scope)] = evaluate(expression.of(value), scope)
    return made


def _key(expression: Expression, scope: Scope) -> str:
    """Return a key of an object: a bare name is the name itself."""
    tree = expression.tree
    only = parts(tree)[0] if tree.data == "expr_term" and len(tree.children) == 1 and parts(tree) else tree
    if only.data in ("identifier", "keyword", "literal_value"):
        return str(only.children[0])
    return as_text(evaluate(expression, scope), expression, scope)


# ------------------------------------------------------------------------------------------------------------- templates


def _string(expression: Expression, scope: Scope) -> Value:
    found: list[str | Expression] = []
    for part in parts(expression.tree):
        content = part.children[0]
        if not hasattr(content, "data"):
            heredoc = kept_heredoc(str(content), expression)
            if heredoc is not None:
                return template(heredoc.text, scope, expression)
            found.append(unescaped(str(content)))
        elif content.data == "interpolation":
            found.append(expression.of(parts(content)[0]))
        else:
            return open_ref(expression, scope, "it has template directives (`%{ ... }`)")
    return _joined(found, expression, scope)


def template(text: str, scope: Scope, expression: Expression) -> Value:
    """Return what the template *text* gives."""
    try:
        return _joined(list(template_parts(text, scope.where)), expression, scope)
    except Directive:
        return open_ref(expression, scope, "it has template directives (`%{ ... }`)")


def _joined(found: list[str | Expression], expression: Expression, scope: Scope) -> Value:
    """Put the parts of a template together. One that is a single interpolation is that value, whatever it is."""
    found = [part for part in found if part != ""]
    if len(found) == 1 and isinstance(found[0], Expression):
        return evaluate(found[0], scope)
    made = [part if isinstance(part, str) else as_text(evaluate(part, scope), part, scope) for part in found]
    return bounded("".join(made), expression, scope) if sum(map(len, made)) <= MAX_TEXT else open_ref(expression, scope)


# ------------------------------------------------------------------------------------------------------------ references


def _traversal(expression: Expression, scope: Scope) -> Value:
    """Work out `a.b[0].c`: a name and the steps from it."""
    tree = expression.tree
    steps: list[Step] = []
    while (inner := _STEPS.get(str(tree.data))) is not None or tree.data == "expr_term":
        if tree.data == "expr_term":
            if len(tree.children) != 1 or not parts(tree) or str(parts(tree)[0].data) not in {*_STEPS, "identifier"}:
                break
            tree = parts(tree)[0]
            continue
        scope.known.spend(scope.where)
        tree, last = parts(tree)
        steps[:0] = inner(last, expression, scope)  # type: ignore[misc]
    if tree.data == "identifier":
        return _named(str(tree.children[0]), steps, expression, scope)
    return into(evaluate(expression.of(tree), scope), steps, expression, scope)


def _named(name: str, steps: list[Step], expression: Expression, scope: Scope) -> Value:
    if name in scope.bound:
        return into(scope.bound[name], steps, expression, scope)
    found = scope.names.root(name, steps)
    return open_ref(expression, scope) if found is None else into(found[0], found[1], expression, scope)


def _attribute_step(tree: Any, _expression: Expression, _scope: Scope) -> list[Step]:
    return [("attribute", str(parts(tree)[-1].children[0]))]


def _index_step(tree: Any, expression: Expression, scope: Scope) -> list[Step]:
    if tree.data == "short_index":
        return [("index", int(str(tree.children[-1])[:9]))]
    return [("index", evaluate(expression.of(parts(tree)[0]), scope))]


def _splat_step(tree: Any, expression: Expression, scope: Scope) -> list[Step]:
    inner = [
        _attribute_step(one, expression, scope) if one.data == "get_attr" else _index_step(one, expression, scope)
        for one in parts(tree)
    ]
    return [("splat", [step for steps in inner for step in steps])]


_STEPS: dict[str, Callable[..., list[Step]]] = {
    "get_attr_expr_term": _attribute_step,
    "index_expr_term": _index_step,
    "attr_splat_expr_term": _splat_step,
    "full_splat_expr_term": _splat_step,
}


def into(value: Value, steps: list[Step], expression: Expression, scope: Scope) -> Value:
    """Follow *steps* from *value*."""
    for number, (kind, step) in enumerate(steps):
        scope.known.spend(scope.where)
        if isinstance(value, Choice):
            return choice([into(one, steps[number:], expression, scope) for one in value.values], expression, scope)
        value = _into_one(value, kind, step, expression, scope)
        if isinstance(value, Ref) and value.name == placeholder(expression.written, scope.prefix):
            return value
    return value


def _into_one(value: Value, kind: str, step: Value, expression: Expression, scope: Scope) -> Value:
    if kind == "splat":
        items = value if isinstance(value, list) else value.spread() if hasattr(value, "spread") else [value]
        return Ref(_under(value, "[*]")) if isinstance(value, Ref) else [into(one, step, expression, scope) for one in items]
    if isinstance(value, Ref):
        return Ref(_under(value, f".{step}" if isinstance(step, str) else f"[{step if isinstance(step, int) else '*'}]"))
    if isinstance(value, dict | list):
        return _item(value, step, expression, scope)
    if hasattr(value, "attribute"):
        return value.attribute(step) if kind == "attribute" else value.instance(step)
    return open_ref(expression, scope)


def _under(value: Ref, step: str) -> str:
    return placeholder(f"{value.name}{step}")


def _item(value: Any, step: Value, expression: Expression, scope: Scope) -> Value:
    """Return one item of a list or an object; any of them where the index is only known when it is deployed."""
    if isinstance(step, Ref | Choice):
        return choice(list(value.values() if isinstance(value, dict) else value), expression, scope)
    if isinstance(value, list):
        index = (
            step if isinstance(step, int) else int(step) if isinstance(step, str) and step.isdecimal() and len(step) < 9 else None
        )
        return value[index] if index is not None and -len(value) <= index < len(value) else open_ref(expression, scope)
    key = step if isinstance(step, str) else str(step)
    return value[key] if key in value else open_ref(expression, scope)


# ------------------------------------------------------------------------------------------------------------- operators


def _conditional(expression: Expression, scope: Scope) -> Value:
    condition, yes, no = (expression.of(one) for one in parts(expression.tree))
    holds = evaluate(condition, scope)
    if isinstance(holds, bool):
        return evaluate(yes if holds else no, scope)
    return choice([evaluate(yes, scope), evaluate(no, scope)], expression, scope)


def _binary(expression: Expression, scope: Scope) -> Value:
    left, term = parts(expression.tree)
    operator = str(parts(term)[0].children[0]).split()[-1]
    one, two = evaluate(expression.of(left), scope), evaluate(expression.of(parts(term)[-1]), scope)
    if operator in ("&&", "||"):
        decides = operator == "||"
        if decides in (one, two) and isinstance(one if one is decides else two, bool):
            return decides
        return (not decides) if isinstance(one, bool) and isinstance(two, bool) else open_ref(expression, scope)
    if not (_is_settled(one) and _is_settled(two)):
        return open_ref(expression, scope)
    if operator in ("==", "!="):
        return (one == two) == (operator == "==")
    numbers = all(isinstance(number, int | float) and not isinstance(number, bool) for number in (one, two))
    if not numbers or (operator in "/%" and not two) or max(abs(one), abs(two)) > _LARGEST:
        return open_ref(expression, scope)
    return _ARITHMETIC[operator](one, two)


_LARGEST = 1e15
"""Beyond it a number is no count, and numbers that are multiplied with themselves grow without end."""

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda one, two: one + two,
    "-": lambda one, two: one - two,
    "*": lambda one, two: one * two,
    "/": lambda one, two: one / two,
    "%": lambda one, two: one % two,
    "<": lambda one, two: one < two,
    ">": lambda one, two: one > two,
    "<=": lambda one, two: one <= two,
    ">=": lambda one, two: one >= two,
}


def _is_settled(value: Value) -> bool:
    """Tell whether *value* is a scalar that is the same in every deployment."""
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and "${" not in value)


def _unary(expression: Expression, scope: Scope) -> Value:
    value = evaluate(expression.of(parts(expression.tree)[0]), scope)
    if str(expression.tree.children[0]) == "!":
        return not value if isinstance(value, bool) else open_ref(expression, scope)
    return -value if isinstance(value, int | float) and not isinstance(value, bool) else open_ref(expression, scope)


def _for(expression: Expression, scope: Scope) -> Value:
    """Work out `[for ...]` and `{for ...}` over what is known. With a condition that is not known, every item is in."""
    intro, *rest = parts(expression.tree)
    *names, iterable = parts(intro)
    condition = parts(rest.pop())[0] if rest[-1].data == "for_cond" else None
    over = evaluate(expression.of(iterable), scope)
    pairs = list(enumerate(over)) if isinstance(over, list) else list(over.items()) if isinstance(over, dict) else None
    if pairs is None:
        return open_ref(expression, scope)
    made: list[tuple[Value, ...]] = []
    for key, item in pairs:
        labels = [str(name.children[0]) for name in names]
        bound = dict(zip(labels, (key, item) if len(labels) == 2 else (item,), strict=True))
        inner = scope.with_(**bound)
        if condition is None or evaluate(expression.of(condition), inner) is not False:
            made.append(tuple(evaluate(expression.of(one), inner) for one in rest))
    if expression.tree.data == "for_tuple_expr":
        return [one[0] for one in made]
    return {as_text(one[0], expression.of(rest[0]), scope): one[1] for one in made}


def _call(expression: Expression, scope: Scope) -> Value:
    from analyzer.templates.hcl_functions import call

    name, *rest = parts(expression.tree)
    arguments = [expression.of(one) for one in parts(rest[-1])] if rest and rest[-1].data == "arguments" else []
    spread = any(str(token) == "..." for token in rest[-1].children if not hasattr(token, "data")) if arguments else False
    if rest and rest[0].data == "identifier":  # provider::aws::arn_parse
        return open_ref(expression, scope)
    return call(str(name.children[0]), arguments, expression, scope, spread=spread)


_RULES: dict[str, Callable[[Expression, Scope], Value]] = {
    "int_lit": _number,
    "float_lit": _number,
    "literal_value": _constant,
    "string": _string,
    "tuple": _list,
    "object": _object,
    "identifier": _traversal,
    **dict.fromkeys(_STEPS, _traversal),
    "conditional": _conditional,
    "binary_op": _binary,
    "unary_op": _unary,
    "for_tuple_expr": _for,
    "for_object_expr": _for,
    "function_call": _call,
}
