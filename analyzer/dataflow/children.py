"""What a child execution of a Distributed Map is told of its surroundings.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.dataflow.join import one_of
from analyzer.dataflow.values import HOLE, Literal, OneOf, Record, Text, Unknown, Value, alternatives, texts


def of_a_child(context: Value, label: str | None) -> Value:
    """Return the context object of a child execution of a Distributed Map with this *label*: the role is the same.

    No page says whether the machine is called by its own ARN there or as it runs, `...:stateMachine:NAME/LABEL`.
    """
    if not isinstance(context, Record):
        return context
    unknown = Unknown("context object of a child execution")
    execution = context.fields.get("Execution")
    role = execution.fields.get("RoleArn") if isinstance(execution, Record) else None
    own = Record({} if role is None else {"RoleArn": role}, unknown)
    above = context.fields.get("StateMachine")
    known = above.fields.get("Id") if isinstance(above, Record) else None
    machine: Value = unknown
    if isinstance(known, Literal | Text | OneOf):
        behind = HOLE if label is None or "${" in label else label
        called = [Text(f"{one.text}/{behind}", (*one.reasons, "label of a Distributed Map"), one.flow) for one in texts(known)]
        machine = Record({"Id": one_of([*alternatives(known), *map(_settled, called)])}, unknown)
    return replace(context, fields={**context.fields, "Execution": own, "StateMachine": machine})


def _settled(text: Text) -> Value:
    return text if HOLE in text.text else Literal(text.text, text.flow)
