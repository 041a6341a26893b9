"""The options that commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analyzer.render import FORMS

if TYPE_CHECKING:
    from analyzer.config import Config
    from analyzer.context import Context
    from analyzer.templates import Found

    Contexts = Callable[..., Context]

Command = TypeVar("Command", bound=Callable[..., Any])

CONTEXT = (
    "arn", "account", "region", "partition", "name", "type", "logging", "tracing", "kms_key", "role", "substitution", "assume",
    "input_schema",
)  # fmt: skip
"""The parameters that make a `Context`."""


_PARAMETERS = {"substitutions": "substitution", "assumptions": "assume"}


def _substitutions(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.partition("=") for value in values]
    for name, equals, _value in pairs:
        if not (name and equals):
            raise click.BadParameter(f"`{name}` has no value: write NAME=VALUE")
    return {name: value for name, _equals, value in pairs}


def _assumptions(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for value in values:
        path, equals, text = value.partition("=")
        if not (path.startswith("$") and equals):
            raise click.BadParameter(f"`{value}` is no assumption: write it like $.order.table=orders")
        found[path] = (*found.get(path, ()), text)
    return found


def _schema(_: click.Context, __: click.Parameter, path: str | None) -> object:
    import json

    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise click.BadParameter(f"`{path}` is no JSON Schema: {str(error)[:200]}") from error


def paths(command: Command) -> Command:
    """Add the argument PATH..."""
    return click.argument("paths", metavar="PATH...", nargs=-1, required=True)(command)


def context_options(command: Command) -> Command:
    """Add what is known around the definition."""
    options = (
        click.option("--arn", metavar="ARN", help="ARN of the state machine; gives account, Region, partition and name."),
        click.option("--account", metavar="ID", help="Account of the machine, twelve digits."),
        click.option("--region", metavar="REGION", help="Region of the machine."),
        click.option("--partition", metavar="NAME", help="Partition, such as aws-cn; by default the Region's."),
        click.option("--name", metavar="NAME", help="Name of the machine."),
        click.option("--type", type=click.Choice(["standard", "express"], case_sensitive=False),
                     default="standard", show_default=True, help="Type of the workflow."),
        click.option("--logging/--no-logging", help="Whether the machine writes logs."),
        click.option("--tracing/--no-tracing", help="Whether the machine is traced."),
        click.option("--kms-key", metavar="KEY", help="Customer managed key of the machine: an id or an ARN."),
        click.option("--role", metavar="ARN", help="The execution role, for the trust policies of target roles."),
        click.option("--substitution", metavar="NAME=VALUE", multiple=True, callback=_substitutions,
                     help="Value of a ${NAME} in the definition. Repeatable."),
        click.option("--assume", metavar="PATH=VALUE", multiple=True, callback=_assumptions,
                     help="Text at a path of the execution's input; a path given again: any of its texts."),
        click.option("--input-schema", metavar="FILE", callback=_schema, help="JSON Schema that every input keeps to."),
        click.option("--machine", metavar="NAME", help="Only the machine that a template calls NAME."),
        click.option("--keep-substitutions", is_flag=True,
                     help="Write what only the deployment knows as ${NAME} instead of a wildcard."),
        click.option("--any-input", is_flag=True,
                     help="Take no machine's input from the machines that start it in the same run."),
        click.option("--config", metavar="FILE", help="Configuration; by default the nearest asl-iam.toml upwards."),
        click.option("--no-config", "config", flag_value="", help="Read no configuration."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def comparison_options(command: Command) -> Command:
    """Add what is known around definitions that are compared: what only the deployment knows is kept there anyway."""
    made = context_options(command)
    parameters = getattr(made, "__click_params__", [])
    parameters[:] = [one for one in parameters if one.name != "keep_substitutions"]
    return made


def output_options(command: Command) -> Command:
    """Add where the result goes and how it looks."""
    options = (
        click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True),
                     help="Write the result to FILE, whole or not at all."),
        click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
                     help="Colour. NO_COLOR and FORCE_COLOR are heeded under auto."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def form_option(*forms: str) -> Callable[[Command], Command]:
    """Add --format; the first of *forms* is the default."""
    return click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help="Form of the result."
    )


def one_machine(parameters: dict[str, Any]) -> str | None:
    """Return the option among *parameters* that names a single machine: two machines cannot have the same identity."""
    return next((f"--{name}" for name in ("arn", "name") if parameters[name] is not None), None)


def take_config(parameters: Mapping[str, Any]) -> Config | None:
    """Return the configuration that is named, else the nearest one upwards; nothing when there is none, or none is wanted."""
    from analyzer.config import read_config

    path = config_path(parameters)
    return read_config(path) if path else None


def config_path(parameters: Mapping[str, Any]) -> str | None:
    """Return where the configuration is, if there is one and it is wanted."""
    from analyzer.config import discover

    return parameters["config"] or (discover(".") if parameters["config"] is None else None)


def take_contexts(parameters: dict[str, Any]) -> Contexts:
    """Return what makes the context of the definition at a path.

    That is what its template says, under the configuration, under what the command line says. Raises `OptionError`, at once for
    what is wrong on the command line, later for what is wrong for one definition.
    """
    from analyzer.context import make_context

    given = {name: parameters[name] for name in CONTEXT}
    renamed = {"substitutions": given.pop("substitution"), "assumptions": given.pop("assume")}
    chosen = {**given, **renamed, "type": given["type"].upper()}
    plain = make_context(**chosen)
    config = take_config(parameters)
    typed = click.get_current_context().get_parameter_source
    said = {name for name in chosen if typed(_PARAMETERS.get(name, name)) is not click.core.ParameterSource.DEFAULT}

    def context_for(name: str, found: Found | None = None, text: str = "") -> Context:
        keep = keeps(parameters)
        if config is None and found is None and not keep:
            return plain
        configured = config.options_for(name) if config else {}
        merged = {**chosen, **{key: value for key, value in configured.items() if key not in said}}
        for key in ("substitutions", "assumptions"):
            merged[key] = {**configured.get(key, {}), **chosen[key]}
        context = make_context(**merged)
        if found is not None:
            context = _in_template(context, found, {*configured, *said}, keep=keep)
        if not keep:
            return context
        return _keeping(context, found, merged["substitutions"], text if parameters["keep_substitutions"] else "")

    return context_for


def keeps(parameters: Mapping[str, Any]) -> bool:
    """Tell whether what only the deployment knows is kept: it was asked for, or the result is in a template's language."""
    return bool(parameters.get("keep_substitutions")) or parameters.get("form") in FORMS


