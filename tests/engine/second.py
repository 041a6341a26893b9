"""A second interpreter, where node and npm are there: aws-local-stepfunctions, which knows JSONPath only.

It has nothing in common with the first one, so that what one of them gets wrong does not count for right. It is installed
into the cache folder of the user, never into the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.interpreter import MACHINE_ARN, ROLE_ARN, TaskError, compile_definition, execute
from engine.outcome import Called, Execution
from engine.soundness import faults, read
from engine.worlds import World

Json = Any

PACKAGE = "aws-local-stepfunctions@3.0.0"
UNKNOWN = ('"DISTRIBUTED"', '"Credentials"', "$$.State.", '"$$"', "States.UUID", "States.MathRandom", "States.JsonToString('")
"""What a definition must not have: the interpreter does not know it, no two runs of it are the same, or it gets it wrong (it
writes the JSON text of a string without escapes)."""

SCRIPT = Path(__file__).with_suffix(".mjs")
CONTEXT = {
    "Execution": {
        "Id": f"{MACHINE_ARN.replace(':stateMachine:', ':execution:')}:run-1",
        "Name": "run-1",
        "RoleArn": ROLE_ARN,
        "StartTime": "2026-01-01T00:00:00.000Z",
    },
    "StateMachine": {"Id": MACHINE_ARN, "Name": MACHINE_ARN.rpartition(":")[2]},
}


class MissingError(Exception):
    """Something that the second interpreter needs is not there; the message names it."""


@dataclass
class Comparison:
    """What came of running the same worlds on both interpreters."""

    executions: int = 0
    calls: int = 0
    refused: int = 0
    alike: int = 0
    unsound: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def is_known(definition: Json) -> bool:
    """Tell whether both interpreters can run *definition*, in the same way."""
    text = json.dumps(definition)
    if any(part in text for part in UNKNOWN):
        return False
    try:
        compile_definition(definition)
    except Exception:  # noqa: BLE001 - the interpreter raises whatever it stumbles over
        return False
    return True


def installed() -> Path:
    """Return the folder that has the interpreter, after installing it there. Raises `MissingError`."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise MissingError(f"{program} is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "asl-iam" / PACKAGE
    if not (cache / "node_modules" / PACKAGE.split("@", maxsplit=1)[0]).is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        command = [
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--fetch-retries=0",
            "--prefix",
            str(cache),
            PACKAGE,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        except subprocess.TimeoutExpired:
            raise MissingError(f"{PACKAGE}: npm did not install it in time") from None
        if done.returncode:
            raise MissingError(f"{PACKAGE}: npm could not install it")
    return cache


def compare(cases: list[tuple[Json, list[World]]]) -> Comparison:
    """Run *cases* on both interpreters, and hold the calls on the second one against the flow. Raises `MissingError`."""
    folder = installed()
    given = [{"definition": definition, "worlds": [_written(world) for world in worlds]} for definition, worlds in cases]
    node = ["node", str(SCRIPT), str(folder)]
    done = subprocess.run(node, input=json.dumps(given), capture_output=True, text=True, timeout=300, check=True)
    answers = iter(json.loads(done.stdout))
    made = Comparison()
    for definition, worlds in cases:
        machine, flow = read(definition)
        program = compile_definition(definition)
        for world in worlds:
            answer = next(answers)
            made.executions += 1
            if isinstance(answer, Mapping):
                made.refused += 1
                continue
            called = [Called(state, parameters, None) for state, parameters in answer]
            made.calls += len(called)
            made.unsound += faults(machine, flow, Execution(called=called))
            first = execute(program, world.input, world.answer())
            if (one := _calls(first.called)) == (two := _calls(called)):
                made.alike += 1
            else:
                only = [call for call in two if call not in one] or two or ["nothing"]
                made.differences.append(f"{only[0]} in {json.dumps(definition)}")
    return made


def _calls(called: list[Called]) -> list[str]:
    """Return the calls in an order of their own: that of branches and items is not fixed."""
    sent = [(call.state, call.input if call.parameters is None else call.parameters) for call in called]
    return sorted(json.dumps(call, sort_keys=True) for call in sent)


def _written(world: World) -> dict[str, Json]:
    answers = [{"error": one.error} if isinstance(one, TaskError) else {"value": one} for one in world.answers]
    return {"input": world.input, "answers": answers, "context": CONTEXT}
