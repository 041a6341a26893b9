"""Runs a definition in worlds made for it, so that its tasks are reached, and judges what it does there.

Every path of the definition finds something: input, task results and items are one object that has whatever any path
looks for, and at each Choice the values its rules ask for are tried, in an order that is always the same. Errors named
by a `Catch` are raised now and then.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.authorization import Ledger, policies, settle
from engine.interpreter import READ, Execution, TaskError, compile_definition, execute
from engine.placeholders import ASKED, filled, sources
from engine.soundness import faults, read, tasks

from analyzer.asl.model import Machine
from analyzer.text import Source

Json = Any

WORLDS = 40
"""The most executions of one definition; fewer when its tasks are all reached before."""

_PATH = re.compile(r"""(?<![\w'"])\$(?!\$)(?:\w*)((?:\.[\w-]+|\[\d+\]|\[\*\]|\['[^']+'\])+)""")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+|\*)\]|\['([^']+)'\]")
_NUMBERS = re.compile(r"States\.(?:MathAdd|ArrayRange|MathRandom)\(([^()]*)\)")
_ARRAYS = re.compile(r"States\.Array(?:Length|Contains|Unique|GetItem|Partition)\(\s*(\$[^,()]*)")
_JSON = re.compile(r"States\.StringToJson\(\s*(\$[^,()]*)")
_BASE64 = re.compile(r"States\.Base64Decode\(\s*(\$[^,()]*)")
_TESTED = re.compile(r"""(\$[\w.]+) *(?:(?:!=|<=|>=|=|<|>) *|in *\[ *)('[^']*'|"[^"]*"|-?\d+(?:\.\d+)?|true|false)""")
_COUNTED = re.compile(r"\$(?:count|map|filter|append|join|distinct|reverse|sum|sort|partition|reduce)\(\s*(\$[\w.]+)")
_ADDED = re.compile(r"(\$[\w.]+) *[-+*/] *\d|\$number\(\s*(\$[\w.]+)")


@dataclass
class Report:
    """What came of one definition."""

    skipped: str = ""
    executions: int = 0
    tasks: int = 0
    reached: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)


def drive(definition: Mapping[str, Json], worlds: int = WORLDS) -> Report:
    """Run *definition* until its tasks are reached, or *worlds* are used up; note what its flow or its policy rules out.

    The machine that runs has its placeholders filled; what is judged knows as little of them as the analyzer does.
    """
    machine, flow = read(definition)
    wanted = {state.name for state in tasks(machine)}
    report = Report(tasks=len(wanted))
    names = [state.name for state in machine.states()]
    if len(set(names)) != len(names):
        report.skipped = "two states of one name"
    else:
        try:
            program = compile_definition(filled(definition))
        except Exception as error:  # noqa: BLE001 - the interpreter raises whatever it stumbles over
            report.skipped = f"not read by the interpreter: {type(error).__name__}"
    if report.skipped:
        return report
    plan = _Plan(machine)
    analysis = policies(Source(json.dumps(definition), "definition.json"))
    states = {state.name: filled(state.body) for state in machine.states()}
    for number in range(worlds):
        execution = execute(program, *plan.world(number))
        report.executions += 1
        report.reached |= {called.state for called in execution.called}
        report.faults += faults(machine, flow, execution)
        report.ledger += settle(states, analysis, execution, number)
        if report.reached >= wanted and number >= 4:
            break
    return report


