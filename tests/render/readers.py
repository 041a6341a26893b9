"""What a rendered document says, read by other means than it was written: policies with placeholders for references.

Each reader returns `Role`s in the order of the document. The readers of Terraform and of the CDK model what the two do with the
texts, so that what is compared is what IAM would get.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import hcl2

from analyzer.sources import parse_any
from analyzer.templates.expressions import value
from analyzer.templates.placeholders import Template
from analyzer.text import Source

Json = Any


@dataclass(frozen=True)
class Role:
    """A role as a document has it; a statement is as IAM has it, with a list for every text that may be a list."""

    statements: list[Json]
    trust: list[Json] | None


def listed(values: Json) -> list[Json]:
    """Return *values* as a list, as IAM takes a single one."""
    return values if isinstance(values, list) else [values]


def normal(statements: list[Json], *, sids: bool = True) -> list[Json]:
    """Return *statements* with lists wherever there may be one."""
    made = []
    for statement in statements:
        one = {key: item for key, item in statement.items() if sids or key != "Sid"}
        for key in ("Action", "Resource"):
            if key in one:
                one[key] = listed(one[key])
        for key in ("Principal", "Condition"):
            if key in one:
                one[key] = {
                    name: {inner: listed(found) for inner, found in tests.items()} if isinstance(tests, dict) else listed(tests)
                    for name, tests in one[key].items()
                }
        made.append(one)
    return made


# -------------------------------------------------------------------------------------------------------- CloudFormation


def read_cloudformation(text: str) -> list[Role]:
    """Read the roles of a template. A parameter stands for what its description names."""
    document, problems = parse_any(Source(text, "rendered"))
    assert problems == ()
    whole = value(_sound(document["Resources"]), Template.of(document))
    return [_role(resource["Properties"], _renamed(document.get("Parameters", {}))) for resource in whole.values()]


def _sound(document: Json) -> Json:
    """Return *document*, in which every text of Fn::Sub means what CloudFormation takes: names, and what `!` says is none."""
    if isinstance(document, dict):
        for given in filter(None, [document.get("Fn::Sub")]):
            text = given if isinstance(given, str) else given[0]
            assert re.findall(r"\$\{(?!![^}]*\}|[A-Za-z0-9.:]+\})", text) == []
    for item in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        _sound(item)
    return document


def read_sam(text: str) -> list[Role]:
    """Read the policies of SAM machines."""
    document, _ = parse_any(Source(text, "rendered"))
    names = _renamed(document.get("Parameters", {}))
    machines = value(_sound(document["Resources"]), Template.of(document)).values()
    policies = [machine["Properties"]["Policies"] for machine in machines]
    return [Role(_with_names(normal([one for policy in some for one in policy["Statement"]]), names), None) for some in policies]


def read_serverless(text: str) -> list[Role]:
    """Read the statements of machines, or the roles that they name."""
    document, _ = parse_any(Source(text, "rendered"))
    resources = document.get("resources", {})
    names = _renamed(resources.get("Parameters", {}))
    roles = value(_sound(resources.get("Resources", {})), Template.of({}))
    made = []
    for machine in document["stepFunctions"]["stateMachines"].values():
        if "role" in machine:
            [id, attribute] = machine["role"]["Fn::GetAtt"]
            assert attribute == "Arn"
            made.append(_role(roles[id]["Properties"], names))
        else:
            statements = value(_sound(machine["iamRoleStatements"]), Template.of({}))
            assert all(set(one) == {"Effect", "Action", "Resource"} for one in statements)  # all that the plugin knows
            made.append(Role(_with_names(normal(statements), names), None))
    return made


def _role(properties: Json, names: dict[str, str]) -> Role:
    policies = properties.get("Policies", [])
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    trust = properties["AssumeRolePolicyDocument"]["Statement"]
    return Role(_with_names(normal(statements), names), _with_names(normal(trust), names))


def _renamed(parameters: Json) -> dict[str, str]:
    return {name: re.match(r"What `(.*)` stands for in ", one["Description"])[1] for name, one in parameters.items()}


def _with_names(document: Json, names: dict[str, str]) -> Json:
    if isinstance(document, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: "${" + names.get(match[1], match[1]) + "}", document)
    if isinstance(document, dict):
        return {key: _with_names(item, names) for key, item in document.items()}
    return [_with_names(item, names) for item in document]


# ------------------------------------------------------------------------------------------------------------- Terraform

DATA = {
    "data.aws_region.current.name": "AWS::Region",
    "data.aws_caller_identity.current.account_id": "AWS::AccountId",
    "data.aws_partition.current.partition": "AWS::Partition",
    "data.aws_partition.current.dns_suffix": "AWS::URLSuffix",
}

TOKEN = re.compile(
    r"""\$\$\{ | %%\{ | \$\{ (?P<reference>[^}]*) \}
      | \\u(?P<four>[0-9a-fA-F]{4}) | \\U(?P<eight>[0-9a-fA-F]{8}) | \\(?P<short>[nrt"\\]) | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)


def read_terraform(text: str) -> list[Role]:
    """Read the roles of a configuration, with what the provider makes of their documents."""
    document = hcl2.loads(text)
    names = dict(DATA)
    for block in document.get("variable", []):
        [(name, body)] = _blocks(block)
        said = re.match(r"What `(.*)` stands for in ", template(body["description"], {}))
        names[f"var.{name}"] = said[1]
    documents: dict[str, Json] = {}
    for block in document["data"]:
        for kind, instance in _blocks(block):
            for name, body in _blocks(instance):
                if kind == "aws_iam_policy_document":
                    documents[f"data.{kind}.{name}.json"] = [_statement(one, names) for one in body["statement"]]
                else:
                    assert any(key.startswith(f"data.{kind}.current.") for key in DATA)
    roles: dict[str, list[Json]] = {}
    for block in document["resource"]:
        for kind, instance in _blocks(block):
            for name, body in _blocks(instance):
                if kind == "aws_iam_role":
                    roles[f"{kind}.{name}"] = [[], documents[_bare(body["assume_role_policy"])]]
                else:
                    assert kind == "aws_iam_role_policy"
                    policy = _bare(body["policy"])
                    found = documents[policy] if policy in documents else _encoded(policy, names)
                    roles[_bare(body["role"]).removesuffix(".id")][0] = found
    return [Role(normal(statements), normal(trust)) for statements, trust in roles.values()]


def _blocks(body: Json) -> list[tuple[str, Json]]:
    return [(name.strip('"'), item) for name, item in body.items() if not name.startswith("__")]


def _bare(expression: str) -> str:
    return re.fullmatch(r"\$\{(.*)\}", expression, re.DOTALL)[1]


def template(written: str, names: dict[str, str]) -> str:
    """Return what a text of HCL means, with placeholders for its references."""
    if not written.startswith('"'):
        return "${" + names[_bare(written)] + "}"
    made = ""
    for token in TOKEN.finditer(written[1:-1]):
        if token["reference"] is not None:
            made += "${" + names[token["reference"]] + "}"
        elif token["four"] or token["eight"]:
            made += chr(int(token["four"] or token["eight"], 16))
        elif token["short"]:
            made += {"n": "\n", "r": "\r", "t": "\t"}.get(token["short"], token["short"])
        else:
            made += token["plain"] if token["plain"] is not None else token[0][1:]
    return made


def _provided(written: str, names: dict[str, str]) -> str:
    """Return what the policy document makes of a text: it takes `&{` for the start of a policy variable."""
    return template(written, names).replace("&{", "${")


def _statement(block: Json, names: dict[str, str]) -> Json:
    made = {"Sid": template(block["sid"], {})} if "sid" in block else {}
    made["Effect"] = template(block["effect"], {})
    for key, name in (("actions", "Action"), ("resources", "Resource")):
        if key in block:
            made[name] = [_provided(one, names) for one in block[key]]
    for one in block.get("principals", []):
        made.setdefault("Principal", {})[template(one["type"], {})] = [template(item, {}) for item in one["identifiers"]]
    for one in block.get("condition", []):
        tests = made.setdefault("Condition", {}).setdefault(template(one["test"], {}), {})
        tests[template(one["variable"], {})] = [_provided(item, names) for item in one["values"]]
    return made


def _encoded(call: str, names: dict[str, str]) -> list[Json]:
    """Read `jsonencode({...})`: its texts are kept apart, what is left is JSON but for `=` and commas at the end."""
    inner = re.fullmatch(r"jsonencode\((.*)\)", call, re.DOTALL)[1]
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', inner)
    made = ""
    for place, piece in enumerate(pieces):
        named = re.sub(r"(?:var|data)\.[\w.]+", lambda match: json.dumps("${" + names[match[0]] + "}"), piece)
        made += json.dumps(template(piece, names)) if place % 2 else named.replace("=", ":").replace("\n", "")
    return json.loads(re.sub(r",\s*(?=[\]}])", "", made))["Statement"]


# ------------------------------------------------------------------------------------------------------------------- CDK

TOKENS = SimpleNamespace(
    REGION="${AWS::Region}", ACCOUNT_ID="${AWS::AccountId}", PARTITION="${AWS::Partition}", URL_SUFFIX="${AWS::URLSuffix}"
)


def read_python(text: str, names: dict[str, str]) -> list[Role]:
    """Run a module for the CDK with recorders in the place of the CDK. *names* says what each parameter is called outside."""
    tree = ast.parse(text)
    assert isinstance(tree.body[0], ast.ImportFrom)
    iam = SimpleNamespace(PolicyStatement=dict, ServicePrincipal=lambda service, **options: (service, options["conditions"]))
    space: dict[str, Any] = {"Aws": TOKENS, "iam": iam}
    exec(compile(ast.Module(tree.body[1:], []), "rendered", "exec"), space)  # noqa: S102 - that it runs is the point
    made = []
    for node in tree.body[1:]:
        given = {one.arg: "${" + names.get(one.arg, one.arg) + "}" for one in node.args.kwonlyargs}
        result = space[node.name](**given)
        if node.name.endswith("_statements"):
            made.append(Role(normal([_allowed(one) for one in result]), None))
        else:
            made[-1] = Role(made[-1].statements, _trusting(*result))
    return made


def read_typescript(text: str, names: dict[str, str]) -> list[Role]:
    """Read a module for the CDK: its calls become objects, its texts the texts that they mean, and that is JSON."""
    made = []
    for function in re.findall(r"export function (\w+)\((?:.*?)\n?\}?\): iam\.\w+(?:\[\])? \{\n(.*?)\n\}\n", text, re.DOTALL):
        body = function[1].removeprefix("  return ").removesuffix(";")
        pieces = re.split(r'("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)', body)
        shown = ""
        for place, piece in enumerate(pieces):
            if place % 2:
                shown += json.dumps(_typescript_text(piece, names))
            else:
                code = re.sub(r"new iam\.PolicyStatement\(|new iam\.ServicePrincipal\(", "[", piece).replace(")", "]")
                code = re.sub(r"(Aws|names)\.(\w+)", lambda match: json.dumps(_named(match[0], names)), code)
                shown += re.sub(r"\b(sid|actions|resources|conditions):", r'"\1":', code)
        value = json.loads(re.sub(r",\s*(?=[\]}])", "", shown))
        if function[0].endswith("Statements"):
            made.append(Role(normal([_allowed(one) for [one] in value]), None))
        else:
            made[-1] = Role(made[-1].statements, _trusting(value[0], value[1]["conditions"]))
    return made


def _named(path: str, names: dict[str, str]) -> str:
    owner, _, name = path.partition(".")
    return str(getattr(TOKENS, name)) if owner == "Aws" else "${" + names.get(name, name) + "}"


def _typescript_text(piece: str, names: dict[str, str]) -> str:
    """Return what a text of TypeScript means: escapes, and references in the one kind of text that has them."""
    token = r"\\u([0-9a-fA-F]{4})|\\(.)|\$\{([^}]*)\}" if piece[0] == "`" else r"\\u([0-9a-fA-F]{4})|\\(.)"

    def meant(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        if match[2]:
            return {"n": "\n", "r": "\r", "t": "\t"}.get(match[2], match[2])
        return _named(match[3], names)

    return re.sub(token, meant, piece[1:-1], flags=re.DOTALL)


def _allowed(properties: Json) -> Json:
    made = {"Sid": properties["sid"], "Effect": "Allow", "Action": properties["actions"], "Resource": properties["resources"]}
    return {**made, "Condition": properties["conditions"]} if "conditions" in properties else made


def _trusting(service: str, conditions: Json) -> list[Json]:
    return normal([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", "Condition": conditions}])
