"""The tables of the AWS SDK integrations: how much they cover, what names they answer to, and how they are made."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from analyzer.analyze import analyze
from analyzer.context import make_context
from analyzer.errors import ServiceMapError
from analyzer.maps import SDK, _Rows, sdk_index, service_map
from analyzer.text import Source
from service_maps.build.__main__ import coverage, main, outputs, render
from service_maps.build.candidates import fold
from service_maps.build.compile import ROOT
from service_maps.build.handed import key_grants
from service_maps.build.measure import DOUBTFUL, VERIFIED
from service_maps.build.operation import Operation
from service_maps.build.published import model, service_name
from service_maps.build.reference import Reference

HERE = Path(__file__).parent
REFERENCES = [line for line in (HERE / "sdk_references.txt").read_text().splitlines() if not line.startswith("#")]
SINCE = {line for line in (HERE / "sdk_operations_since.txt").read_text().splitlines() if not line.startswith("#")}
NAMES = [line.split(" = ") for line in (HERE / "sdk_service_names.txt").read_text().splitlines() if not line.startswith("#")]


def test_actions_are_known() -> None:
    """AWS's data, a rule or a page settles 98 of 100 operations of the API models of 17 November 2026 (botocore 1.44.5).

    Operations of the days since are newer than any authorization data: `sdk_operations_since.txt` lists them. With them it is 97.
    """
    doubted = {name for kind in DOUBTFUL for name in coverage().how.get(kind, ())}
    every = {name for names in coverage().how.values() for name in names}
    assert every >= SINCE
    assert len(doubted - SINCE) <= 0.02 * len(every - SINCE)
    assert coverage().known() >= 0.97
    assert coverage().known("own name") >= 0.99
    assert set(coverage().how) <= {*VERIFIED, *DOUBTFUL}


def test_resources_are_bound() -> None:
    """Of the operations with resource types, 92 of 100 are as narrow as the request is, and 97 at least in part."""
    assert coverage().full() >= 0.92
    assert coverage().full("partial") >= 0.97


def test_doubt_is_told() -> None:
    """Exactly the operations that no source settles say so to whoever uses one."""
    doubted = {
        f"{service}:{operation}"
        for service in sdk_index().services
        for operation, row in service_map(f"{SDK}{service}").operations.items()
        if row.unverified
    }
    assert doubted == {name for kind in DOUBTFUL for name in coverage().how.get(kind, ())}


def test_the_numbers_are_published() -> None:
    """The index holds the numbers of the build that made it."""
    assert sdk_index().coverage == {**coverage().counts(), "shares": coverage().shares()}
    assert sum(sdk_index().coverage["actions"].values()) == sum(sdk_index().coverage["resources"].values()) >= 20_000


@pytest.mark.parametrize("reference", REFERENCES)
def test_every_published_reference_is_known(reference: str) -> None:
    """Every integration that published state machines name has a map, or is of a service that AWS has retired."""
    service, operation = reference.removesuffix(".waitForTaskToken").split(":")
    retired = service in sdk_index().retired
    found = not retired and operation in service_map(f"{SDK}{service}").operations
    assert retired or found, reference


@pytest.mark.parametrize(("service_id", "name"), NAMES)
def test_services_are_called_as_step_functions_calls_them(service_id: str, name: str) -> None:
    """The name of a service is that of its Java client, in lower case."""
    assert service_name(service_id) == name
    assert name in sdk_index().services


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("describeDBInstances", {"DBInstanceIdentifier": "orders"}),
        ("describeDbInstances", {"DbInstanceIdentifier": "orders"}),
        ("DESCRIBEDBINSTANCES", {"dbinstanceidentifier": "orders"}),
    ],
)
def test_names_are_matched_without_their_case(operation: str, parameters: dict[str, str]) -> None:
    """An operation and its parameters are the same, however their capitals stand."""
    task = {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:rds:{operation}", "Parameters": parameters, "End": True}
    context = make_context(arn="arn:aws:states:us-east-1:111122223333:stateMachine:Machine")
    analysis = analyze(Source(json.dumps({"StartAt": "Task", "States": {"Task": task}}), "case"), context)
    [statement] = analysis.policy.statements
    assert statement.actions == ("rds:DescribeDBInstances",)
    assert statement.resources == ("arn:aws:rds:us-east-1:111122223333:db:orders",)


def test_no_two_operations_are_one_without_their_case() -> None:
    """Names of operations that differ, differ without their case and marks, so that matching them so is safe."""
    tables = [service_map(f"{SDK}{service}").operations for service in sdk_index().services]
    assert [set(table) for table in tables if len({fold(name) for name in table}) != len(table)] == []


def test_a_key_that_no_page_settles_is_told() -> None:
    """It is not granted on a guess, and not passed over: an override says what it takes, or that it takes nothing."""

    def told(operation: str, own: dict[str, object] | None = None, *grants: dict[str, object]) -> list[dict[str, object]]:
        api = model("timestream-write")
        one = Operation("timestreamwrite", operation, "timestream", api.operation_model(operation).input_shape, None, own or {})
        return list(key_grants(one, grants))

    [rule] = told("CreateDatabase")
    assert rule["when"] == "present(KmsKeyId)"
    assert rule["actions"] == ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    assert "rights of its caller" in str(rule["external"])
    assert told("CreateDatabase", {"keys": ["CreateDatabase"]}) == told("CreateDatabase", {"keys": False}) == []
    assert told("CreateDatabase", {}, {"actions": ["kms:CreateGrant"]}) == []
    assert told("DescribeDatabase") == told("WriteRecords") == []


def test_aws_operation_files_win(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a maintainer has AWS's own operation files, they are followed, and what they change is printed."""
    service = {"Name": "sts", "Operations": [operation("GetCallerIdentity", "AssumeRole"), operation("GetSessionToken")]}
    (tmp_path / "sts.json").write_text(json.dumps(service))
    written: dict[str, Path | None] = {}
    monkeypatch.setattr("service_maps.build.__main__.write", lambda reference: written.update(reference=reference))
    monkeypatch.setattr("service_maps.build.__main__.faults", list)
    assert main(["--service-reference", str(tmp_path)]) == 0
    assert written == {"reference": tmp_path}
    assert (
        capsys.readouterr().out == "AWS says otherwise: sts:GetCallerIdentity: sts:AssumeRole instead of sts:GetCallerIdentity\n"
    )
    followed, made = (files["sdk/sts.json"]["operations"] for files in (outputs(reference=tmp_path), outputs()))
    assert followed["getcalleridentity"]["grants"][0]["actions"] == ["sts:AssumeRole"]
    assert followed["getsessiontoken"] == made["getsessiontoken"]


