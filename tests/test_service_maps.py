"""The service maps: compiled as they are written, true to what AWS publishes, and checked by a checker that can say no."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.integrations import SUFFIXES
from analyzer.maps import index, service_map
from service_maps.build.__main__ import drift, faults, write
from service_maps.build.check import check_override
from service_maps.build.compile import GRANT_KEYS, LEVELS, OPERATION_KEYS, ROOT, SERVICE_KEYS, MapError, compile_all

COVERED = Path(__file__).parent / "integrations_covered.txt"

SOUND = """
service: ecs
title: Containers
guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
operations:
  runTask:
    patterns: [request_response, sync]
    grants:
      - level: call
        when: present(TaskDefinition)
        actions: [ecs:RunTask]
        resources: [{type: task-definition, arn: 'arn:{partition}:ecs:{region}:{account}:task-definition/{TaskDefinition}'}]
        condition: {ArnEquals: {'ecs:cluster': {text: '{Cluster}', read: {Cluster: arn}}}}
      - pass_role: {roles: [Overrides.TaskRoleArn], to: ecs-tasks.amazonaws.com}
      - managed_rule: StepFunctionsGetEventsForECSTaskRule
      - {level: tag, actions: [ecs:TagResource], resources: ['*'], because: the id does not exist yet}
"""

SQL = """
service: athena
title: Queries
guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
operations:
  startQueryExecution:
    patterns: [request_response]
    sql: {statement: QueryString, dialect: athena, defaults: {Database: 'QueryExecutionContext.Database|default'}}
    grants:
      - level: call
        when: present(Sql.Selects[])
        actions: [glue:GetDatabase]
        resources: [{type: database, arn: 'arn:{partition}:glue:{region}:{account}:database/{Sql.Selects[].Database}'}]
"""

KEYS = """
service: dynamodb
title: Tables
guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
operations:
  batchGetItem:
    patterns: [request_response]
    grants:
      - level: call
        actions: [dynamodb:BatchGetItem]
        resources: [{type: table, arn: 'arn:{partition}:dynamodb:{region}:{account}:table/{RequestItems{}}'}]
"""

SQL_FAULTS = {
    "a text that is not of the API": ("statement: QueryString", "statement: Query", "Query is not a parameter"),
    "a default that is not of the API": ("Context.Database|", "Context.Schema|", "Schema is not a parameter"),
    "a default for no part of a name": ("{Database: 'Q", "{Schema: 'Q", "Schema is no part of a name"),
    "a list that is not derived": ("present(Sql.Selects[])", "present(Sql.Selected[])", "Sql.Selected[] is nothing"),
    "a part that is not derived": ("{Sql.Selects[].Database}", "{Sql.Selects[].Schema}", "Sql.Selects[].Schema is nothing"),
}

FAULTS = {
    "an invented action": ("[ecs:RunTask]", "[ecs:RunTasks]", "ecs:RunTasks is not an IAM action"),
    "an action in another case": ("[ecs:RunTask]", "[ecs:runTask]", "ecs:runTask is not an IAM action"),
    "an ARN of another format": (":task-definition/", ":definition/", "has not the format"),
    "an ARN without its account": ("{region}:{account}:task-d", "{region}:task-d", "has not the format"),
    "a resource type of another action": ("type: task-definition", "type: task", "has the resource type 'task'"),
    "a condition key the action does not take": ("ecs:cluster", "ecs:Team", "does not take the condition key ecs:Team"),
    "an operator nobody reads": ("ArnEquals", "NumericEquals", "operator NumericEquals is not supported"),
    "a parameter that is not of the API": ("present(TaskDefinition)", "present(Definition)", "Definition is not a parameter"),
    "a part that its parameter has not": ("[Overrides.TaskRoleArn]", "[Overrides.Role]", "Overrides.Role is not a parameter"),
    "an operation that is not of the API": ("runTask:", "runTasks:", "botocore has no operation RunTasks"),
    "a hole that nothing fills": ("ecs:{region}", "ecs:{zone}", "nothing fills {zone}"),
    "a principal that is no service": ("to: ecs-tasks.amazonaws.com", "to: ecs-tasks", "is no service principal"),
    "a source that is no page": ("guide: https://docs.aws.amazon.com/", "guide: https://example.com/", "no documentation page"),
    "a wildcard without a reason": (", because: the id does not exist yet", "", "* needs a because"),
}

NONSENSE = {
    "a key nobody reads": ("level: call", "levels: call", "unknown keys ['levels']"),
    "a level nobody knows": ("level: call", "level: maybe", "level must be one of"),
    "a pattern nobody knows": ("[request_response, sync]", "[request_response, async]", "unknown patterns ['async']"),
    "a grant for no pattern": ("[request_response, sync]", "[request_response]", "applies to no pattern"),
    "a form nobody wrote": ("{Cluster: arn}", "{Cluster: fancy}", "unknown forms ['fancy']"),
    "a test that is not closed": ("present(TaskDefinition)", "present(", "not closed"),
    "a test of two halves": ("present(TaskDefinition)", "present(TaskDefinition) absent(Cluster)", "something follows"),
    "a test nobody can decide": ("present(TaskDefinition)", "likely(TaskDefinition)", "not a test"),
    "a test without its value": ("present(TaskDefinition)", "equals(TaskDefinition)", "equals takes 2 arguments"),
}


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Return a folder of maps with the shared forms and one sound map in it."""
    (tmp_path / "optimized").mkdir()
    (tmp_path / "forms.yaml").write_text((ROOT / "forms.yaml").read_text(encoding="utf-8"))
    (tmp_path / "optimized" / "ecs.yaml").write_text(SOUND)
    return tmp_path


