"""Who may take the role against who has to: Step Functions for this machine, and nobody else.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from analyzer.compare.catalogue import grants
from analyzer.compare.conditions import Term, terms_of
from analyzer.compare.declared import Declared
from analyzer.compare.findings import Finding, finding
from analyzer.compare.globs import ANY, STAR, covers, overlap, read, written
from analyzer.compare.loosen import Loosen
from analyzer.compare.statements import texts
from analyzer.diagnostics import Severity
from analyzer.text import Json

_ARN, _ACCOUNT = "aws:sourcearn", "aws:sourceaccount"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the derived trust policy says: the service, the action, and the patterns of the source and its account.

    `others` are the sources that may take the role as well, and `unread` what machines are called that may, too, while nobody
    knows their names.
    """

    service: str
    action: str
    arns: tuple[str, ...]
    account: str | None
    others: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def trust_findings(
    machine: str,
    derived: Json,
    declared: Declared,
    loosen: Loosen,
    sharing: Sequence[Json] = (),
    unread: Sequence[str] = (),
) -> Iterator[Finding]:
    """Yield what is wrong about the declared trust policy; nothing when none is declared.

    *sharing* are the derived trust policies of other machines that have the same role, and *unread* what those of them are called
    that could not be analysed.
    """
    if declared.trust is None:
        return
    wanted = _wanted(derived)
    wanted = replace(wanted, others=tuple(arn for one in sharing for arn in _wanted(one).arns), unread=tuple(unread))
    own = []
    doubt = False
    for statement in _statements(declared.trust):
        if statement.get("Effect") == "Deny" or "NotPrincipal" in statement or "NotAction" in statement:
            yield _say("not-decided", machine, declared, "the trust policy has a Deny or an exclusion, which is not compared")
            doubt = True
            continue
        if (condition := _hangs_on(statement)) is not None:
            message = f"a part of the trust policy is in force only where the condition `{condition}` of the template says so"
            yield _say("not-decided", machine, declared, message)
            doubt = True
            continue
        if not grants(texts(statement.get("Action")), wanted.action):
            continue
        yield from _strangers(machine, statement, wanted, declared)
        if _is_for(statement, wanted.service):
            own.append(terms_of(statement.get("Condition")))
        doubt = doubt or any(name == "*" or "${" in name for _, name in _principals(statement))
    if not own and not doubt:
        message = f"`{wanted.service}` may not take the role, so the machine cannot run"
        yield _say("trust-principal", machine, declared, message, f"allow {wanted.action} to the service `{wanted.service}`")
    answers = [list(_source(machine, terms, wanted, declared, loosen)) for terms in own]
    yield from min(answers, key=len, default=[])


def may_take(trust: Json, service: str) -> bool:
    """Tell whether the trust policy *trust* names *service*."""
    return any(_is_for(statement, service) for statement in _statements(trust))


def _wanted(derived: Json) -> _Wanted:
    [statement] = derived["Statement"]
    terms = {term.key: term.values for term in terms_of(statement["Condition"])}
    account = terms.get(_ACCOUNT, (None,))[0]
    return _Wanted(statement["Principal"]["Service"], statement["Action"], terms.get(_ARN, ()), account)


def _statements(trust: Json) -> list[Mapping[str, Json]]:
    found = trust.get("Statement") if isinstance(trust, Mapping) else None
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, Mapping)]


def _hangs_on(part: Json) -> str | None:
    """Return the condition of the template that decides on *part*, or on something in it."""
    if isinstance(part, list):
        return next((found for one in part if (found := _hangs_on(one)) is not None), None)
    if not isinstance(part, Mapping):
        return None
    choice = part.get("Fn::If")
    return str(choice[0]) if isinstance(choice, list) and choice else _hangs_on(list(part.values()))


