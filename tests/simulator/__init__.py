"""A second opinion on policies: a simulator of IAM that others wrote, run as a process where node and npm are there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

PACKAGE, VERSION = "@cloud-copilot/iam-simulate", "0.1.173"
SCRIPT = Path(__file__).with_name("simulate.mjs")


def install() -> Path | str:
    """Return the folder the simulator is in, installed at the first time; or the sentence that says why it is not there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "node or npm is not installed"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir()) / "asl-iam-tests" / f"iam-simulate-{VERSION}"
    if not (cache / "node_modules" / PACKAGE / "package.json").is_file():
        cache.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(cache), "--no-audit", "--no-fund", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"npm could not install {PACKAGE} {VERSION}: {done.stderr.strip().splitlines()[-1:]}"
    return cache


Asked = tuple[int, str, str, dict[str, str]]
"""A request: the number of the policy, the action, the resource and the context."""


def simulate(folder: Path, policies: list[list[dict[str, Any]]], requests: list[Asked]) -> list[bool]:
    """Tell for each request whether the simulator lets it through."""
    text = json.dumps({"policies": policies, "requests": requests})
    command = [str(shutil.which("node")), str(SCRIPT), str(folder)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[bool] = json.loads(done.stdout)
    return answers
