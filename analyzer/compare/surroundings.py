"""The context in which two sides are compared: what only the deployment knows is a symbol, the same on both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from analyzer.compare.declared import fill
from analyzer.compare.globs import read_exact
from analyzer.context import Context
from analyzer.symbols import symbol
from analyzer.templates.model import Found
from analyzer.templates.symbols import keep

_PARTITION = re.compile(r"\barn:(aws[a-z-]*):")


def comparable(
    context: Context,
    found: Found | None,
    places: tuple[str | None, str | None],
    given: Iterable[str] = (),
    *,
    arns: bool = False,
) -> Context:
    """Return *context* for a comparison with policies whose ARNs name the Region and the account *places*.

    Those are taken where nobody said others. The partition is that of the ARNs in the definition, else `aws`: a policy that
    writes `arn:aws:` out is none the worse for it. What is *given* a text keeps that. What stands for a whole ARN may be
    anything where it is compared with what somebody wrote; between two states of one template it is what it is called.
    """
    region, account = places
    context = replace(context, region=context.region or region, account=context.account or account)
    if found is None:
        here, home = context.region or symbol("AWS::Region"), context.account or symbol("AWS::AccountId")
        return replace(context, region=here, account=home)
    partition = context.partition
    if not partition:
        written = _PARTITION.search(json.dumps(found.document, default=str))
        partition = written[1] if written else "aws"
    open_arns = found.arns - found.texts.keys() if arns else frozenset[str]()
    told = [*given, *found.settled, *(found.arns - open_arns)]
    kept = keep(replace(context, partition=partition), found, told, found.names)
    name = found.options.get("name")
    if context.name is None and isinstance(name, str):
        kept = replace(kept, name=read_exact(fill(name, kept.all_substitutions())))
    return kept
