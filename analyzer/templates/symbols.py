"""What is kept as a symbol when a policy goes into the language of a template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analyzer.context import Context
from analyzer.dataflow.values import PLACEHOLDER
from analyzer.symbols import symbol
from analyzer.templates.model import PSEUDO, Found
from analyzer.templates.placeholders import NO_NAME, PARENT


def keep(context: Context, found: Found | None, given: Iterable[str] = (), names: Iterable[str] = ()) -> Context:
    """Return *context* with a symbol for each of *names* and for what of the surroundings is not known.

    What is *given* a text keeps that. *found* is the machine's place in a template, when it has one.
    """
    known = {"AWS::Partition": context.partition, "AWS::Region": context.region, "AWS::AccountId": context.account}
    kept = {*names} | (found.arns if found is not None else frozenset())
    wanted = [*PSEUDO, *sorted(name for name in kept - {*given} if found is None or not _is_told(name, found))]
    arns = found.arns if found is not None else frozenset()
    table = {name: text for name in wanted if not known.get(name) and (text := symbol(name, arn=name in arns))}
    own = symbol(found.own_name) if found is not None and found.own_name else None
    return replace(
        context,
        partition=context.partition or table["AWS::Partition"],
        region=context.region or table["AWS::Region"],
        account=context.account or table["AWS::AccountId"],
        name=context.name or own,
        substitutions={**context.substitutions, **table, "AWS::URLSuffix": "amazonaws.com"},
    )


def plain_names(text: str) -> frozenset[str]:
    """Return the placeholders of a definition that stand for a plain name, by what they are called."""
    return frozenset(name for name in PLACEHOLDER.findall(text) if "::" not in name and not NO_NAME.search(name))


def _is_told(name: str, found: Found) -> bool:
    """Tell whether *name* is one that nothing can refer to, while the template itself says what it is."""
    return "#" in name and name in found.texts and not name.startswith(f"{PARENT}#")
