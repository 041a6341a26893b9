"""Turn the reviewed YAML into the JSON that the program reads: sugar expanded, tests parsed, forms gathered.

The output depends on the YAML alone and is the same for the same input; `check` compares it with the service
authorization data.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built
PATTERNS = ("request_response", "sync", "sync:2", "wait_for_task_token", "item_reader", "result_writer", "machine")
LEVELS = ("call", "poll", "cancel", "managed_rule", "pass_role", "tag", "encryption", "data")
MANAGED_RULE = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
GRANT_KEYS = {
    "level", "only", "actions", "resources", "condition", "when", "source", "because", "beyond", "assume", "external",
    "unverified", "note", "other_regions", "fact", "managed_rule", "pass_role",
}  # fmt: skip
OPERATION_KEYS = {
    "api", "patterns", "grants", "parameters", "note", "unverified", "source", "integration", "sql", "starts", "credentials",
}  # fmt: skip
SQL_KEYS = {"statement", "dialect", "defaults"}
STARTS_KEYS = {"machine", "input"}
FACT_KEYS = {"is", "of", "read", "none"}
SERVICE_KEYS = {
    "service",
    "title",
    "guide",
    "sdk",
    "forms",
    "operations",
    "direct",
    "sdk_operations",
    "trust",
    "version",
    "grants",
}


class MapError(Exception):
    """A service map that makes no sense; the message names the map and the entry."""


def load_yaml(path: Path) -> Any:
    """Read one YAML file of the maps."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - either loader is a safe one


def compile_all(root: Path = ROOT) -> dict[str, Any]:
    """Compile every map under *root*: {relative output path: JSON value}.

    Raises `MapError` for an entry that the map format does not allow.
    """
    shared = load_yaml(root / "forms.yaml")
    outputs: dict[str, Any] = {}
    index: dict[str, Any] = {"services": {}, "direct": [], "sdk": {}}
    for path in sorted((root / "optimized").glob("*.yaml")):
        raw = load_yaml(path)
        compiled = compile_service(raw, shared, path.name)
        outputs[f"optimized/{compiled['service']}.json"] = compiled
        index["services"][compiled["service"]] = {
            "title": raw["title"],
            "guide": raw["guide"],
            # An operation that is reached only by an ARN of its own or from the SDK is no integration of this service.
            "operations": {
                name: entry["patterns"]
                for name, entry in compiled["operations"].items()
                if raw["operations"][name].get("integration", True)
            },
        }
        index["direct"].extend({**row, "service": compiled["service"]} for row in raw.get("direct", []))
        for name, operation in raw.get("sdk_operations", {}).items():
            index["sdk"][name.casefold()] = {"service": compiled["service"], "operation": operation}
        index.update({key: raw[key] for key in ("trust", "version") if key in raw})
    outputs["index.json"] = index
    return outputs


def compile_service(raw: dict[str, Any], shared: dict[str, Any], name: str) -> dict[str, Any]:
    """Compile one service map. *shared* holds the forms of `forms.yaml`; *name* is for messages."""
    only_keys(raw, SERVICE_KEYS, name)
    forms = {**shared, **raw.get("forms", {})}
    operations = {}
    used: set[str] = set()
    for operation, entry in raw["operations"].items():
        place = f"{name}: {operation}"
        only_keys(entry, OPERATION_KEYS, place)
        patterns = entry["patterns"]
        if unknown := set(patterns) - set(PATTERNS):
            raise MapError(f"{place}: unknown patterns {sorted(unknown)}")
        source = entry.get("source", raw["guide"])
        grants = compile_grants(entry.get("grants", []), source, place, patterns)
        for grant in grants:
            used.update(forms_of(grant))
        operations[operation] = {
            "patterns": patterns,
            "grants": grants,
            **({"note": entry["note"]} if "note" in entry else {}),
            **({"unverified": entry["unverified"]} if "unverified" in entry else {}),
            **compile_sql(entry, place),
            **compile_starts(entry, place),
            **({"credentials": False} if entry.get("credentials") is False else {}),
            "source": source,
        }
    if missing := used - set(forms):
        raise MapError(f"{name}: unknown forms {sorted(missing)}")
    return {
        "service": raw["service"],
        "forms": {form: [_compile_case(case, f"{name}: form {form}") for case in forms[form]] for form in sorted(used)},
        "operations": operations,
    }


