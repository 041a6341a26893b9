"""How a Terraform module writes what a placeholder stands for: a role beside a machine can refer to no more than its module can.

https://developer.hashicorp.com/terraform/language/expressions/references
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from analyzer.templates.hcl import Block
from analyzer.templates.hcl_values import Ref
from analyzer.templates.terraform_module import Module
from analyzer.templates.terraform_resource import is_repeated
from analyzer.text import Json

_NAME = r"[A-Za-z_][\w-]*"
_INDEX = r"\[(?:[0-9]+|'(?:[^'%\]])*')\]"
_STEPS = rf"(?:\.{_NAME}|{_INDEX})*"
_KEY = rf"(?:{_INDEX}|\[var\.{_NAME}{_STEPS}\])"
_ATTRIBUTE = re.compile(rf"((?:data\.)?(?!module\.|data\.|var\.|local\.){_NAME}\.{_NAME})({_KEY})?\.{_NAME}{_STEPS}")
_OUTPUT = re.compile(rf"module\.({_NAME})({_KEY})?\.({_NAME})(?:{_INDEX})?")
_VARIABLE = re.compile(rf"var\.{_NAME}{_STEPS}")

Spelled = Mapping[str, str]
"""How each placeholder is written; an empty text for one that can be any of several, which no expression is."""


def spelled(names: Iterable[str], module: Module, written: Mapping[str, str]) -> Spelled:
    """Return how *module* writes each of *names*; *written* says what gives a text, such as an ARN."""
    known = module.configuration.known
    others: dict[str, str] = {}
    for name, call in (*_outputs(module), *_given(module)):
        others.setdefault(name, call)
        for text in known.texts.get(name, ()) if len(known.texts.get(name, ())) == 1 else ():
            others.setdefault(written.get(text, name), call)

    made: dict[str, str] = {}
    for name in names:
        own = name.removeprefix(module.prefix) if name.startswith(module.prefix) else ""
        code = (known.written.get(name) or _own(own, module)) if own else None
        code = code or others.get(name, code)
        if code is not None:
            made[name] = code
    return made


def spelled_plainly(names: Iterable[str], home: str) -> Spelled:
    """Return how the module *home*, of which only the resources are known, writes each of *names*."""
    own = {name: name.removeprefix(home) for name in names if name.startswith(home)}
    return {
        name: _code(written) for name, written in own.items() if _ATTRIBUTE.fullmatch(written) or _VARIABLE.fullmatch(written)
    }


def _own(name: str, module: Module) -> str | None:
    """Return how *module* writes a name of its own: an empty text for any instance of several, nothing for what is no name."""
    attribute, output = _ATTRIBUTE.fullmatch(name), _OUTPUT.fullmatch(name)
    if attribute:
        *data, kind, label = attribute[1].split(".")
        return _instance(name, attribute[2], _declared(module, "data" if data else "resource", (kind, label)))
    if output:
        block = _declared(module, "module", (output[1],))
        labels = {
            label for child in (module.children(block) if block else ()) for one in child.blocks("output") for label in one.labels
        }
        return _instance(name, output[2], block) if block and (not labels or output[3] in labels) else None
    return _code(name) if _VARIABLE.fullmatch(name) else None


def _declared(module: Module, kind: str, labels: tuple[str, ...]) -> Block | None:
    return next((one for one in module.blocks(kind) if one.labels == labels), None)


def _instance(name: str, key: str | None, block: Block | None) -> str:
    return _code(name) if block is None or bool(key) == is_repeated(block) else ""


def _code(name: str) -> str:
    return name.replace("'", '"')


def _outputs(module: Module) -> Iterator[tuple[str, str]]:
    """Yield what the outputs of called modules are, with how they are written."""
    for block in module.blocks("module"):
        for child in module.children(block) if len(block.labels) == 1 else ():
            call = _code(child.prefix.removeprefix(module.prefix))
            for output in child.blocks("output"):
                value = child.output(output.labels[0]) if len(output.labels) == 1 else None
                if isinstance(value, Ref):
                    yield value.name, f"{call}{output.labels[0]}"


def _given(module: Module) -> Iterator[tuple[str, str]]:
    """Yield what the variables of a called module are, with how they are written in it."""
    for name in module.given:
        value: Json = module.variable(name) if any(one.labels == (name,) for one in module.blocks("variable")) else None
        if isinstance(value, Ref):
            yield value.name, f"var.{name}"