def change(maps: Path, old: str, new: str) -> None:
    """Write the sound map with one text in it replaced."""
    assert SOUND.count(old) == 1, old
    (maps / "optimized" / "ecs.yaml").write_text(SOUND.replace(old, new))


def test_what_is_read_is_what_is_written() -> None:
    """The compiled maps are those of the YAML beside them: a map edited but not rebuilt is noticed."""
    assert drift() == []


def test_what_is_written_is_what_aws_publishes() -> None:
    """Every action, ARN, condition key and parameter of the maps is in the authorization data and the API models."""
    assert faults() == []


def test_a_sound_map_has_no_faults(maps: Path) -> None:
    """The map that the faulty ones below are made of is itself without a fault."""
    assert faults(maps) == []


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_the_checker_finds(maps: Path, old: str, new: str, fault: str) -> None:
    """Each invention in a map is found, and the fault says what was invented."""
    change(maps, old, new)
    assert [found for found in faults(maps) if fault in found]


def test_the_checker_finds_what_nobody_reads() -> None:
    """An operation that is written by hand takes no row under `extra`: what such a row grants would be left out in silence."""
    row = {"level": "call", "actions": ["sqs:GetQueueUrl"], "resources": ["*"], "because": "the queue has no name"}
    override = {"source": "https://docs.aws.amazon.com/service-authorization/latest/reference/list_sqs.html"}
    alone = override | {"operations": {"GetQueueUrl": {"grants": [row]}}, "extra": {"ListQueues": [row]}}
    assert check_override("sqs", alone, {}) == []
    both = alone | {"extra": {"GetQueueUrl": [row]}}
    assert check_override("sqs", both, {}) == ["overrides/sqs.yaml: GetQueueUrl: under `operations` and `extra`"]


@pytest.mark.parametrize(("old", "new", "fault"), SQL_FAULTS.values(), ids=SQL_FAULTS.keys())
def test_the_checker_knows_what_is_derived_from_sql(maps: Path, old: str, new: str, fault: str) -> None:
    """Where a map reads SQL, its text and its defaults are of the API, and what hangs on it is something that is derived."""
    (maps / "optimized" / "athena.yaml").write_text(SQL)
    assert faults(maps) == []
    assert SQL.count(old) == 1, old
    (maps / "optimized" / "athena.yaml").write_text(SQL.replace(old, new))
    assert [found for found in faults(maps) if fault in found]