def compile_grants(written: list[dict[str, Any]], source: str | None, place: str, patterns: list[str] | None = None) -> list[Any]:
    """Compile a list of grants as a map writes them. Without *patterns*, they hold in whichever pattern the call is made.

    A grant takes *source* for its page unless it names one; without either it has none, and the reader knows a default.
    """
    compiled: list[dict[str, Any]] = []
    for at, grant in enumerate(spliced(written)):
        where = f"{place}: grant {at}"
        compiled.extend(_compile_grant(one, source, patterns, where) for one in expand(grant, where))
    return compiled


def spliced(grants: list[Any]) -> list[dict[str, Any]]:
    """Return *grants* with the lists among them, which YAML aliases share between operations, taken apart."""
    return [one for grant in grants for one in (spliced(grant) if isinstance(grant, list) else [grant])]


def compile_sql(entry: dict[str, Any], place: str) -> dict[str, Any]:
    """Return what an operation says of its SQL text, as the program reads it; nothing when it has none."""
    if "sql" not in entry:
        return {}
    only_keys(entry["sql"], SQL_KEYS, f"{place}: sql")
    if missing := {"statement", "dialect"} - set(entry["sql"]):
        raise MapError(f"{place}: sql lacks {sorted(missing)}")
    return {"sql": entry["sql"]}


def compile_starts(entry: dict[str, Any], place: str) -> dict[str, Any]:
    """Return which parameters of an operation name the machine it starts and the input; nothing when it starts none."""
    if "starts" not in entry:
        return {}
    only_keys(entry["starts"], STARTS_KEYS, f"{place}: starts")
    if missing := STARTS_KEYS - set(entry["starts"]):
        raise MapError(f"{place}: starts lacks {sorted(missing)}")
    return {"starts": entry["starts"]}


def only_keys(entry: dict[str, Any], allowed: set[str], place: str) -> None:
    """Raise `MapError` when *entry* has a key that nobody reads."""
    if unknown := set(entry) - allowed:
        raise MapError(f"{place}: unknown keys {sorted(unknown)}")


