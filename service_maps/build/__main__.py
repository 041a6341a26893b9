"""`python -m service_maps.build` compiles and checks the maps; `--check` only compares and writes nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from service_maps.build.check import check_service
from service_maps.build.compile import ROOT, compile_all, load_yaml


def render(value: Any) -> str:
    """Write *value* the one way compiled files are written."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def drift(root: Path = ROOT) -> list[str]:
    """Return the compiled files that are not what the YAML says: missing, changed or left over."""
    wanted = {name: render(value) for name, value in compile_all(root).items()}
    found = {str(path.relative_to(root / "compiled")): path.read_text(encoding="utf-8") for path in _written(root)}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def faults(root: Path = ROOT) -> list[str]:
    """Return every fault the published data shows in the maps."""
    shared = load_yaml(root / "forms.yaml")
    return [fault for path in sorted((root / "optimized").glob("*.yaml")) for fault in check_service(load_yaml(path), shared)]


def write(root: Path = ROOT) -> None:
    """Write the compiled files and remove the ones no map makes any more."""
    outputs = compile_all(root)
    for path in _written(root):
        if str(path.relative_to(root / "compiled")) not in outputs:
            path.unlink()
    for name, value in outputs.items():
        path = root / "compiled" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(value), encoding="utf-8")


def _written(root: Path) -> list[Path]:
    return sorted((root / "compiled").rglob("*.json"))


def main(arguments: list[str]) -> int:
    """Compile, check and say what is wrong; 0 when nothing is."""
    if "--check" not in arguments:
        write()
    problems = [f"not compiled: {name}" for name in drift()] + faults()
    for problem in problems:
        print(problem)  # noqa: T201 - a command line tool speaks on its output
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
