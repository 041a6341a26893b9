"""Files as they are in a revision of a git repository: read from its objects, without a checkout and without a shell.

A repository is hostile input. A revision is resolved to the name of an object before it is used, links and submodules are not
followed, nothing is fetched, and what is read is bounded like any other file.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzer.errors import OptionError, SourceError
from analyzer.sources import declares_machine, decode, is_candidate, looks_like_definition
from analyzer.sources.limits import MAX_BYTES
from analyzer.templates import Project
from analyzer.templates.project import MOST_FILES
from analyzer.text import Source

_FILE = ("100644", "100755")
"""The modes of plain files; a link and a submodule have others."""

_PLAIN = (
    "--no-color", "--no-ext-diff", "--no-textconv", "--text", "--inter-hunk-context=0", "--diff-algorithm=myers",
    "--indent-heuristic", "-O/dev/null",
)  # fmt: skip
"""What keeps a difference what it is by default, whatever is configured here and whatever the repository says of a file."""


@dataclass(slots=True)
class Revision(Project):
    """The tree of a revision below the current folder: path from there → object."""

    tree: dict[str, str] = field(default_factory=dict)
    named: str = ""
    _folders: dict[str, list[str]] = field(default_factory=dict)

    def read(self, path: str, base: str) -> Source | None:
        """Return the file that *path* names, from the folder *base*, as it is in the revision."""
        here = os.path.relpath(os.path.normpath(os.path.join(base, path)), self.root).replace(os.sep, "/")
        if here not in self.taken:
            blob = self.tree.get(here)
            if blob is None or len(self.taken) >= MOST_FILES:
                return None
            try:
                self.taken[here] = Source(decode(_git(["cat-file", "blob", blob]), here), here)
            except SourceError:
                return None
        return self.taken[here]

    def sources(self, path: str) -> dict[str, Source]:
        """Return the definitions and templates below *path*, or the one file it is: path → source."""
        whole = os.path.normpath(path).replace(os.sep, "/")
        below = "" if whole == "." else f"{whole}/"
        if whole in self.tree:
            wanted = {whole: self.tree[whole]}
        else:
            wanted = {name: blob for name, blob in self.tree.items() if name.startswith(below) and is_candidate(name)}
        found = {}
        for name, data in zip(wanted, _contents(list(wanted.values())), strict=True):
            try:
                text = decode(data, name)
            except SourceError:
                continue
            if name == whole or self._is_wanted(name, text):
                found[name] = Source(text, name)
        return found

    def _is_wanted(self, name: str, text: str) -> bool:
        if name.lower().endswith(".tf"):
            return declares_machine(os.path.dirname(name), text, self._sources_in)
        return looks_like_definition(text)

    def _sources_in(self, folder: str) -> Iterator[str]:
        found = (self.read(os.path.join(folder, name), self.root) for name in self.listed(os.path.join(self.root, folder), ".tf"))
        return (one.text for one in found if one is not None)

    def listed(self, folder: str, suffix: str) -> list[str]:
        """Return the names of the files and folders in *folder* that end with *suffix*, as they are in the revision."""
        here = os.path.relpath(os.path.normpath(folder), self.root).replace(os.sep, "/")
        if here not in self._folders:
            below = "" if here == "." else f"{here}/"
            names = (name.removeprefix(below).partition("/")[0] for name in self.tree if name.startswith(below))
            self._folders[here] = sorted({name for name in names if not name.startswith(".")})
        return [name for name in self._folders[here] if name.endswith(suffix)]


def read_revision(revision: str) -> Revision:
    """Return the tree of *revision*. Raises `OptionError` for what is no revision here, and where there is no git."""
    commit = _resolve(revision)
    tree = {}
    for entry in _git(["ls-tree", "-r", "-z", "-l", commit, "--", "."]).split(b"\0"):
        about, tab, raw = entry.partition(b"\t")
        if tab:
            mode, _, blob, size = about.decode("ascii").split()
            name = raw.decode("utf-8", "replace")
            if mode in _FILE and size.isdigit() and int(size) <= MAX_BYTES and ".." not in name.split("/"):
                tree[name] = blob
    return Revision(os.path.realpath("."), tree=tree, named=revision)


def _resolve(revision: str) -> str:
    """Return the name of the commit that *revision* means, which is safe to hand on."""
    if revision.startswith("-") or not revision.strip() or not revision.isprintable():
        raise OptionError(f"`{revision}` is no revision")
    try:
        return _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]).decode("ascii").strip()
    except (subprocess.CalledProcessError, UnicodeDecodeError):
        raise OptionError(f"`{revision}` is neither a path nor a revision of a git repository here") from None


def commit_of(revision: str) -> tuple[str, int]:
    """Return the name of the commit *revision* and its time. Raises `OptionError` for what is no revision here."""
    commit = _resolve(revision)
    return commit, int(_git(["show", "--no-patch", "-O/dev/null", "--format=%ct", commit]).decode("ascii").split()[-1])


def merge_base(one: str, other: str) -> str | None:
    """Return the commit that two revisions have last had in common; nothing where none is known, as in a shallow clone."""
    try:
        return _git(["merge-base", _resolve(one), _resolve(other)]).decode("ascii").strip() or None
    except subprocess.CalledProcessError:
        return None


def prefix() -> str:
    """Return the way from the top of the repository to the current folder, `services/orders/`."""
    try:
        return _git(["rev-parse", "--show-prefix"]).decode("utf-8", "replace").removesuffix("\n")
    except subprocess.CalledProcessError:
        return ""


def difference(base: str, head: str, path: str) -> tuple[str, bytes | None] | None:
    """Return what *path*, from the top of the repository, is called in *base*, and how the file differs, as a forge shows it.

    Nothing for a file that does not differ, or that git cannot compare. A new file has no other path, and no difference.
    """
    try:
        changed = iter(_git(["diff", "--name-status", "--no-relative", "--find-renames", "-z", *_PLAIN, base, head]).split(b"\0"))
        names: dict[bytes, bytes | None] = {}
        for status in changed:
            if status:
                old = next(changed)
                names[next(changed) if status[:1] in b"RC" else old] = None if status[:1] == b"A" else old
        raw = path.encode("utf-8", "surrogateescape")
        if raw not in names:
            return None
        before = names[raw]
        if before is None:
            return path, None
        other = before.decode()
        return other, _git(["diff", "--unified=3", *_PLAIN, f"{base}:{other}", f"{head}:{path}"])
    except (subprocess.CalledProcessError, UnicodeDecodeError, ValueError, StopIteration):
        return None


def _contents(blobs: list[str]) -> list[bytes]:
    """Return the contents of *blobs*, all from one process."""
    if not blobs:
        return []
    answer = _git(["cat-file", "--batch"], "\n".join(blobs).encode("ascii") + b"\n")
    found, at = [], 0
    for _ in blobs:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split()[-1])
        found.append(answer[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def _git(arguments: list[str], given: bytes = b"") -> bytes:
    """Run git with a list of arguments. It fetches nothing, takes no lock, and asks nobody."""
    quiet = {"GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "--no-pager", "--no-replace-objects", *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=True, env={**os.environ, **quiet})  # noqa: S603
    except FileNotFoundError:
        raise OptionError("git is not installed, so there are no revisions to compare") from None
    return done.stdout
