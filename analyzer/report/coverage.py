"""What the service maps cover: per integration and pattern, the actions with their resources and the pages that say so."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.integrations import MACHINE, SUFFIXES
from analyzer.maps import SDK, GrantRule, Index, Operation, sdk_index, service_map
from analyzer.report.paint import Paint, count, wrap
from analyzer.text import Json

SDK_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html"
_SUFFIX_OF = {pattern: suffix for suffix, pattern in SUFFIXES.items()}


def coverage_text(index: Index, service: str | None, paint: Paint) -> str:
    """Write one line for each service, or everything about one of them."""
    lines = list(_overview(index, paint)) if service is None else list(_service(index, service, paint))
    return "\n".join(lines) + "\n"


def coverage_data(index: Index, services: list[str]) -> list[dict[str, Json]]:
    """Return everything about *services* as data."""
    return [
        {
            "service": service,
            "title": _entry(index, service)["title"],
            "guide": _entry(index, service)["guide"],
            "operations": [
                {
                    "operation": name,
                    "patterns": list(operation.patterns),
                    "source": operation.source,
                    "grants": [_grant(rule) for rule in operation.grants],
                }
                for name, operation in sorted(service_map(service).operations.items())
            ],
        }
        for service in services
    ]


def covered_services(index: Index) -> list[str]:
    """Return every name that `service` may be: those of the optimized integrations, and `aws-sdk:` with each SDK service."""
    return [*sorted(index.services), *(f"{SDK}{name}" for name in sorted(sdk_index().services))]


def sdk_data() -> dict[str, Json]:
    """Return how the operations of the AWS SDK integrations came by their permissions, in numbers."""
    return {"services": len(sdk_index().services), **sdk_index().coverage}


def _entry(index: Index, service: str) -> dict[str, str]:
    """Return the title and the guide of a service; one of the AWS SDK has none of its own."""
    if service.startswith(SDK):
        return {"title": "AWS SDK integration", "guide": SDK_GUIDE}
    entry = index.services[service]
    return {"title": entry["title"], "guide": entry["guide"]}


def _overview(index: Index, paint: Paint) -> Iterator[str]:
    integrations = sorted(index.services.keys() - {MACHINE})
    width = max(map(len, integrations), default=0)
    total = 0
    for service in integrations:
        entry = index.services[service]
        operations = entry["operations"]
        total += sum(len(patterns) for patterns in operations.values())
        yield f"{paint(f'{service:{width}}', 'title')}  {entry['title']}"
        for name, patterns in sorted(operations.items()):
            yield f"{'':{width}}  {name}{_patterns(patterns)}"
        others = {str(row["operation"]) for row in (*index.direct, *index.sdk.values()) if row["service"] == service}
        yield from (f"{'':{width}}  {_label(index, service, name)}" for name in sorted(others - operations.keys()))
    yield ""
    yield f"{count(len(integrations), 'service')}, {count(total, 'integration')}"
    yield ""
    yield from _sdk_overview(paint)
    yield ""
    yield "`asl-iam maps SERVICE` shows the permissions of one, `asl-iam maps aws-sdk:SERVICE` those of its API,"
    yield f"`asl-iam maps {MACHINE}` what a state machine needs for itself"


def _sdk_overview(paint: Paint) -> Iterator[str]:
    """Say how many operations there are, how their actions are known, and how narrow their resources are."""
    coverage = sdk_index().coverage
    actions, resources, shares = coverage["actions"], coverage["resources"], coverage["shares"]
    total = sum(actions.values())
    yield f"{paint('aws-sdk', 'title')}  {count(len(sdk_index().services), 'service')}, {count(total, 'operation')}"
    doubtful = sum(actions.get(kind, 0) for kind in ("unverified", "no entry"))
    newer, unnamed = actions.get("own name", 0), resources.get("nothing names it", 0)
    yield f"  actions    {shares['actions verified']} % verified, {newer} newer operations granted by their name,"
    yield f"             {doubtful} that no source settles; both are reported"
    yield f"  resources  {shares['resources as narrow as the request']} % as narrow as the request,"
    yield f"             {shares['resources at least in part']} % at least in part; {unnamed} requests name none"


def _label(index: Index, service: str, operation: str) -> str:
    """Name an operation as a task chooses it: some by an ARN of what they use, some by an AWS SDK integration."""
    if service.startswith(SDK):
        return operation[0].lower() + operation[1:]
    kinds = (row["kind"] for row in index.direct if (row["service"], row["operation"]) == (service, operation))
    optimized = operation in index.services[service]["operations"]
    return next((f"{kind} ARN" for kind in kinds), operation if optimized else f"{operation} as an AWS SDK integration")


def _patterns(patterns: list[str] | tuple[str, ...]) -> str:
    """Write patterns as they stand at the end of an ARN: ` (.sync, .waitForTaskToken)`, nothing for request response alone."""
    shown = [_SUFFIX_OF.get(pattern, pattern.replace("_", " ")) or "request response" for pattern in patterns]
    return "" if shown == ["request response"] or list(patterns) == [MACHINE] else " (" + ", ".join(shown) + ")"


def _service(index: Index, service: str, paint: Paint) -> Iterator[str]:
    entry = _entry(index, service)
    yield f"{paint(service, 'title')} · {entry['title']}"
    yield paint(entry["guide"], "quiet")
    for name, operation in sorted(service_map(service).operations.items()):
        yield ""
        patterns = "" if service.startswith(SDK) else _patterns(operation.patterns)  # all operations of the SDK have both
        yield f"{paint(_label(index, service, name), 'title')}{patterns}"
        yield from _operation(operation, entry["guide"], paint)


def _operation(operation: Operation, guide: str, paint: Paint) -> Iterator[str]:
    if operation.note:
        yield from wrap(operation.note, "  ", "  ")
    if not operation.grants:
        yield "  needs no permission"
    for doubt in dict.fromkeys(operation.unverified.values()):
        yield from wrap(f"unverified: {doubt}", "  ", "  ")
    for rule in operation.grants:
        only = (
            "" if set(operation.patterns) <= rule.only else _patterns([name for name in operation.patterns if name in rule.only])
        )
        lines = wrap(", ".join(rule.actions) or str(rule.external), "  ", "    ")
        yield from (paint(line, "action") for line in lines[:-1])
        yield f"{paint(lines[-1], 'action')} · {rule.level}{only}"
        yield from (f"      {template.text}" for template in rule.resources)
        for operator, key, values in rule.condition:
            yield from wrap(f"if {key} {operator} {' or '.join(value.text for value in values)}", "      ", "         ")
        for word, said in (
            ("when", _test(rule.when)),
            ("assumes", rule.assume),
            ("not granted", rule.external),
            ("unverified", rule.unverified),
        ):
            if said:
                yield from wrap(f"{word} {said}", "      ", "         ")
        if rule.source != guide:
            yield f"      {paint(rule.source, 'quiet')}"


def _test(test: Json) -> str:
    """Write a compiled test as the maps write it: `["present", "Tags"]` is `present(Tags)`."""
    if isinstance(test, list) and test:
        return f"{test[0]}({', '.join(map(_test, test[1:]))})"
    return "" if test is None else str(test)


def _grant(rule: GrantRule) -> dict[str, Json]:
    return {
        "actions": list(rule.actions),
        "resources": [template.text for template in rule.resources],
        "condition": {
            operator: {name: [value.text for value in values] for other, name, values in rule.condition if other == operator}
            for operator, _, _ in rule.condition
        }
        or None,
        "level": rule.level,
        "patterns": sorted(rule.only),
        "when": _test(rule.when) or None,
        "assumes": rule.assume,
        "external": rule.external,
        "unverified": rule.unverified,
        "source": rule.source,
    }
