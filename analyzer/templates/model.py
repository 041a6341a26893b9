"""What a template says of a state machine: the nouns that every reader of templates gives.

A template names things by reference. Here every reference is a text with placeholders, `${Orders}` or `${Orders.Arn}`, whatever
the template's own language is, so that a value is followed through the analysis as text and can be written back as a reference.
The pseudo parameters of CloudFormation, `${AWS::Region}` and the others, name the same things in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.diagnostics import Diagnostic
from analyzer.text import Json, Pointer, Source

PSEUDO = ("AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::URLSuffix", "AWS::StackName", "AWS::StackId")
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html"""

Texts = tuple[str, ...]
"""What a placeholder may stand for: one text, or one of several. Texts have placeholders in turn."""


@dataclass(frozen=True, slots=True)
class Role:
    """The execution role of a machine as its template declares it.

    `pointer` leads to it in the template: to a role, or to the machine itself where that holds the policies. `statements` are
    the IAM statements of its own policies, with references as texts; `managed` are names or ARNs of managed policies, and what
    else stands in a list of policies is in `others`, as it is written, with the connectors that lead away from the machine as
    `{"Connector": {...}}`, and what cannot be read as `{"Unread": what it is called}`. What is there only where a condition holds
    is `{"Fn::If": [condition, it, null]}`. `made` is whether SAM makes the role for the machine, `boundary` the managed policy
    that bounds what it may do. `machines` are the state machines that take the role on, by their names in the template, whether
    their definitions can be read or not. `added` is who adds permissions that the template does not show.
    """

    name: str
    pointer: Pointer
    statements: tuple[Json, ...] = ()
    managed: tuple[str, ...] = ()
    others: tuple[Json, ...] = ()
    trust: Json = None
    made: bool = False
    boundary: str | None = None
    machines: frozenset[str] = frozenset()
    added: str | None = None


def only_where(one: Json, condition: str) -> Json:
    """Return *one*, of a role, as what is there only where *condition* holds; as it is, where there is none."""
    return {"Fn::If": [condition, one, None]} if condition else one


@dataclass(frozen=True, slots=True)
class Found:
    """One state machine of a template.

    `name` is what the template calls it (a logical id), `template` the path of the template and `pointer` its place there.
    `source` is the text that holds the definition, at the pointer `source.base`; `document` is the definition, with references
    as texts. `options` are keywords of `make_context`. `texts` says what a placeholder stands for; `names` are those that stand
    for one plain name, which only the deployment knows, `unsure` those of them of which nothing shows that it is one, and
    `own_name` that of the machine; `settled` are those of them that the template gives to a resource itself, `generated` those
    that the deployment makes; `arns` stand for whole ARNs of which nothing is known, and `usual` for more than a name, of which
    the default alone is known. `functions` are the placeholders that stand for functions of CloudFormation or variables of the
    Serverless Framework, and how these are written. `written` says how the template's own language refers to a text with
    placeholders: ``"arn:${AWS::Partition}:sns:...:${Topic.TopicName}"`` → ``"Topic"``. Where the language has modules, `home` is
    the address of the one that the machine is in, and `spelled` says how that one writes each placeholder, with an empty text for
    what no expression is. `depends` says what each resource of the template refers to, and `conditional`
    are those that are not always made when the machine is. `files` are the files read besides the template. `facts` are what
    the template says of its other resources and the definition cannot show: (kind of fact, ARN) → what the resource has, or
    nothing.
    """

    name: str
    dialect: str
    template: str
    pointer: Pointer
    source: Source
    document: Json
    options: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, Texts] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    generated: frozenset[str] = frozenset()
    written: Mapping[str, str] = field(default_factory=dict)
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conditional: frozenset[str] = frozenset()
    arns: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    usual: frozenset[str] = frozenset()
    own_name: str | None = None
    functions: Mapping[str, Json] = field(default_factory=dict)
    role: Role | None = None
    spelled: Mapping[str, str] | None = None
    home: str = ""
    files: tuple[str, ...] = ()
    facts: Mapping[tuple[str, str], Texts] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
