"""Modules that lie outside of the project, and that `terraform init` has put into it.

https://developer.hashicorp.com/terraform/cli/commands/init#child-module-installation
"""

from __future__ import annotations

import json
import os
import re

from analyzer.templates.project import Project

_INSTALLED = ".terraform/modules/modules.json"
"""What Terraform writes beside what it has installed: the calls of modules, and the folder that each is in."""

_INDEX = re.compile(r"\[[^\]]*\]")


def installed(project: Project, top: str, address: str) -> str | None:
    """Return the folder that the module at *address*, called from the folder *top*, is installed in; nothing where it is not."""
    found = project.read(_INSTALLED, top)
    try:
        listed = json.loads(found.text) if found is not None else None
    except (ValueError, RecursionError):
        return None
    key = ".".join(part for part in _INDEX.sub("", address).split(".") if part != "module")
    for one in listed.get("Modules") or () if isinstance(listed, dict) else ():
        if isinstance(one, dict) and one.get("Key") == key and isinstance(one.get("Dir"), str):
            return os.path.realpath(os.path.join(top, one["Dir"]))
    return None