def expand(grant: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """Expand the two kinds of grant that every service writes alike."""
    only_keys(grant, GRANT_KEYS, place)
    rest = {key: value for key, value in grant.items() if key not in ("managed_rule", "pass_role")}
    if rule := grant.get("managed_rule"):
        resource: dict[str, Any] = {
            "type": "rule-on-default-event-bus",
            "arn": f"arn:{{partition}}:events:{{region}}:{{account}}:rule/{rule}",
        }
        return [{"level": "managed_rule", "only": ["sync"], "actions": MANAGED_RULE, "resources": [resource], **rest}]
    if handed := grant.get("pass_role"):
        operator = "StringLike" if any("*" in name for name in as_list(handed["to"])) else "StringEquals"
        expanded = []
        for parameter in as_list(handed["roles"]):
            role: dict[str, Any] = {
                "type": "role",
                "arn": f"arn:{{partition}}:iam::{{account}}:role/{{{parameter}}}",
                "read": {parameter: handed.get("form", "role")},
            }
            present = f"present({parameter})"
            expanded.append(
                {
                    "level": "pass_role",
                    "actions": ["iam:PassRole"],
                    "resources": [role],
                    "condition": {operator: {"iam:PassedToService": handed["to"]}},
                    **rest,
                    "when": f"all({present}, {rest['when']})" if "when" in rest else present,
                }
            )
        return expanded
    return [grant]


def _compile_grant(grant: dict[str, Any], source: str | None, patterns: list[str] | None, place: str) -> dict[str, Any]:
    if grant.get("level") not in LEVELS:
        raise MapError(f"{place}: level must be one of {LEVELS}")
    compiled: dict[str, Any] = {
        "level": grant["level"],
        "actions": sorted(grant["actions"]),
        "resources": [_compile_resource(entry, place) for entry in grant["resources"]],
        **({"source": page} if (page := grant.get("source", source)) else {}),
    }
    if patterns is not None:
        compiled["only"] = _only(grant, patterns, place)
    if "condition" in grant:
        compiled["condition"] = {
            operator: {key: [_compile_text(value) for value in as_list(values)] for key, values in sorted(keys.items())}
            for operator, keys in sorted(grant["condition"].items())
        }
    if "when" in grant:
        compiled["when"] = parse_test(grant["when"], place)
    if "fact" in grant:
        compiled["fact"] = _compile_fact(grant, place)
    for key in ("assume", "external", "unverified", "note", "because", "other_regions"):
        if key in grant:
            compiled[key] = grant[key]
    return compiled


def _compile_fact(grant: dict[str, Any], place: str) -> dict[str, Any]:
    fact: dict[str, Any] = grant["fact"]
    only_keys(fact, FACT_KEYS, f"{place}: fact")
    if missing := {"is", "of"} - set(fact):
        raise MapError(f"{place}: fact lacks {sorted(missing)}")
    if fact.get("none", "open") != "open":
        raise MapError(f"{place}: fact: none can only be open")
    if not {"assume", "external"} & set(grant):
        raise MapError(f"{place}: a fact may be unknown, so the grant has to say what it then assumes")
    forms = fact.get("read", {})
    texts = as_list(fact["of"])
    of = [{"arn": text, "read": {name: form for name, form in forms.items() if f"{{{name}}}" in text}} for text in texts]
    return {**{key: fact[key] for key in ("is", "none") if key in fact}, "of": of}


def _only(grant: dict[str, Any], patterns: list[str], place: str) -> list[str]:
    only = grant.get("only", patterns)
    if unknown := set(only) - set(PATTERNS):
        raise MapError(f"{place}: unknown patterns {sorted(unknown)}")
    if "sync" in only and "sync:2" in patterns:
        only = [*only, "sync:2"]
    if not set(only) & set(patterns):
        raise MapError(f"{place}: applies to no pattern of its operation")
    return sorted(set(only) & set(patterns))


def _compile_resource(entry: Any, place: str) -> dict[str, Any]:
    if entry == "*":
        return {"arn": "*"}
    only_keys(entry, {"type", "arn", "read", "unknown"}, place)
    return {key: entry[key] for key in ("arn", "read", "unknown") if key in entry}


def _compile_text(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"text": value}
    return {key: value[key] for key in ("text", "read") if key in value}


def _compile_case(case: dict[str, Any], place: str) -> dict[str, Any]:
    only_keys(case, {"match", "give", "arn"}, place)
    try:
        re.compile(case["match"])
    except re.error as error:
        raise MapError(f"{place}: {case['match']!r}: {error}") from error
    if ("give" in case) == ("arn" in case):
        raise MapError(f"{place}: a case has either give or arn")
    return dict(case)


def forms_of(grant: dict[str, Any]) -> set[str]:
    """Return the names of the forms that a compiled grant reads its parameters with."""
    texts = [text for keys in grant.get("condition", {}).values() for values in keys.values() for text in values]
    texts += grant["fact"]["of"] if "fact" in grant else []
    return {"plain", "name-or-arn"} | {form for entry in (*grant["resources"], *texts) for form in entry.get("read", {}).values()}


_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z][A-Za-z0-9_.\[\]{}]*)|'(?P<text>[^']*)'|(?P<mark>[(),]))")


def parse_test(text: str, place: str) -> list[Any]:
    """Parse a `when:` test: present(P), absent(P), equals(P, 'v'), matches(P, 'regex'), not(T), all(T, …), any(T, …)."""
    tokens = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise MapError(f"{place}: cannot read the test {text!r} at {at}")
        tokens.append(match)
        at = match.end()
    test, rest = _parse_test(tokens, place)
    if rest:
        raise MapError(f"{place}: something follows the test {text!r}")
    return test


def _parse_test(tokens: list[re.Match[str]], place: str) -> tuple[list[Any], list[re.Match[str]]]:
    arities = {"present": 1, "absent": 1, "equals": 2, "matches": 2, "not": 1, "all": None, "any": None}
    name = tokens[0]["word"] if tokens else None
    if name not in arities or len(tokens) < 2 or tokens[1]["mark"] != "(":
        raise MapError(f"{place}: not a test: {name!r}")
    test: list[Any] = [name]
    rest = tokens[2:]
    while True:
        if not rest:
            raise MapError(f"{place}: a test is not closed")
        if name in ("not", "all", "any"):
            inner, rest = _parse_test(rest, place)
            test.append(inner)
        else:
            test.append(rest[0]["word"] if rest[0]["text"] is None else rest[0]["text"])
            rest = rest[1:]
        mark = rest[0]["mark"] if rest else None
        rest = rest[1:]
        if mark == ")":
            break
        if mark != ",":
            raise MapError(f"{place}: expected a comma in a test")
    if arities[name] is not None and len(test) - 1 != arities[name]:
        raise MapError(f"{place}: {name} takes {arities[name]} arguments")
    return test, rest


def as_list(value: Any) -> list[Any]:
    """Return *value* when it is a list, else the list of it alone: maps may leave the brackets away."""
    return value if isinstance(value, list) else [value]