@pytest.mark.parametrize("path", ["ReturnConsumedCapacity{}", "RequestItems{}.Keys", "RequestItems[]"])
def test_the_checker_knows_what_has_keys(maps: Path, path: str) -> None:
    """The keys of an object are read at the end of a path, and only where the API has a map."""
    (maps / "optimized" / "dynamodb.yaml").write_text(KEYS)
    assert faults(maps) == []
    (maps / "optimized" / "dynamodb.yaml").write_text(KEYS.replace("RequestItems{}", path))
    assert [found for found in faults(maps) if path in found]


@pytest.mark.parametrize(("old", "new", "message"), [("dialect", "language", "unknown keys"), ("dialect: athena, ", "", "lacks")])
def test_the_compiler_knows_how_sql_is_described(maps: Path, old: str, new: str, message: str) -> None:
    """A map that reads SQL says where the text is and in which dialect, and nothing else."""
    (maps / "optimized" / "athena.yaml").write_text(SQL.replace(old, new))
    with pytest.raises(MapError, match=message):
        compile_all(maps)


@pytest.mark.parametrize(("old", "new", "message"), NONSENSE.values(), ids=NONSENSE.keys())
def test_the_compiler_refuses(maps: Path, old: str, new: str, message: str) -> None:
    """A map that makes no sense is not compiled, and the message names the map."""
    change(maps, old, new)
    with pytest.raises(MapError, match=rf"^ecs\.yaml.*{re.escape(message)}"):
        compile_all(maps)


def test_the_map_in_the_readme_is_sound(maps: Path) -> None:
    """The worked example of the maps' README compiles, and is as true to AWS as a map that is in use."""
    [example] = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (maps / "optimized" / "ecs.yaml").write_text(example)
    assert faults(maps) == []
    assert "optimized/ecs.json" in compile_all(maps)


def test_the_readme_names_every_key() -> None:
    """The maps' README explains every key and level that the compiler takes."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`([a-z_]+)", readme))
    assert {*SERVICE_KEYS, *OPERATION_KEYS, *GRANT_KEYS, *LEVELS} - words == set()


def test_drift_is_noticed(maps: Path) -> None:
    """A changed map, a changed output and an output left over are each named; building again makes them agree."""
    write(maps)
    assert drift(maps) == []
    change(maps, "[ecs:RunTask]", "[ecs:StartTask]")
    assert drift(maps) == ["optimized/ecs.json"]
    (maps / "compiled" / "optimized" / "gone.json").write_text("{}")
    (maps / "compiled" / "index.json").write_text("{}")
    assert drift(maps) == ["index.json", "optimized/ecs.json", "optimized/gone.json"]
    write(maps)
    assert drift(maps) == []


def test_every_documented_integration_is_covered() -> None:
    """Every integration and pattern of the checked-in list is in the maps, and every map it names can be read."""
    listed = {line.partition("#")[0].strip() for line in COVERED.read_text().splitlines()} - {""}
    assert listed - covered() == set()


def covered() -> set[str]:
    """Return what the maps cover, written as the list writes it."""
    suffixes = {pattern: suffix for suffix, pattern in SUFFIXES.items()} | {"machine": ""}
    found = {
        f"{service}:{operation}{suffixes.get(pattern, f'.{pattern}')}"
        for service, entry in index().services.items()
        for operation in entry["operations"]
        for pattern in service_map(service).operations[operation].patterns
    }
    found |= {f"{row['service']}:{row['operation']}" for row in index().direct}
    sdk = {name: row for name, row in index().sdk.items() if row["operation"] in service_map(row["service"]).operations}
    return found | {f"aws-sdk:{name.partition(':')[0]}:{row['operation']}" for name, row in sdk.items()}
