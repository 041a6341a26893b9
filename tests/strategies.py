"""Strategies: any JSON value, and definitions that are nearly always valid, with what Step Functions knows and hostile text.

A machine is a chain: every state leads to the next one, and may branch (Choice, Catch) to any later one of its scope. So
every state is reachable, and every state but the last of a scope can be taken out by leading past it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from analyzer.context import Context, make_context, partition_of
from analyzer.integrations import MACHINE
from analyzer.maps import index, service_map

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from analyzer.maps import Operation

Json = Any

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try a law on *count* generated cases, and under the thorough profile on many more."""
    return settings(
        max_examples=count * 50 if THOROUGH else count,
        derandomize=not THOROUGH,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


FORBIDDEN = ("undefined", "$.", "States.", "{%", "%}")
"""What the text of a policy can hold only by mistake. A literal of these strategies never has it, save `$.`, which is
escaped."""

SUFFIXES = {"request_response": "", "sync": ".sync", "sync:2": ".sync:2", "wait_for_task_token": ".waitForTaskToken"}

# ---------------------------------------------------------------------------------------------------------------- texts

HOSTILE = (
    "*",
    "?",
    "$",
    "${*}",
    "${$}",
    "a*b",
    "wh?t",
    "$.path",
    "pri$e",
    "${",
    "}",
    '"',
    "\\",
    "'",
    "`",
    "\n",
    "\t",
    "\x00",
    "\x7f",
)
HOSTILE += (
    "é",
    "\U0001d4b3",
    "\u202e",
    "<script>",
    "../..",
    "arn:",
    ":",
    "::::::",
    "arn:aws:::::",
    "s3://",
    "s3:///",
    "/",
    "//",
    "#",
)
HOSTILE += ("%", " ", "a b")
PLAIN = ("orders", "Orders-2", "my_table", "jobs.fifo", "name:7", "name:$LATEST", "path/to/name", "0", "default")
ARNS = (
    "arn:aws:lambda:us-east-1:111122223333:function:hello",
    "arn:aws:lambda:us-east-1:111122223333:function:hello:live",
    "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
    "arn:aws:sqs:eu-west-1:444455556666:queue",
    "arn:aws:sns:us-east-1:111122223333:topic.fifo",
    "arn:aws:iam::111122223333:role/service/worker",
    "arn:aws:states:us-east-1:111122223333:stateMachine:child",
    "arn:aws:ecs:us-east-1:111122223333:task-definition/web:3",
    "arn:aws:events:us-east-1:111122223333:event-bus/main",
    "arn:aws-cn:s3:::bucket/key",
)
URLS = (
    "https://sqs.us-east-1.amazonaws.com/111122223333/jobs",
    "https://api.example.com/v1/*",
    "s3://bucket/some/key",
    "s3://bucket",
)


def literals() -> st.SearchStrategy[str]:
    """Texts a definition may hold as a constant: names, ARNs, URLs, hostile ones, and any other."""
    hostile = st.lists(st.sampled_from(HOSTILE + PLAIN), min_size=1, max_size=3).map("".join)
    anything = st.text(st.characters(exclude_categories=("Cs", "Co")), max_size=12)
    mixed = st.one_of(st.sampled_from(PLAIN), st.sampled_from(ARNS), st.sampled_from(URLS), hostile, anything)
    return mixed.filter(lambda text: not any(piece in text for piece in FORBIDDEN if piece != "$."))


def placeholders() -> st.SearchStrategy[str]:
    """Texts with a `${placeholder}` in them."""
    names = st.sampled_from(("Table", "QueueArn", "AWS::Region", "AWS::AccountId", "Orders.Arn", "x"))
    before = st.sampled_from(("", "", "arn:aws:sqs:${R}:1:", "pre-"))
    return st.builds("{}${{{}}}{}".format, before, names, st.sampled_from(("", "-suf")))


WORDS = (
    "StartAt",
    "States",
    "Type",
    "Next",
    "End",
    "Resource",
    "Parameters",
    "Arguments",
    "Choices",
    "Default",
    "Catch",
    "Retry",
)
WORDS += (
    "Branches",
    "Iterator",
    "ItemProcessor",
    "ProcessorConfig",
    "ItemReader",
    "ResultWriter",
    "Credentials",
    "Label",
    "Mode",
)
WORDS += ("QueryLanguage", "ReaderConfig", "RoleArn.$", "Assign", "Output", "ErrorEquals", "A", "B")


def json_values() -> st.SearchStrategy[Json]:
    """Any JSON value, with the words of the language among its keys so that the readers get further than the top."""
    known = ("A", "B", "Task", "Map", "Parallel", "Choice", "Pass", "JSONata", "DISTRIBUTED", "{% x %}", *resource_arns())
    texts = st.sampled_from(known) | st.sampled_from(HOSTILE) | st.text(max_size=6)
    scalars = st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats(allow_nan=False, allow_infinity=False) | texts
    keys = st.sampled_from(WORDS) | st.text(max_size=4)

    def nested(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5)

    return st.recursive(scalars, nested, max_leaves=25)


def near_definitions() -> st.SearchStrategy[Json]:
    """Definitions with one place replaced by any JSON value, or taken out."""

    @st.composite
    def damaged(draw: st.DrawFn) -> Json:
        definition = draw(definitions())
        here, path = definition, []
        for _ in range(draw(st.integers(1, 8))):
            keys = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
            if not keys:
                break
            path.append((here, draw(st.sampled_from(keys))))
            here = here[path[-1][1]]
        container, key = path[-1]
        if draw(st.booleans()):
            container[key] = draw(json_values())
        elif isinstance(container, dict):
            del container[key]
        return definition

    return damaged()


# ------------------------------------------------------------------------------------------------------------ arguments


def operations() -> list[tuple[str, str, str]]:
    """Return every optimized integration of the maps, once for each pattern: (service, operation, pattern)."""
    return [
        (service, operation, pattern)
        for service, entry in sorted(index().services.items())
        if service != MACHINE
        for operation, patterns in sorted(entry["operations"].items())
        for pattern in patterns
        if pattern in SUFFIXES
    ]


def resource_arns() -> Iterable[str]:
    """Yield the Resource of a task for every integration and pattern, and some that name a thing or nothing directly."""
    for service, operation, pattern in operations():
        yield resource_arn(service, operation, pattern)
    yield from ARNS
    yield from (
        "${FunctionArn}",
        "arn:${AWS::Partition}:states:::lambda:invoke",
        "arn:aws:states:::aws-sdk:sfn:startSyncExecution",
    )
    yield from ("arn:aws:states:us-east-1:111122223333:activity:approve", "arn:aws:states:::sqs:sendMessage.sync")
    yield from ("arn:aws:states:::nothing:here", "hello", "")


def resource_arn(service: str, operation: str, pattern: str) -> str:
    """Return the Resource of a task that uses an integration in one of its patterns."""
    return f"arn:aws:states:::{service}:{operation}{SUFFIXES[pattern]}"


def parameters_of(operation: Operation) -> dict[str, tuple[str, ...]]:
    """Return the parameters that the rules of *operation* read: path (``Entries[].Bus``) → the values they are tested for."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in operation.grants:
        for template in (*rule.resources, *(text for _, _, texts in rule.condition for text in texts)):
            names = re.findall(r"\{([A-Z][^{}|:]*)", template.text or "")
            found.update((name, found.get(name, ())) for name in (*names, *template.read) if name[:1].isupper())
        for path, values in _tested(rule.when):
            found[path] = (*found.get(path, ()), *values)
    return dict(sorted(found.items()))


def _tested(test: Json) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Yield (path, values it is compared with) of every parameter in the test of a rule."""
    name, *operands = test or ("all",)
    if name in ("not", "all", "any"):
        for operand in operands:
            yield from _tested(operand)
    else:
        yield operands[0], tuple(operands[1:]) if name == "equals" else ()


def expressions(language: str) -> st.SearchStrategy[Json]:
    """Values that are known only at run time, as the query language writes them."""
    if language == "JSONata":
        return st.sampled_from(("{% $states.input.name %}", "{% 'a' & $x %}", "{%%}", "{% $undefined.x ? 1 : '*' %}"))
    return st.sampled_from(("$.name", "$", "$$.Execution.Id", "States.Format('t-{}', $.x)", "$var.y", "States.UUID()", "$['*']"))


@st.composite
def arguments(
    draw: st.DrawFn, parameters: Mapping[str, tuple[str, ...]], language: str, only: st.SearchStrategy[str] | None = None
) -> Json:
    """Draw the Parameters or Arguments of a task: some *parameters* with literals, placeholders, expressions or nonsense.

    With *only*, all of them are literals of that kind, or the values that the rules test for.
    """
    made: dict[str, Json] = {}
    kinds = ("wanted", "literal", "literal") + (("placeholder", "expression", "nonsense") if only is None else ())
    for path in draw(st.lists(st.sampled_from(tuple(parameters)), unique=True, max_size=4)) if parameters else ():
        kind = draw(st.sampled_from(kinds))
        if kind == "wanted" and parameters[path]:
            value = draw(st.sampled_from(parameters[path]))
        elif kind in ("wanted", "literal"):
            value = draw(literals() if only is None else only)
        elif kind == "placeholder":
            value = draw(placeholders())
        elif kind == "expression":
            value = draw(expressions(language))
        else:
            value = draw(
                st.none()
                | st.booleans()
                | st.integers()
                | st.lists(literals(), max_size=2)
                | st.dictionaries(literals(), literals(), max_size=2)
            )
        _put(made, path, value, ".$" if kind == "expression" and language == "JSONPath" else "")
    return made


def _put(record: dict[str, Json], path: str, value: Json, mark: str) -> None:
    """Set what stands at *path* below *record*; *mark* is what a key ends with whose value is a path."""
    head, _, rest = path.partition(".")
    name, many = head.removesuffix("[]"), head.endswith("[]")
    if not rest:
        record[name + ("" if many else mark)] = [value] if many else value
        return
    below: dict[str, Json] = {}
    if isinstance(record.get(name), dict):
        below = record[name]
    elif many and isinstance(record.get(name), list) and record[name] and isinstance(record[name][0], dict):
        below = record[name][0]
    _put(below, rest, value, mark)
    record[name] = [below] if many else below


# --------------------------------------------------------------------------------------------------------------- states


@st.composite
def definitions(draw: st.DrawFn) -> Json:
    """Draw a definition with nested scopes, in either query language; its states are named S0, S1, ... as written."""
    language = draw(st.sampled_from(("JSONPath", "JSONata")))
    counter = iter(range(10_000))
    made = draw(scopes(language, counter, 0))
    if language == "JSONata" or draw(st.booleans()):
        made["QueryLanguage"] = language
    return made


@st.composite
def scopes(draw: st.DrawFn, language: str, counter: Iterable[int], depth: int) -> Json:
    """Draw a StartAt and its States: a chain that may branch forward."""
    names = [f"S{next(iter(counter))}" for _ in range(draw(st.integers(1, 4 if depth == 0 else 2)))]
    states = {}
    for at, name in enumerate(names):
        states[name] = draw(states_of(language, counter, depth, names[at + 1 :]))
    return {"StartAt": names[0], "States": states}


@st.composite
def states_of(draw: st.DrawFn, language: str, counter: Iterable[int], depth: int, later: list[str]) -> Json:
    """Draw one state that leads to the first of *later*, or ends."""
    types = ["Task", "Task", "Task", "Pass", "Wait"]
    types += ["Choice"] if later else ["Succeed", "Fail"]
    types += ["Parallel", "Map", "Map"] if depth < 2 else []
    type_ = draw(st.sampled_from(types))
    if language == "JSONPath" and draw(st.integers(0, 5)) == 0:
        language, own = "JSONata", {"QueryLanguage": "JSONata"}
    else:
        own = {}
    state: dict[str, Json] = {"Type": type_, **own}
    if type_ == "Choice":
        rule = {"Condition": "{% $x = 1 %}"} if language == "JSONata" else {"Variable": "$.x", "StringEquals": draw(literals())}
        return {**state, "Choices": [{**rule, "Next": draw(st.sampled_from(later))}], "Default": later[0]}
    if type_ in {"Succeed", "Fail"}:
        return state
    state.update({"Next": later[0]} if later else {"End": True})
    if type_ == "Wait":
        state["Seconds"] = 1
    elif type_ == "Task":
        state.update(draw(tasks(language)))
    elif type_ == "Parallel":
        state["Branches"] = draw(st.lists(scopes(language, counter, depth + 1), min_size=1, max_size=2))
    elif type_ == "Map":
        state.update(draw(maps(language, counter, depth)))
    if type_ in ("Task", "Parallel", "Map") and later and draw(st.booleans()):
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": draw(st.sampled_from(later))}]
    return state


@st.composite
def tasks(draw: st.DrawFn, language: str) -> Json:
    """Draw what a Task has of its own: its Resource, its arguments and, at times, a role it takes on."""
    made: dict[str, Json] = {}
    if draw(st.integers(0, 9)) < 8:
        service, operation, pattern = draw(st.sampled_from(operations()))
        made["Resource"] = resource_arn(service, operation, pattern)
        parameters = parameters_of(service_map(service).operations[operation])
    else:
        made["Resource"], parameters = draw(st.sampled_from(tuple(resource_arns()))), {"FunctionName": (), "Name": ()}
    if draw(st.integers(0, 9)):
        made["Arguments" if language == "JSONata" else "Parameters"] = draw(arguments(parameters, language))
    if draw(st.integers(0, 7)) == 0:
        made["Credentials"] = draw(arguments({"RoleArn": ()}, language))
    return made


@st.composite
def maps(draw: st.DrawFn, language: str, counter: Iterable[int], depth: int) -> Json:
    """Draw what a Map has of its own: a legacy Iterator, or an inline or distributed ItemProcessor with its data."""
    kind = draw(st.sampled_from(("iterator", "inline", "distributed", "distributed")))
    inside = draw(scopes(language, counter, depth + 1))
    if kind == "iterator" and language == "JSONPath":
        return {"Iterator": inside}
    if kind != "distributed":
        return {"ItemProcessor": {**inside, "ProcessorConfig": {"Mode": "INLINE"}}}
    made: dict[str, Json] = {"ItemProcessor": {**inside, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}}
    field = "Arguments" if language == "JSONata" else "Parameters"
    if draw(st.booleans()):
        made["Label"] = draw(st.sampled_from(("items", "Each-1")))
    if draw(st.booleans()):
        reader = draw(st.sampled_from(("getObject", "listObjectsV2")))
        config = draw(st.sampled_from(({}, {"InputType": "CSV"}, {"InputType": "MANIFEST"}, {"InputType": "JSON"})))
        given = draw(arguments(dict.fromkeys(("Bucket", "Key", "Prefix"), ()), language))
        made["ItemReader"] = {"Resource": f"arn:aws:states:::s3:{reader}", field: given, "ReaderConfig": config}
    if draw(st.booleans()):
        made["ResultWriter"] = {
            "Resource": "arn:aws:states:::s3:putObject",
            field: draw(arguments(dict.fromkeys(("Bucket", "Prefix"), ()), language)),
        }
    return made


# ------------------------------------------------------------------------------------------------------------- contexts


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    """Draw what may be known around a definition, from nothing to everything."""
    if draw(st.booleans()):
        where: dict[str, Json] = {"arn": "arn:aws:states:us-east-1:111122223333:stateMachine:Machine"}
    else:
        regions = st.sampled_from((None, "us-east-1", "cn-north-1", "us-gov-west-1"))
        accounts = st.sampled_from((None, "111122223333", "000000000000"))
        where = {"region": draw(regions), "account": draw(accounts), "name": draw(st.sampled_from((None, "Machine", "é")))}
    partition = partition_of(where.get("region") or "us-east-1")
    return make_context(
        **where,
        type=draw(st.sampled_from(("STANDARD", "STANDARD", "EXPRESS"))),
        logging=draw(st.booleans()),
        tracing=draw(st.booleans()),
        kms_key=draw(st.sampled_from((None, "1234-abcd", "arn:aws:kms:us-east-1:111122223333:key/1234-abcd", "alias/mine"))),
        role=draw(st.sampled_from((None, f"arn:{partition}:iam::{where.get('account') or '111122223333'}:role/runner"))),
        substitutions=draw(st.dictionaries(st.sampled_from(("Table", "QueueArn", "x", "FunctionArn")), literals(), max_size=3)),
    )
