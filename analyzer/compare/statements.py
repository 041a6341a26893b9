"""IAM statements as what they allow: one frozen noun, the clause, and the requests that clauses are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from analyzer.compare.catalogue import grants
from analyzer.compare.conditions import Term, terms_of
from analyzer.compare.globs import ANY, STAR, matches, overlap, read
from analyzer.text import Json, Pointer, Source

LONGEST = 2_048
"""Characters of a text in a statement that is compared: no ARN is longer."""

_UNREAD = ("NotAction", "NotResource", "NotPrincipal")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: its text, the way to it, and what people call it (``statement `Write` ``)."""

    title: str
    source: Source | None = None
    pointer: Pointer = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement: actions as they are written, resources as patterns that were read, and its terms.

    `open` says why what it allows or denies is not worked out: a Deny, or what is said by exclusion. Such a clause is never
    approximated; `concerns` tells what it may have a say in.
    """

    place: Place
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    terms: tuple[Term, ...] = ()
    open: str = ""
    denies: bool = False
    excluded: tuple[str, ...] = ()

    def concerns(self, action: str, resource: str, meet: Callable[[str, str], bool] = overlap) -> bool:
        """Tell whether the statement may say something about *action* on *resource*; *meet* says whether two patterns may."""
        if self.excluded and grants(self.excluded, action):
            return False
        named = not self.actions or grants(self.actions, action)
        return named and (not self.resources or any(meet(one, resource) for one in self.resources))


@dataclass(frozen=True, slots=True)
class Request:
    """A request to AWS: the action, the ARN and what the condition keys hold."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Rights:
    """The clauses of all policies of a role. The other fields are remembered: which clauses an action is among."""

    clauses: tuple[Clause, ...]
    taken: dict[str, tuple[Clause, ...]] = field(default_factory=dict, repr=False, compare=False)
    named: dict[str, set[int]] = field(default_factory=dict, repr=False, compare=False)
    meant: list[tuple[str, int]] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        for number, clause in enumerate(self.clauses):
            for written in clause.actions if not clause.open else ():
                pattern = read(written.lower())
                if STAR in pattern or ANY in pattern:
                    self.meant.append((pattern, number))
                else:
                    self.named.setdefault(pattern, set()).add(number)

    def of(self, action: str) -> tuple[Clause, ...]:
        """Return the clauses that allow *action* on something."""
        if action not in self.taken:
            folded = action.lower()
            numbers = {number for pattern, number in self.meant if matches(pattern, folded)} | self.named.get(folded, set())
            self.taken[action] = tuple(self.clauses[number] for number in sorted(numbers))
        return self.taken[action]

    def open_about(self, action: str, resource: str) -> Iterable[Clause]:
        """Yield the clauses that may allow or deny *action* on *resource* in a way that is not worked out."""
        return (one for one in self.clauses if one.open and one.concerns(action, resource))


def clause_of(statement: Json, place: Place) -> Clause | None:
    """Read one statement; `None` for what is none. What could not be read is a text that says what it is."""
    statement, condition = conditioned(statement)
    if isinstance(statement, str):
        return Clause(place, (), (), (), f"{statement}, which is not understood")
    if not isinstance(statement, Mapping):
        return None
    effect = str(statement.get("Effect", ""))
    excluded = [key for key in _UNREAD if key in statement]
    resources = tuple(read(one) for one in texts(statement.get("Resource")))
    why = "a Deny, which is not compared" if effect == "Deny" else ""
    if effect == "Allow" and excluded:
        why = f"written with {excluded[0]}, which is not compared"
    elif effect not in ("Allow", "Deny"):
        why = "without an Effect that IAM knows"
    elif condition:
        why = why or f"in force only where the condition `{condition}` of the template says so"
    terms = terms_of(statement.get("Condition"))
    if any(len(one) > LONGEST for one in (*resources, *(value for term in terms for value in term.values))):
        why = why or "with a text that is longer than any ARN, which is not compared"
        resources, terms = (), ()
    return Clause(
        place,
        texts(statement.get("Action")),
        resources,
        terms,
        why,
        effect == "Deny",
        texts(statement.get("NotAction")),
    )


def conditioned(one: Json) -> tuple[Json, str]:
    """Return a statement or a policy of a template, and the condition under which it is there; nothing where it always is."""
    choice = one.get("Fn::If") if isinstance(one, Mapping) and len(one) == 1 else None
    return (choice[1], str(choice[0])) if isinstance(choice, list) and len(choice) == 3 else (one, "")


def texts(value: Json) -> tuple[str, ...]:
    """Return the texts of a value that may be one or a list of them."""
    return tuple(one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))


def titled(statement: Json, number: int, whose: str = "") -> str:
    """Return what people call a statement: its Sid, else its number."""
    statement, _ = conditioned(statement)
    sid = statement.get("Sid") if isinstance(statement, Mapping) else None
    name = f"statement `{sid}`" if isinstance(sid, str) and sid else f"statement {number}"
    return f"{name} of {whose}" if whose else name


def clauses_of(document: Json, whose: str = "", source: Source | None = None, at: Pointer = ()) -> tuple[Clause, ...]:
    """Read the statements of a policy document."""
    found = document.get("Statement") if isinstance(document, Mapping) else None
    listed = found if isinstance(found, list) else [] if found is None else [found]
    made = []
    for number, statement in enumerate(listed):
        pointer = (*at, "Statement", number) if isinstance(found, list) else (*at, "Statement")
        clause = clause_of(statement, Place(titled(statement, number + 1, whose), source, pointer))
        if clause is not None:
            made.append(clause)
    return tuple(made)
