"""State machines of the Serverless Framework: `stepFunctions.stateMachines` of a `serverless.yml`.

The plugin serverless-step-functions turns them into CloudFormation, and so does this: functions, resources and machines become a
template, under the logical ids that the framework gives them, and that is read as any other.
https://www.serverless.com/plugins/serverless-step-functions
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.errors import SourceError
from analyzer.templates.cloudformation import MACHINE, Machine, read, sharing
from analyzer.templates.cloudformation_role import policies
from analyzer.templates.conditions import conditional
from analyzer.templates.depends import dependencies
from analyzer.templates.facts import facts_of
from analyzer.templates.loops import Loops
from analyzer.templates.model import Found, Role
from analyzer.templates.placeholders import Template
from analyzer.templates.project import Project
from analyzer.templates.variables import CHOSEN, LOOKED_UP, Variables
from analyzer.templates.written import references
from analyzer.text import Json, Source

_FUNCTION, _ACTIVITY = "AWS::Lambda::Function", "AWS::StepFunctions::Activity"
_OPEN = "Open"
"""The type of a parameter that may hold anything."""

_ADDED = "the plugin serverless-step-functions"
"""Who adds what stands in no file to a role that it makes, `iamRoleStatements` or not."""

_WHERE = ("stepFunctions", "stateMachines")


@dataclass(frozen=True, slots=True)
class _Service:
    """What a `serverless.yml` says once its variables are worked out, and the template that comes of it."""

    machines: dict[str, Json]
    names: Mapping[str, str]
    template: Template
    guessed: tuple[str, ...] = ()


def is_template(document: Json) -> bool:
    """Tell whether *document* is a `serverless.yml` with state machines: they may stand in a file that it names."""
    steps = document.get("stepFunctions") if isinstance(document, dict) else None
    if isinstance(steps, dict):
        return isinstance(steps.get("stateMachines"), dict | str)
    return isinstance(steps, str) and "service" in document


def machines(source: Source, document: dict[str, Json], project: Project) -> Iterator[Found | SourceError]:
    """Yield every state machine of the `serverless.yml` *document* that *source* holds; an error for one that cannot be read."""
    variables = Variables(source, document, project)
    try:
        service = _service(variables)
    except SourceError as error:
        yield error
        return
    facts, written, depends = facts_of(service.template), references(service.template), dependencies(service.template.resources)
    for key, own in service.machines.items():
        if key not in service.names:
            yield SourceError(f"state machine `{key}`: it has no definition", name=source.name, help="give it a definition")
            continue
        name = service.names[key]
        properties = service.template.resources[name]["Properties"]
        machine = Machine(name, MACHINE, properties, source, service.template, project, facts, (*_WHERE, key), key)
        try:
            found = _read(own, machine, variables)
            role = found.role and replace(found.role, machines=_sharing(found.role, service, key))
            around = conditional(service.template, name)
            said = (*found.diagnostics, *map(_guess, service.guessed))
            yield replace(found, role=role, written=written, depends=depends, conditional=around, diagnostics=said)
        except SourceError as error:
            yield error


def _guess(name: str) -> Diagnostic:
    message = f"`${{{name}}}` is taken for what it usually is: what the deployment may choose differs in more than its texts"
    return diagnostic("unresolved-substitution", message, help="analyse the file with what is deployed written out")


def _service(variables: Variables) -> _Service:
    """Work out the whole file. Raises `SourceError` when that cannot be done, or shows no state machines."""
    document = variables.document
    steps = variables.resolve(document.get("stepFunctions"))
    guessed = tuple(variables.guessed)
    written = steps.get("stateMachines") if isinstance(steps, dict) else None
    if not isinstance(written, dict):
        why = "its state machines lie where only the deployment knows"
        raise SourceError(why, name=variables.source.name, help="name a file of the project")
    functions = _objects(variables.resolve(document.get("functions")))
    parts = _parts(variables.resolve(document.get("resources")))
    own = _objects(written)
    names = {key: _machine_id(key, machine, variables) for key, machine in own.items()}
    activities = steps.get("activities")
    resources = {
        **{_lambda_id(key): _function(key, function, variables) for key, function in functions.items()},
        **{_activity_id(str(name)): _activity(name) for name in (activities if isinstance(activities, list) else ())},
        **parts["Resources"],
        **{names[key]: _resource(machine, functions, parts["Resources"]) for key, machine in own.items()},
    }
    parameters = {**parts["Parameters"], **_chosen(variables)}
    return _Service(written, names, Template(resources, parameters, parts["Mappings"], parts["Conditions"]), guessed)


def _read(own: Mapping[str, Json], machine: Machine, variables: Variables) -> Found:
    role = None
    if "role" not in own:
        statements = [{"PolicyDocument": {"Statement": own["iamRoleStatements"]}}] if own.get("iamRoleStatements") else []
        role = policies(machine.title, (*machine.pointer, "iamRoleStatements"), statements, machine.template)
        role = replace(role, added=_ADDED)
    found = read(machine, role)
    source, pointer = variables.place_of(*_WHERE, machine.title, "definition")
    return replace(
        found,
        name=machine.title,
        dialect="serverless",
        functions={**found.functions, **variables.written},
        source=replace(source, base=pointer) if isinstance(own.get("definition"), dict) else found.source,
        files=tuple(variables.files),
    )


def _sharing(role: Role, service: _Service, own: str) -> frozenset[str]:
    """Return which machines of the file take on *role*: the machine *own* alone, when it is made for that."""
    made = sharing(role, service.template) if role.added is None else frozenset()
    return frozenset({own, *(key for key, name in service.names.items() if name in made)})


def _objects(table: Json) -> dict[str, dict[str, Json]]:
    """Return the entries of *table* that are objects. Several tables may stand in a list."""
    tables = table if isinstance(table, list) else [table]
    return {
        str(key): own for one in tables if isinstance(one, dict) for key, own in one.items() if isinstance(own, dict)
    }  # fmt: skip


def _parts(resources: Json) -> dict[str, dict[str, Json]]:
    """Return the parts of the template that `resources` adds: one, or a list of them."""
    listed = resources if isinstance(resources, list) else [resources]
    made: dict[str, dict[str, Json]] = {name: {} for name in ("Resources", "Parameters", "Mappings", "Conditions")}
    for one in listed:
        for name, table in made.items():
            given = one.get(name) if isinstance(one, dict) else None
            table.update(given if isinstance(given, dict) else {})
    return Loops.of(made).document


def _chosen(variables: Variables) -> dict[str, Json]:
    """Return the open variables as parameters of the template: what is chosen or looked up is text, the rest may be anything."""
    return {
        name: {
            "Type": "String" if re.split("[:(]", name, maxsplit=1)[0] in (*CHOSEN, *LOOKED_UP) else _OPEN,
            **({"Default": told[0]} if len(told) == 1 else {"AllowedValues": list(told)} if told else {}),
        }
        for name, told in variables.defaults.items()
    }


def _normal(name: str) -> str:
    """Return *name* as the framework writes it in a logical id: `send-mail` becomes `SendDashmail`."""
    return name[:1].upper() + name[1:].replace("-", "Dash").replace("_", "Underscore")


def _lambda_id(key: str) -> str:
    return f"{_normal(key)}LambdaFunction"


def _activity_id(name: str) -> str:
    return f"{_normal(name)}StepFunctionsActivity"


def _machine_id(key: str, own: Mapping[str, Json], variables: Variables) -> str:
    given = own.get("id") or own.get("name")
    return _normal(variables.settled(given)) if isinstance(given, str) else f"{_normal(key)}StepFunctionsStateMachine"


def _function(key: str, own: Mapping[str, Json], variables: Variables) -> Json:
    """Return a function as a resource. Without a name of its own it is called after the service and the stage."""
    service = variables.resolve("${self:service}")
    service = service.get("name") if isinstance(service, dict) else service
    name = own.get("name") or f"{service}-{variables.resolve('${sls:stage}')}-{key}"
    return {"Type": _FUNCTION, "Properties": {"FunctionName": name}}


def _activity(name: Json) -> Json:
    return {"Type": _ACTIVITY, "Properties": {"Name": name}}


def _resource(own: Mapping[str, Json], functions: Mapping[str, dict[str, Json]], resources: Mapping[str, Json]) -> dict[str, Any]:
    """Return a machine as a resource of CloudFormation."""
    known = {key: function for key, function in functions.items() if key not in resources}
    definition = _Functions(known, own.get("useExactVersion") is True).translated(own.get("definition"))
    logging, tracing, encryption = (
        one if isinstance(one := own.get(key), dict) else None for key in ("loggingConfig", "tracingConfig", "encryptionConfig")
    )
    properties = {
        "StateMachineName": own.get("name"),
        "StateMachineType": own.get("type"),
        "Definition" if isinstance(definition, dict) else "DefinitionString": definition,
        "RoleArn": own.get("role"),
        "LoggingConfiguration": None if logging is None else {"Level": logging.get("level", "OFF")},
        "TracingConfiguration": None if tracing is None else {"Enabled": tracing.get("enabled", False)},
        "EncryptionConfiguration": None
        if encryption is None or not encryption.get("KmsKeyId")
        else {"KmsKeyId": {"Fn::Sub": encryption["KmsKeyId"]}},
    }
    return {"Type": MACHINE, "Properties": {key: value for key, value in properties.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class _Functions:
    """The functions that a definition may refer to by the names they have in the file.

    With `useExactVersion` (*exact*), the plugin takes the version that is deployed, whose number nobody knows before.
    """

    own: Mapping[str, dict[str, Json]]
    exact: bool

    def key_of(self, name: Json) -> str | None:
        """Return which function *name* is: its name in the file, or its logical id."""
        return next((key for key in self.own if name in (key, _lambda_id(key))), None)

    def translated(self, value: Json, *, inside: bool = False) -> Json:
        """Return *value* with the logical id of each function; *inside* another function of CloudFormation, a name stays one."""
        if isinstance(value, list):
            return [self.translated(item, inside=inside) for item in value]
        if not isinstance(value, dict):
            return value
        [(function, argument)] = value.items() if len(value) == 1 else [("", None)]
        if function == "Ref" and (key := self.key_of(argument)) is not None:
            # A function with a name of its own is meant by its ARN, as the name alone is no Resource of a task.
            named = isinstance(self.own[key].get("name"), str) and not inside
            return self._attribute(key, "Arn") if named else {"Ref": _lambda_id(key)}
        if function == "Fn::GetAtt":
            name, _, attribute = argument.partition(".") if isinstance(argument, str) else ("", "", "")
            if isinstance(argument, list) and len(argument) == 2:
                name, attribute = map(str, argument)
            if (key := self.key_of(name)) is not None:
                return self._attribute(key, attribute)
        deeper = inside or function.startswith("Fn::")
        return {key: self.translated(item, inside=deeper) for key, item in value.items()}

    def _attribute(self, key: str, attribute: str) -> Json:
        own: Json = {"Fn::GetAtt": [_lambda_id(key), attribute]}
        return {"Fn::Join": [":", [own, {"Ref": f"{_normal(key)}LambdaVersion"}]]} if self.exact else own
