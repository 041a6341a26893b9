"""The peer to compare with: the role generator of a Serverless plugin, installed with npm where there is npm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import run

PACKAGE = "serverless-step-functions"
VERSION = "3.31.2"
DRIVER = Path(__file__).with_name("peer.js")


@dataclass(frozen=True, slots=True)
class Peer:
    """An installed plugin. `modules` is the folder npm put it into."""

    node: str
    modules: str

    def once(self, file: str, loaded: str) -> float:
        """Start node, load the `plugin` or only the `module` that is compared, compile one; return the processor seconds."""
        return run([self.node, str(DRIVER), loaded, "once", file], {**os.environ, "NODE_PATH": self.modules}).cpu

    def seconds_of(self, passes: int, files: list[str]) -> float:
        """Return the seconds of the best pass over *files* in a process of its own."""
        return float(self.rate(passes, files)["seconds"])

    def rate(self, passes: int, files: list[str]) -> dict[str, Any]:
        """Measure a pass over *files* inside one process; the best of several, and the files it could not compile."""
        command = [self.node, str(DRIVER), "plugin", "rate", str(passes), *files]
        found: dict[str, Any] = json.loads(run(command, {**os.environ, "NODE_PATH": self.modules}).printed.splitlines()[-1])
        return found


def install() -> Peer | str:
    """Return the plugin, installed into a cache folder at the first time; or the sentence that says why it is not there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "node or npm is not installed"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path(tempfile.gettempdir())) / "asl-iam-bench" / f"{PACKAGE}-{VERSION}"
    modules = cache / "node_modules"
    if not (modules / PACKAGE / "package.json").is_file():
        cache.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(cache), "--no-audit", "--no-fund", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"npm could not install {PACKAGE} {VERSION}: {done.stderr.strip().splitlines()[-1:]}"
    return Peer(node, str(modules))
