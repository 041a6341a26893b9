"""Policies as SAM takes them: a list in the machine, from which SAM makes the role and its trust policy.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html#sam-statemachine-policies
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analyzer.analyze import Analysis
from analyzer.render.cloudformation import policy
from analyzer.render.drafts import NAMES_IN_STACKS, Draft, drafts
from analyzer.render.expression import Reference
from analyzer.render.identifiers import asked, declared, pascal, unique
from analyzer.render.stack import document, parameters, remarks
from analyzer.text import Json

TRUST = "SAM makes the role and its trust policy, which trusts every state machine; `cloudformation` pins it."


def sam(analyses: Sequence[Analysis]) -> str:
    """Write the `Policies` of each machine of *analyses*, where they stand in its resource."""
    made = drafts([[one] for one in analyses], NAMES_IN_STACKS)
    ids: list[str] = []
    for draft in made:
        ids.append(draft.machine or unique(pascal(draft.title), ids))
    names = declared(asked(made), "pascal", ids)
    top: dict[str, Json] = {"Parameters": parameters(names)} if names else {}
    machines = [
        (
            id,
            {"Type": "AWS::Serverless::StateMachine", "Properties": {"Policies": policies(draft, names)}},
            [*remarks(draft, trust=False), TRUST],
        )
        for id, draft in zip(ids, made, strict=True)
    ]
    return document(machines, top, ("Resources",))


def policies(draft: Draft, names: Mapping[Reference, str]) -> list[Json]:
    """Return the list of policies of a machine; an empty one where nothing is needed."""
    return [policy(draft, names, number) for number in range(1, len(draft.documents) + 1)] if draft.statements else []