def _principals(statement: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    principal = statement.get("Principal")
    if isinstance(principal, str):
        yield "AWS", principal
    for kind, names in principal.items() if isinstance(principal, Mapping) else ():
        yield from ((str(kind), name) for name in texts(names))


def _is_service(name: str, service: str) -> bool:
    """Tell whether *name* is the service, or the same by a Region of its own (`states.us-east-1.amazonaws.com`)."""
    head, _, tail = service.partition(".")
    return name == service or (name.startswith(f"{head}.") and tail.split(".")[0] in name.split("."))


def _is_for(statement: Mapping[str, Json], service: str) -> bool:
    return any(kind == "Service" and _is_service(name, service) for kind, name in _principals(statement))


def _strangers(machine: str, statement: Mapping[str, Json], wanted: _Wanted, declared: Declared) -> Iterator[Finding]:
    for kind, name in _principals(statement):
        if kind == "Service" and _is_service(name, wanted.service):
            continue
        if "${" in name:
            message = f"who may take the role is known only to the deployment: `{name}`"
            yield _say("not-decided", machine, declared, message, "", None, name)
            continue
        everybody = name == "*"
        who = "everybody" if everybody else f"the {'service' if kind == 'Service' else 'principal'} `{written(read(name))}`"
        severity = Severity.ERROR if everybody and not statement.get("Condition") else Severity.WARNING
        yield _say("trust-principal", machine, declared, f"{who} may take the role, too", "", severity, name)


def _source(machine: str, terms: tuple[Term, ...], wanted: _Wanted, declared: Declared, loosen: Loosen) -> Iterator[Finding]:
    arns = next((term for term in terms if term.key == _ARN and not term.negated), None)
    accounts = next((term for term in terms if term.key == _ACCOUNT and not term.negated), None)
    if arns is None and accounts is None:
        help = "" if declared.written else "SAM writes no conditions: give the machine a role of its own to have them"
        message = "the role is not pinned to this machine: neither aws:SourceArn nor aws:SourceAccount is asked for"
        yield _say("trust-source", machine, declared, message, help, None if declared.written else Severity.NOTE)
        return
    if arns is not None:
        yield from _source_arn(machine, arns, wanted, declared, loosen)
    else:
        message = "every machine of the account may use the role: aws:SourceArn is not asked for"
        yield _say("trust-source", machine, declared, message, "", Severity.NOTE, _ARN)
    if accounts is not None and wanted.account is not None:
        meant = loosen(wanted.account)
        if not any(overlap(loosen(one), meant) for one in accounts.values):
            shown = written(accounts.values[0]) if accounts.values else ""
            message = f"aws:SourceAccount is `{shown}`, and the machine is of account `{written(wanted.account)}`: it cannot run"
            yield _say("trust-source", machine, declared, message, "", Severity.ERROR, _ACCOUNT)
    elif arns is not None and not all(_names_account(one) for one in arns.values):
        message = "aws:SourceArn leaves the account open, and aws:SourceAccount is not asked for"
        yield _say("trust-source", machine, declared, message, "", None, _ACCOUNT)


def _source_arn(machine: str, arns: Term, wanted: _Wanted, declared: Declared, loosen: Loosen) -> Iterator[Finding]:
    own = wanted.arns[0] if wanted.arns else ""
    if not any(overlap(loosen(one), loosen(own)) for one in arns.values):
        shown = "` or `".join(map(written, arns.values))
        message = f"aws:SourceArn is `{shown}`, and the machine is `{written(own)}`: it cannot run"
        yield _say("trust-source", machine, declared, message, "", Severity.ERROR, _ARN)
        return
    known = [loosen(mine) for mine in (*wanted.arns, *wanted.others)]
    beyond = [one for one in arns.values if not any(covers(mine, loosen(one)) for mine in known)]
    shown = "` or `".join(map(written, beyond))
    exact = all(STAR not in one and ANY not in one for one in beyond)
    if beyond and exact and wanted.unread:
        which = f"`{wanted.unread[0]}`, which shares the role and could not be analysed"
        message = f"aws:SourceArn is `{shown}`, and it is not known whether that is {which}"
        yield _say("not-decided", machine, declared, message, "mend that definition first", None, _ARN)
    elif beyond and exact and all(overlap(loosen(one), loosen(own)) for one in beyond):
        message = f"aws:SourceArn is `{shown}`, and only the deployment knows whether that is the machine `{written(own)}`"
        yield _say("not-decided", machine, declared, message, "", None, _ARN)
    elif beyond:
        message = f"aws:SourceArn is `{shown}`, which lets in more than the machine `{written(own)}`"
        yield _say("trust-source", machine, declared, message, "", Severity.NOTE, _ARN)


def _names_account(arn: str) -> bool:
    fields = arn.split(":")
    return len(fields) > 4 and bool(fields[4]) and not any(char in written(fields[4]) for char in "*?")


def _say(
    id: str,
    machine: str,
    declared: Declared,
    message: str,
    help: str = "",
    severity: Severity | None = None,
    about: str = "",
) -> Finding:
    return finding(
        id, machine, message, declared.place, severity=severity, help=help, statement="trust policy", resource=about or None
    )