class _Plan:
    """Makes the worlds of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.texts = [str(text) for text in _strings(machine.document)]
        self.paths = sorted({steps for text in self.texts for steps in _paths(text)}, key=repr)
        self.asked: dict[tuple[str, ...], list[Json]] = defaultdict(list)
        for rule in _rules(machine.document):
            self._ask(rule)
        for path, wanted in (pair for text in self.texts if "{%" in text for pair in _TESTED.findall(text)):
            value = wanted[1:-1] if wanted[0] in "'\"" else json.loads(wanted)
            for steps in _paths(path):
                self.asked[steps] += [value, value + 1 if type(value) in (int, float) else "other"]
        self.errors = {
            state.name: [error for catcher in state.catchers for error in catcher.body.get("ErrorEquals", ())]
            for state in machine.states()
            if state.catchers
        }
        listed = ("ItemsPath", "Items")
        self.arrays = self._named(_ARRAYS) | self._named(_COUNTED)
        self.arrays |= {steps for state in machine.states() for name in listed for steps in _paths(state.body.get(name))}
        self.kinds: dict[tuple[str, ...], Json] = {}
        self.kinds.update(dict.fromkeys(self._named(_NUMBERS), 1))
        self.kinds.update(dict.fromkeys(self._named(_BASE64), "eA=="))
        self.kinds.update(dict.fromkeys(self._named(_ADDED), 1))
        for asked, text in sources(machine.document):
            if _PATH.fullmatch(text.removeprefix("{%").removesuffix("%}").strip()):
                self.kinds.update(dict.fromkeys(_paths(text), ASKED[asked].format("x")))
        self.parsed = self._named(_JSON)
        passed = ("InputPath", "OutputPath", "Output")
        self.whole = {steps for state in machine.states() for name in passed for steps in _paths(state.body.get(name))}
        for state in machine.states():
            for name, text in (state.body.get("Assign") or {}).items():
                variable = f"${str(name).removesuffix('.$')}"
                if any(f"{variable}." in other or f"{variable}[" in other for other in self.texts):
                    self.whole |= set(_paths(text))

    def _named(self, pattern: re.Pattern[str]) -> set[tuple[str, ...]]:
        return {steps for text in self.texts for match in pattern.finditer(text) for steps in _paths(match[0])}

    def _ask(self, rule: Mapping[str, Json]) -> None:
        """Note the values that would make a comparison hold, and some that would not."""
        for name, wanted in rule.items():
            for steps in _paths(rule.get("Variable")):
                if name == "StringMatches":
                    self.asked[steps] += [str(wanted).replace("\\*", "\0").replace("*", "x").replace("\0", "*"), "other"]
                elif name.startswith("Numeric") and isinstance(wanted, (int, float)):
                    self.asked[steps] += [wanted, wanted - 1, wanted + 1]
                elif name.startswith(("String", "Timestamp")) and isinstance(wanted, str) and not name.endswith("Path"):
                    self.asked[steps] += [wanted, wanted + "z", ""]
                elif name.startswith("Boolean"):
                    self.asked[steps] += [True, False]
                elif name in ("IsNull", "IsPresent"):
                    self.asked[steps] += [None, "x", _ABSENT]
                elif name.startswith("Is"):
                    self.asked[steps] += ["x", 1, True, "2026-01-01T00:00:00Z"]

    def world(self, number: int) -> tuple[Json, Any]:
        """Return the input of world *number*, and what its tasks answer."""
        chance = random.Random(number)  # noqa: S311 - the same every time, and nothing secret
        given = self._everything(chance)
        given[READ] = [self._everything(chance) for _ in range(2)]

        def answer(state: str) -> Json:
            errors = self.errors.get(state)
            if errors and number % 3 == 2 and chance.random() < 0.5:
                error = chance.choice(errors)
                raise TaskError("Boom" if error in ("States.ALL", "States.TaskFailed") else error)
            return self._everything(chance)

        return given, answer

    def _everything(self, chance: random.Random, depth: int = 0) -> dict[str, Json]:
        """Return an object that has something at the end of every path, and of every end of one."""
        made: dict[str, Json] = {}
        for steps in self.paths:
            for start in range(len(steps)):
                self._put(made, steps[start:], steps, chance, depth)
        return made

    def _put(
        self, made: dict[str, Json], steps: tuple[str, ...], whole: tuple[str, ...], chance: random.Random, depth: int
    ) -> None:
        here: Json = made
        for at, step in enumerate(steps):
            last = at == len(steps) - 1
            if isinstance(here, list) is not _is_index(step):
                return
            if isinstance(here, list):
                here = _item(here, 0 if step == "*" else min(int(step), 5))
                continue
            if last:
                if step not in here:
                    leaf = self._leaf(whole, chance, depth)
                    if leaf is not _ABSENT:
                        here[step] = leaf
                return
            wanted: type = list if _is_index(steps[at + 1]) else dict
            if not isinstance(here.get(step), wanted):
                here[step] = self._items(chance, depth) if wanted is list else {}
            here = here[step]

    def _leaf(self, steps: tuple[str, ...], chance: random.Random, depth: int) -> Json:
        if steps in self.asked:
            return chance.choice(self.asked[steps])
        if steps in self.arrays:
            return self._items(chance, depth)
        if steps in self.whole and depth < 1:
            return self._everything(chance, depth + 1)
        if steps in self.parsed:
            return json.dumps(self._everything(chance, depth + 1) if depth < 1 else {"a": "x"})
        return self.kinds.get(steps, "x" if chance.random() < 0.8 else chance.choice(("y*", "", 7, None)))

    def _items(self, chance: random.Random, depth: int) -> list[Json]:
        return [self._everything(chance, depth + 1) for _ in range(2)] if depth < 1 else ["x", {"x": "y"}]


_ABSENT = object()


def _is_index(step: str) -> bool:
    return step.isdigit() or step == "*"


def _item(items: list[Json], index: int) -> Json:
    """Return the object at *index* of *items*, which is made when there is none."""
    while len(items) <= index:
        items.append({})
    if not isinstance(items[index], (dict, list)):
        items[index] = {}
    return items[index]


def _paths(text: Json) -> Iterator[tuple[str, ...]]:
    if isinstance(text, str):
        for match in _PATH.finditer(text):
            steps = tuple(name or index or quoted for name, index, quoted in _STEP.findall(match[1]))
            if match[0].startswith("$states."):
                steps = steps[3:] if steps[:3] == ("context", "Execution", "Input") else steps[1:]
            if steps:
                yield steps


def _strings(value: Json) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def _rules(value: Json) -> Iterator[Mapping[str, Json]]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict) and "Variable" in one:
            yield one
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


__all__ = ["Execution", "Report", "drive"]
