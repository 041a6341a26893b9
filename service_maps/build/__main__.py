"""`python -m service_maps.build` compiles and checks the maps; `--check` only compares and writes nothing.

`--service-reference DIR` reads AWS's own operation → action files (one JSON a service, from the Service Authorization
Reference), where a maintainer has them: they win over what is derived from names, and the differences are printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from service_maps.build.check import check_override, check_service
from service_maps.build.compile import ROOT, compile_all, load_yaml
from service_maps.build.declared import compile_declared
from service_maps.build.measure import Coverage
from service_maps.build.reference import Reference
from service_maps.build.sdk import compile_sdk
from service_maps.build.templates import check_templates, compile_templates, prefixes_of

TEMPLATES = "templates.yaml"


def render(value: Any) -> str:
    """Write *value* the one way compiled files are written: in a table, one operation or type a line."""
    if "terraform" in value:
        tables = (f"{_compact(key)}: {_rows(value[key])}" for key in sorted(value))
        return "{\n" + ",\n".join(tables) + "\n}\n"
    if "operations" not in value or "service" in value:
        return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    head = [f"{_compact(key)}: {_compact(value[key])}" for key in sorted(value) if key != "operations"]
    return "{\n" + ",\n".join([*head, f'"operations": {_rows(value["operations"])}']) + "\n}\n"


def _rows(table: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f"{_compact(name)}: {_compact(row)}" for name, row in sorted(table.items())) + "\n}"


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def outputs(root: Path = ROOT, reference: Path | None = None) -> dict[str, Any]:
    """Return every compiled file of the maps under *root*: {path below `compiled/`: JSON value}."""
    made = compile_all(root) | compile_declared(root)
    if any((root / "overrides").glob("*.yaml")):
        tables, _ = _sdk(root, reference)
        made |= tables
    if (root / TEMPLATES).exists():
        made["templates.json"] = _templates(root, frozenset(prefixes_of(made)))
    made["index.json"]["facts"] = sorted(_kinds(list(made.values())))
    return made


def _kinds(value: Any) -> set[str]:
    """Return the kinds of fact that compiled grants hang on."""
    if isinstance(value, list):
        return {kind for item in value for kind in _kinds(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["fact"]["is"]} if "actions" in value and "fact" in value else set()
    return own.union(*(_kinds(item) for item in value.values()))


@cache
def _templates(root: Path, prefixes: frozenset[str]) -> dict[str, Any]:
    return compile_templates(load_yaml(root / TEMPLATES), set(prefixes))


@cache
def _sdk(root: Path, reference: Path | None) -> tuple[dict[str, Any], Coverage]:
    overrides = {path.stem: load_yaml(path) for path in sorted((root / "overrides").glob("*.yaml"))}
    return compile_sdk(overrides, load_yaml(root / "forms.yaml"), Reference.read(reference))


def coverage(root: Path = ROOT) -> Coverage:
    """Return how the SDK operations came by their rules."""
    return _sdk(root, None)[1]


def drift(root: Path = ROOT) -> list[str]:
    """Return the compiled files that are not what the maps say: missing, changed or left over."""
    wanted = {name: render(value) for name, value in outputs(root).items()}
    found = {str(path.relative_to(root / "compiled")): path.read_text(encoding="utf-8") for path in _written(root)}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def faults(root: Path = ROOT) -> list[str]:
    """Return every fault the published data shows in the maps."""
    shared = load_yaml(root / "forms.yaml")
    maps = [fault for path in sorted((root / "optimized").glob("*.yaml")) for fault in check_service(load_yaml(path), shared)]
    own = sorted((root / "overrides").glob("[!_]*.yaml"))
    overrides = [fault for path in own for fault in check_override(path.stem, load_yaml(path), shared)]
    written = [root / TEMPLATES] if (root / TEMPLATES).exists() else []
    templates = [fault for path in written for fault in check_templates(load_yaml(path), outputs(root)["templates.json"])]
    return [*maps, *overrides, *templates]


def write(root: Path = ROOT, reference: Path | None = None) -> None:
    """Write the compiled files and remove the ones no map makes any more."""
    made = outputs(root, reference)
    for path in _written(root):
        if str(path.relative_to(root / "compiled")) not in made:
            path.unlink()
    for name, value in made.items():
        path = root / "compiled" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(value), encoding="utf-8")


def _written(root: Path) -> list[Path]:
    return sorted((root / "compiled").rglob("*.json"))


def main(arguments: list[str]) -> int:
    """Compile, check and say what is wrong; 0 when nothing is."""
    parser = argparse.ArgumentParser(prog="python -m service_maps.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare and check only")
    parser.add_argument("--service-reference", type=Path, metavar="DIR", help="AWS's own operation files")
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        write(reference=chosen.service_reference)
    say = print  # a command line tool speaks on its output
    if chosen.service_reference:
        for difference in _sdk(ROOT, chosen.service_reference)[1].differences:
            say(f"AWS says otherwise: {difference}")
    problems = [f"not compiled: {name}" for name in (drift() if chosen.check else [])] + faults()
    for problem in problems:
        say(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
