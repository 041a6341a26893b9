"""State machines in Terraform: one directory a case, `tests/templates/terraform/<a-sentence>/`.

A case is a configuration, or a plan as JSON, and the exact `out.txt`: each machine that is found with what is said around it,
what its role may do, and what the policy grants, once with what only the deployment knows kept as references, once without; then
what the command line says of those that could not be read.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner
from corpus.cases import corpus_root

from analyzer.analyze import Analysis, analyze
from analyzer.cli import io, main
from analyzer.cli.options import take_contexts
from analyzer.errors import SourceError
from analyzer.render.spell import spelled
from analyzer.sources import read_source
from analyzer.templates import machines_in, project_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analyzer.templates import Found

TEMPLATES = Path(__file__).parent / "templates"
CASES = sorted((TEMPLATES / "terraform").iterdir())
PLACE = ("--account", "111122223333", "--region", "us-east-1")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(
    case: Path, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is found below the directory of a case is exactly what its `out.txt` says."""
    monkeypatch.chdir(case)
    kept, plain = analyses(".", "--keep-substitutions"), analyses(".")
    said = capsys.readouterr().err
    assert said[: len(said) // 2] * 2 == said
    expect(case / "out.txt", "\n".join([*told(kept, plain), *said[: len(said) // 2].splitlines()]) + "\n")


def analyses(*arguments: str) -> list[Analysis]:
    """Return what `asl-iam analyze` makes of its inputs."""
    command = main.get_command(click.Context(main), "analyze")
    assert command is not None
    with command.make_context("analyze", ["--no-config", *arguments]) as ctx:
        inputs, _ = io.read(ctx.params["paths"], ctx)
        contexts = take_contexts(ctx.params)
        made = [analyze(one.source, contexts(one.place, one.found), None, one.found) for one in inputs]
        return list(map(spelled, made)) if ctx.params["keep_substitutions"] else made


def told(kept: list[Analysis], plain: list[Analysis]) -> Iterator[str]:
    """Yield a line for each thing that is known of each machine."""
    for number, one in enumerate(kept):
        found = one.found
        assert found is not None
        yield f"{found.dialect} {found.template}: {found.name}"
        yield from (f"  {key}: {value}" for key, value in sorted(found.options.items()))
        yield from (f"  {line}" for line in role(found))
        for mode, analysis in (("kept", one), ("plain", plain[number])):
            lines = [line for statement in analysis.policy.to_dict()["Statement"] for line in said_by(statement)]
            yield from (f"  {mode}: {line}" for line in lines)


def role(found: Found) -> Iterator[str]:
    """Yield what the template lets the role of a machine do."""
    if found.role is not None:
        yield f"role: {found.role.name} at {'/'.join(map(str, found.role.pointer))}"
        yield from (f"role: {line}" for statement in found.role.statements for line in said_by(statement))
        yield from (f"role: policy {arn}" for arn in found.role.managed)
        yield from (f"role: not read: {json.dumps(other)}" for other in found.role.others)


def said_by(statement: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each action of a statement."""
    parts = {key: value if isinstance(value, list) else [value] for key, value in statement.items()}
    resources = ", ".join(parts.get("Resource", []) + [f"not {one}" for one in parts.get("NotResource", [])])
    condition = f" if {json.dumps(statement['Condition'])}" if "Condition" in statement else ""
    for action in parts.get("Action", parts.get("NotAction", [])):
        yield f"{statement['Effect']} {'not ' if 'NotAction' in parts else ''}{action} on {resources}{condition}"


def resolved() -> list[tuple[Path, str, Path]]:
    """Return configurations of which somebody wrote the definition with all references resolved: our own, and the corpus's."""
    pairs = [(TEMPLATES / "terraform" / path.name.partition(".")[0], "flow", path) for path in (TEMPLATES / "resolved").iterdir()]
    index = corpus_root() / "index.json"
    for entry in json.loads(index.read_text("utf-8")) if index.exists() else ():
        if entry["kind"] == "terraform":
            project, _, machine = entry["source_file"].partition("#")
            pairs.append((corpus_root() / "projects" / project, machine, corpus_root() / entry["resolved_path"]))
    return pairs


@pytest.mark.parametrize(("folder", "machine", "definition"), resolved(), ids=lambda value: getattr(value, "name", value))
def test_the_policy_is_that_of_the_resolved_definition(folder: Path, machine: str, definition: Path) -> None:
    """In a known place, references give the policy that the resolved definition gives."""
    [found] = analyses(str(folder), "--machine", machine, *PLACE)
    assert found.policy == analyze(read_source(str(definition)), found.context).policy
    assert found.policy.statements


@pytest.mark.parametrize("name", ["names-are-those-of-the-module-of-the-machine", "instances-of-a-resource-are-told-apart"])
def test_a_role_that_is_written_is_what_its_machine_needs(name: str, tmp_path: Path) -> None:
    """A role put beside its machine, with each reference worked out as Terraform does, has all that is needed and no more."""
    folder = Path(shutil.copytree(TEMPLATES / "terraform" / name, tmp_path / name))
    written = CliRunner().invoke(main, ["analyze", str(folder), "--format", "terraform", "--no-config"])
    assert "unpinned-name" not in written.stderr
    role = re.search(r'resource "aws_iam_role" "(\w+)"', written.stdout)
    assert role is not None
    text = (folder / "main.tf").read_text()
    (folder / "main.tf").write_text(re.sub(r'role_arn += "[^"]*"', f"role_arn = aws_iam_role.{role[1]}.arn", text))
    (folder / "role.tf").write_text(written.stdout)
    checked = CliRunner().invoke(main, ["check", str(folder / "main.tf"), "--no-config", "--machine", role[1]])
    assert (
        checked.stdout.splitlines()[-1] == "no findings" or "0 missing · 0 excess · 0 of trust · 0 not decided" in checked.stdout
    )


@pytest.mark.parametrize("keys", [8, 9])
def test_many_calls_of_a_module_are_one(keys: int, tmp_path: Path) -> None:
    """A module that is called for a few keys has a machine for each; for more of them, one that stands for any."""
    (tmp_path / "flow").mkdir()
    listed = ", ".join(f'"k{number}"' for number in range(keys))
    (tmp_path / "main.tf").write_text(
        f'module "m" {{\n  for_each = toset([{listed}])\n  source   = "./flow"\n  name     = "sm-${{each.key}}"\n}}\n'
    )
    machine = (
        'name = var.name\n  role_arn = "r"\n  definition = jsonencode({ StartAt = "A", States = { A = { Type = "Succeed" } } })'
    )
    (tmp_path / "flow" / "main.tf").write_text(
        f'variable "name" {{}}\nresource "aws_sfn_state_machine" "this" {{\n  {machine}\n}}\n'
    )
    source = read_source(str(tmp_path / "main.tf"))
    found = [one for one in machines_in(source, project_of(source.name)) or () if not isinstance(one, SourceError)]
    names = [one.options["name"] for one in found]
    assert names == [f"sm-k{number}" for number in range(keys)] if keys == 8 else len(names) == 1 and "${each.key" in names[0]


@pytest.mark.parametrize("root", [TEMPLATES, corpus_root()], ids=["own", "corpus"])
def test_what_terraform_declares_is_found_or_said(root: Path) -> None:
    """Every file of Terraform that declares a machine gives it, or says which file is not there."""
    for path in root.rglob("*.tf"):
        if 'resource "aws_sfn_state_machine"' in path.read_text("utf-8"):
            found = list(machines_in(read_source(str(path)), project_of(str(path))) or ())
            assert found
            for one in found:
                assert not isinstance(one, SourceError) or "there is no file" in str(one) or root == TEMPLATES
