"""Files as they are in a revision of a git repository: read from its objects, without a checkout and without a shell.

A repository is hostile input. A revision is resolved to the name of an object before it is used, links and submodules are not
followed, nothing is fetched, and what is read is bounded like any other file.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from analyzer.errors import OptionError, SourceError
from analyzer.report.paint import printable
from analyzer.sources import declares_machine, decode, is_candidate, looks_like_definition
from analyzer.sources.limits import MAX_BYTES
from analyzer.templates import Project
from analyzer.templates.project import MOST_FILES
from analyzer.text import Source

_FILE = ("100644", "100755")
"""The modes of plain files; a link and a submodule have others."""

_LINK = "120000"

MOST_LINKS = 40
"""Links on the way to one file, as many as Linux follows."""

LONGEST_LINK = 4096

AT_ONCE = 32
"""Files that one process gives the contents of."""

_PLAIN = (
    "--no-color", "--no-ext-diff", "--no-textconv", "--text", "--inter-hunk-context=0", "--diff-algorithm=myers",
    "--indent-heuristic", "-O/dev/null",
)  # fmt: skip
"""What keeps a difference what it is by default, whatever is configured here and whatever the repository says of a file."""


class NoRepository(OptionError):
    """There is no repository here, or none that git would read."""


@dataclass(slots=True)
class Revision(Project):
    """The tree of a revision: path from the current folder → object. `links` are its links, of the same form."""

    tree: dict[str, str] = field(default_factory=dict)
    named: str = ""
    links: dict[str, str] = field(default_factory=dict)
    texts: dict[str, Source] = field(default_factory=dict)
    """What was read, whoever named it."""

    unread: dict[str, str] = field(default_factory=dict)
    """What is there and is not read: path → why."""

    folders: dict[str, list[str]] = field(default_factory=dict)
    """Folder → the names in it, of files and of links."""

    def read(self, path: str, base: str) -> Source | None:
        """Return the file that *path* names, from the folder *base*, as it is in the revision."""
        here = self._followed(self._here(os.path.join(base, path)))
        if here not in self.taken:
            blob = self.tree.get(here)
            if blob is None or len(self.taken) >= MOST_FILES:
                return None
            try:
                self.taken[here] = self.texts.get(here) or Source(decode(_git(["cat-file", "blob", blob]), here), here)
            except SourceError:
                return None
            self.texts[here] = self.taken[here]
        return self.taken[here]

    def listed(self, folder: str, suffix: str) -> list[str]:
        """Return the names of the files in *folder* that end with *suffix*, as it is in the revision."""
        names = self.folders.get(self._followed(self._here(folder)), ())
        return sorted(name for name in names if name.endswith(suffix) and not name.startswith("."))

    def _here(self, path: str) -> str:
        return os.path.relpath(os.path.normpath(path), self.root).replace(os.sep, "/")

    def _followed(self, path: str) -> str:
        """Return where the links of the revision on the way to *path* lead to; it is only looked up in the revision."""
        for _ in range(MOST_LINKS):
            steps = path.split("/")
            ways = ("/".join(steps[:number]) for number in range(1, len(steps) + 1))
            link = next((way for way in ways if way in self.links), None)
            if link is None:
                break
            target = _git(["cat-file", "blob", self.links[link]]).decode("utf-8", "replace")
            path = os.path.normpath(os.path.join(os.path.dirname(link), target) + path.removeprefix(link)).replace(os.sep, "/")
        return path

    def _terraform_in(self, folder: str) -> Iterator[str]:
        found = (self.afresh().read(name, folder) for name in self.listed(folder, ".tf"))
        return (one.text for one in found if one is not None)

    def sources(self, path: str) -> dict[str, Source]:
        """Return the definitions and templates below *path*, or the one file it is: path → source."""
        whole = os.path.normpath(path).replace(os.sep, "/")
        below = "" if whole == "." else f"{whole}/"
        if whole in self.tree:
            wanted = {whole: self.tree[whole]}
        else:
            inside = {name: blob for name, blob in self.tree.items() if name.startswith(below) and not name.startswith("../")}
            wanted = {name: blob for name, blob in inside.items() if is_candidate(name)}
        found = {}
        for name, data in zip(wanted, _contents(list(wanted.values())), strict=True):
            try:
                text = decode(data, name)
            except SourceError as error:
                self.unread[name] = str(error)
                continue
            if name == whole or self._looks_like_definition(name, text):
                found[name] = self.texts[name] = Source(text, name)
        return found

    def _looks_like_definition(self, name: str, text: str) -> bool:
        if not name.lower().endswith(".tf"):
            return looks_like_definition(text)
        return declares_machine(text, os.path.join(self.root, os.path.dirname(name)), self._terraform_in)


def read_revision(revision: str) -> Revision:
    """Return the tree of *revision*. Raises `OptionError` for what is no revision here, and where there is no git."""
    commit = _resolve(revision)
    here = prefix()
    try:
        listed = _git(["ls-tree", "-r", "-z", "-l", "--full-tree", commit])
    except subprocess.CalledProcessError:
        raise OptionError(f"files of `{revision}` are not in this clone: clone it whole, without a filter") from None
    found = Revision(os.path.realpath("."), named=revision)
    for entry in listed.split(b"\0"):
        about, tab, raw = entry.partition(b"\t")
        if tab:
            mode, _, blob, size = about.decode("ascii").split()
            name = raw.decode("utf-8", "replace")
            if ".." in name.split("/"):
                continue
            if here:
                name = name.removeprefix(here) if name.startswith(here) else os.path.relpath(name, here).replace(os.sep, "/")
            found.folders.setdefault(os.path.dirname(name) or ".", []).append(os.path.basename(name))
            if mode in _FILE and size.isdigit() and int(size) <= MAX_BYTES:
                found.tree[name] = blob
            elif mode == _LINK:
                found.unread[name] = "it is a link, which is only followed where a template names it"
                if size.isdigit() and int(size) <= LONGEST_LINK:
                    found.links[name] = blob
            elif mode in _FILE:
                found.unread[name] = f"it has {size} bytes"
    return found


def _resolve(revision: str) -> str:
    """Return the name of the commit that *revision* means, which is safe to hand on."""
    if revision.startswith("-") or not revision.strip() or not revision.isprintable():
        raise OptionError(f"`{revision}` is no revision")
    try:
        return _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]).decode("ascii").strip()
    except (subprocess.CalledProcessError, UnicodeDecodeError):
        _check_repository()
        raise OptionError(f"`{revision}` is neither a path nor a revision of a git repository here") from None


def _check_repository() -> None:
    """Say what git has against the repository itself. Raises `NoRepository` where it reads none, as in that of another user."""
    try:
        _git(["rev-parse", "--git-dir"])
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.decode("utf-8", "replace").removeprefix("fatal: ").split())
        raise NoRepository(f"git reads no repository here: {printable(said)}") from None


def has(revision: str, path: str) -> bool:
    """Tell whether there is something at *path*, from the current folder, in *revision*."""
    path = os.path.normpath(path).replace(os.sep, "/")
    return path == "." or bool(_git(["ls-tree", "-z", _resolve(revision), "--", path]))


def is_shallow() -> bool:
    """Tell whether the history ends before its beginning here."""
    return _git(["rev-parse", "--is-shallow-repository"]).strip() == b"true"


def commit_of(revision: str) -> tuple[str, int]:
    """Return the name of the commit *revision* and its time, 0 for one that is none.

    Raises `OptionError` for what is no revision here.
    """
    commit = _resolve(revision)
    time = _git(["show", "--no-patch", "-O/dev/null", "--format=%ct", commit]).decode("ascii", "replace").split()[-1:]
    return commit, int(time[0]) if time and time[0].isdecimal() else 0


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


def changed_files(base: str, head: str) -> dict[bytes, bytes | None]:
    """Return the files that two commits differ in, each with what it is called in *base*: a new file has no other path.

    None where git cannot compare the commits.
    """
    names: dict[bytes, bytes | None] = {}
    try:
        changed = iter(_git(["diff", "--name-status", "--no-relative", "--find-renames", "-z", *_PLAIN, base, head]).split(b"\0"))
        for status in changed:
            if status:
                old = next(changed)
                names[next(changed) if status[:1] in b"RC" else old] = None if status[:1] == b"A" else old
    except (subprocess.CalledProcessError, StopIteration):
        return {}
    return names


def difference(base: str, head: str, path: str, names: Mapping[bytes, bytes | None]) -> tuple[str, bytes | None] | None:
    """Return what *path*, from the top of the repository, is called in *base*, and how the file differs, as a forge shows it.

    *names* are the `changed_files` of the two. Nothing for a file that is none of them, or that git cannot compare. A new file
    has no other path, and no difference.
    """
    raw = path.encode("utf-8", "surrogateescape")
    if raw not in names:
        return None
    before = names[raw]
    if before is None:
        return path, None
    try:
        other = before.decode()
        return other, _git(["diff", "--unified=3", *_PLAIN, f"{base}:{other}", f"{head}:{path}"])
    except (subprocess.CalledProcessError, UnicodeDecodeError, ValueError):
        return None


def _contents(blobs: list[str]) -> Iterator[bytes]:
    """Yield the contents of *blobs*. A process gives some of them, so that what is held at once is bounded."""
    for start in range(0, len(blobs), AT_ONCE):
        some = blobs[start : start + AT_ONCE]
        answer = _git(["cat-file", "--batch"], "\n".join(some).encode("ascii") + b"\n")
        at = 0
        for _ in some:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].split()[-1])
            yield answer[end + 1 : end + 1 + size]
            at = end + 1 + size + 1


def _git(arguments: list[str], given: bytes = b"") -> bytes:
    """Run git with a list of arguments. It fetches nothing, takes no lock, and asks nobody."""
    quiet = {"GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "--no-pager", "--no-replace-objects", *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=True, env={**os.environ, **quiet})  # noqa: S603
    except FileNotFoundError:
        raise OptionError("git is not installed, so there are no revisions to compare") from None
    return done.stdout