def operation(name: str, action: str | None = None) -> dict[str, object]:
    """Write one operation as AWS's files have it."""
    return {"Name": name, "AuthorizedActions": [{"Name": action or name, "Service": "sts"}]}


def test_without_operation_files_nothing_is_corrected() -> None:
    """What names say stands where there are no files of AWS's, and where they agree."""
    agrees = Reference({("sts", "GetCallerIdentity"): ("sts:GetCallerIdentity", "kms:Decrypt")})
    assert Reference.read(None).correct("sts", "GetCallerIdentity", ["sts:GetCallerIdentity"]) is None
    assert agrees.correct("sts", "GetCallerIdentity", ["sts:GetCallerIdentity"]) is None


def test_rows_that_are_read_one_by_one_are_those_of_the_file() -> None:
    """Of a table, only the lines of the operations that are used are parsed, and they say what the whole file says."""
    for service in sdk_index().services:
        whole = json.loads((ROOT / "compiled" / "sdk" / f"{service}.json").read_text(encoding="utf-8"))["operations"]
        assert set(service_map(f"{SDK}{service}").operations) == {row["name"] for row in whole.values()}
        assert dict(_Rows(f"{json.dumps(name)}: {json.dumps(row)}," for name, row in whole.items())) == whole


def test_a_table_that_is_none_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that was cut short says which file cannot be read."""
    monkeypatch.setattr("analyzer.maps.maps_root", lambda: str(tmp_path))
    (tmp_path / "compiled" / "sdk").mkdir(parents=True)
    for text in ("", "{}", '{\n"forms": {},\n"operations": {\n'):
        (tmp_path / "compiled" / "sdk" / "cut.json").write_text(text)
        with pytest.raises(ServiceMapError, match=r"the service map sdk/cut\.json cannot be read"):
            service_map(f"{SDK}cut").operations["any"]


def test_tables_are_small_and_the_same_every_time() -> None:
    """The tables are text in a fixed order, one operation a line, and come to less than two megabytes in a wheel."""
    table = json.loads((ROOT / "compiled" / "sdk" / "sqs.json").read_text(encoding="utf-8"))
    backwards = {
        key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in reversed(table.items())
    }
    assert render(backwards) == render(table) == (ROOT / "compiled" / "sdk" / "sqs.json").read_text(encoding="utf-8")
    assert len(render(table).splitlines()) == len(table["operations"]) + 6
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in sorted((ROOT / "compiled").rglob("*.json")):
            wheel.write(path, str(path.relative_to(ROOT)))
    assert held.tell() <= 2_000_000