def _keeping(context: Context, found: Found | None, given: Mapping[str, str], text: str) -> Context:
    """Return *context* with a symbol for each placeholder that nobody gave a text for; of no template, those in *text*."""
    from analyzer.templates.symbols import keep, plain_names

    return keep(context, found, given, plain_names(text) if found is None else found.names)


def _in_template(context: Context, found: Found, said: set[str], *, keep: bool) -> Context:
    """Add to *context* what the template says of the machine, but for what somebody *said* otherwise.

    To *keep* names, nothing is taken that is only so when a parameter has its default.
    """
    from analyzer.context import known_options, partition_of
    from analyzer.templates import options_of

    if "arn" in said:
        said |= {"partition", "region", "account", "name"}
    open_names = found.names - context.substitutions.keys() if keep else frozenset[str]()
    given = {key: value for key, value in options_of(found, context.all_substitutions(), open_names).items() if key not in said}
    if "region" in said:
        given.pop("partition", None)
    elif "region" in given:
        given = {"partition": partition_of(str(given["region"])), **given}
    texts = {name: texts[0] if len(texts) == 1 else texts for name, texts in found.texts.items()}
    # Of a key that the template makes there is a text with placeholders, which is no known option.
    key = {"kms_key": given["kms_key"]} if "kms_key" in given else {}
    substitutions, facts = {**texts, **context.substitutions}, {**found.facts, **context.facts}
    return replace(context, **{**known_options(given), **key}, substitutions=substitutions, facts=facts)
