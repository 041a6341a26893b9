"""What there is to say on a pull request, as plain data: it is written by one run and may be read by another one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of a file; without a line, the file."""

    path: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Who needs a permission: a state, or with `None` the machine itself, and the page that says so."""

    state: str | None
    spot: Spot
    page: str


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that only the head needs (`added`), or only the base."""

    added: bool
    action: str
    resource: str
    condition: str
    role: str
    certainty: str
    reasons: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that somebody should look at: a finding about the declared role, or a new diagnostic."""

    severity: str
    id: str
    message: str
    help: str
    spot: Spot | None


@dataclass(frozen=True, slots=True)
class Block:
    """A text to show as code: a policy or what changed in one. `title` says whose it is."""

    title: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines of a file of the head, `start` to `line`, and the `text` that is to stand there, without its last line end.

    `path` goes from the top of the repository, as does `old_path`, that of the file in the base. `old_line` is the line of the
    base that `line` is; nothing when the request adds it. `replaces` is the digest of what stands there, `title` whose it is.
    """

    title: str
    path: str
    start: int
    line: int
    text: str
    replaces: str
    old_path: str
    old_line: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """One state machine of which there is something to say. `kind` is `added`, `removed`, `changed` or `same`.

    `remarks` are what the base has not, and `older` says how many findings about the declared role it has already. `edits` put
    the policy into its template, all of them together. `place` says whether they can be offered in the diff.
    """

    name: str
    path: str
    kind: str
    permissions: tuple[Permission, ...] = ()
    differences: tuple[Block, ...] = ()
    suggestion: tuple[Block, ...] = ()
    remarks: tuple[Remark, ...] = ()
    wildcards: int = 0
    diagram: str = ""
    edits: tuple[Edit, ...] = ()
    place: str = ""
    older: int = 0

    @property
    def added(self) -> int:
        """How many permissions only the head needs."""
        return sum(one.added for one in self.permissions)

    @property
    def removed(self) -> int:
        """How many permissions only the base needs."""
        return len(self.permissions) - self.added


@dataclass(frozen=True, slots=True)
class Review:
    """Everything there is to say.

    `total` counts all machines of the head, `incomplete` is whether an input was not analysed. `settings` is the path of the
    configuration when the request changes it: what it assumes and lives with is what all of this is measured by.
    """

    machines: tuple[Machine, ...]
    total: int
    incomplete: bool = False
    settings: str = ""
