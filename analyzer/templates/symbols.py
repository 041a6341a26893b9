"""What is kept as a symbol when a policy goes back into the language of its template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analyzer.context import Context
from analyzer.symbols import symbol
from analyzer.templates.model import PSEUDO, Found


def keep(context: Context, found: Found, given: Iterable[str] = ()) -> Context:
    """Return *context* with a symbol for each plain name of the template and for what of the surroundings is not known.

    What is *given* a text keeps that.
    """
    known = {"AWS::Partition": context.partition, "AWS::Region": context.region, "AWS::AccountId": context.account}
    names = [*PSEUDO, *sorted(name for name in found.names | found.arns if name not in given and not _is_told(name, found))]
    table = {name: text for name in names if not known.get(name) and (text := symbol(name, arn=name in found.arns))}
    own = symbol(found.own_name) if found.own_name else None
    return replace(
        context,
        partition=context.partition or table["AWS::Partition"],
        region=context.region or table["AWS::Region"],
        account=context.account or table["AWS::AccountId"],
        name=context.name or own,
        substitutions={**context.substitutions, **table, "AWS::URLSuffix": "amazonaws.com"},
    )


def _is_told(name: str, found: Found) -> bool:
    """Tell whether *name* is one that nothing can refer to, while the template itself says what it is."""
    return "#" in name and name in found.texts
