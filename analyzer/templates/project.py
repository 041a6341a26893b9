"""Files that a template names: read only inside the project, and only so many.

A template is hostile input. Nothing outside the root of its project is read, whatever path it gives and whatever link lies on
the way, and the size and the number of what it includes are bounded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Self

from analyzer.errors import SourceError
from analyzer.sources.files import read_source
from analyzer.templates.alternatives import ANY, fits
from analyzer.text import Source

MOST_FILES = 500
"""Files that the templates of one project may name."""


@dataclass(slots=True)
class Project:
    """The folder that a template and what it names lie in. It lives for one run, and counts what is read."""

    root: str
    taken: dict[str, Source] = field(default_factory=dict)

    def read(self, path: str, base: str) -> Source | None:
        """Return the file that *path* names, from the folder *base*; nothing when there is none inside the project."""
        real = os.path.realpath(os.path.join(base, path))
        if real in self.taken:
            return self.taken[real]
        if os.path.commonpath((real, self.root)) != self.root or len(self.taken) >= MOST_FILES or not os.path.isfile(real):
            return None
        try:
            text = read_source(real).text
        except SourceError:
            return None
        self.taken[real] = Source(text, os.path.relpath(real))
        return self.taken[real]

    def afresh(self) -> Self:
        """Return the project for another template: what is read is counted for each."""
        return replace(self, taken={})

    def listed(self, folder: str, suffix: str) -> list[str]:
        """Return the names of the files in *folder* that end with *suffix*; none for a folder outside the project."""
        real = os.path.realpath(folder)
        if os.path.commonpath((real, self.root)) != self.root or not os.path.isdir(real):
            return []
        try:
            return sorted(name for name in os.listdir(real) if name.endswith(suffix) and not name.startswith("."))
        except OSError:
            return []

    def matching(self, path: str, base: str) -> list[str]:
        """Return what there is in the project for *path*, from the folder *base*, with any text in the place of each `ANY`."""
        found = [base]
        for part in path.split("/"):
            found = [
                os.path.join(folder, name)
                for folder in found
                for name in (self.listed(folder, "") if ANY in part else [part])
                if ANY not in part or fits(name, part)
            ][:MOST_FILES]
        return found


def project_of(path: str) -> Project:
    """Return the project that the template at *path* lies in: its checkout, else the current folder, else its own folder."""
    folder = os.path.dirname(os.path.realpath(path))
    here = os.path.realpath(".")
    above = folder
    while True:
        if os.path.exists(os.path.join(above, ".git")):
            return Project(above)
        parent = os.path.dirname(above)
        if parent == above:
            return Project(here if os.path.commonpath((folder, here)) == here else folder)
        above = parent
