"""What is known around a definition: where its machine lives and how it is set up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analyzer.errors import OptionError
from analyzer.text import Json

_MACHINE_ARN = (
    r"arn:(?P<partition>aws[a-z-]*):states:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):stateMachine:(?P<name>[^:*?\s]+)"
)
_REGION_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)
_PARTITION = r"arn:(aws[a-z-]*):"
_ROLE_ARN = r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}):role/[^*?\s]+"
_FORMS = {
    "account": (r"[0-9]{12}", "an account id: twelve digits are"),
    "region": (r"[a-z]{2,4}(-[a-z]+)+-[0-9]+", "a Region"),
    "partition": (r"aws[a-z-]*", "a partition"),
    "name": (r"[^\s<>{}\[\]*?\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}", "a state machine name"),
    "kms_key": (r"[^*?$\s]+", "a key: its id, its ARN or an alias is"),
    "role": (_ROLE_ARN, "the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)"),
    "type": ("STANDARD|EXPRESS", "a type of workflow: STANDARD and EXPRESS are"),
}
"""What each thing that may be known has to look like, and the words for it."""


@dataclass(frozen=True, slots=True)
class Context:
    """A machine's surroundings. What is not known is `None` and becomes a wildcard with a diagnostic.

    `kms_key` is the customer managed key of the machine (a key id or ARN); `role` the ARN of the execution role.
    `assumptions` maps paths into the execution's input to the texts that may stand there, `input_schema` is a JSON Schema
    that every input keeps to.
    """

    partition: str = "aws"
    region: str | None = None
    account: str | None = None
    name: str | None = None
    type: str = "STANDARD"
    logging: bool = False
    tracing: bool = False
    kms_key: str | None = None
    role: str | None = None
    substitutions: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    assumptions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    input_schema: Json = None

    def places(self, unknown: str) -> dict[str, str]:
        """Return what a template of an ARN may name of the machine, with *unknown* for what is not known."""
        return {
            "partition": self.partition or unknown,
            "region": self.region or unknown,
            "account": self.account or unknown,
            "machine": self.name or unknown,
        }

    def fill(self, template: str, unknown: str) -> str:
        """Return *template* with its `{partition}`, `{region}`, `{account}` and `{machine}` filled."""
        for name, value in self.places(unknown).items():
            template = template.replace(f"{{{name}}}", value)
        return template

    def all_substitutions(self) -> Mapping[str, str | tuple[str, ...]]:
        """Return the substitutions with the pseudo parameters every template has (`${AWS::Region}`, ...)."""
        return {**self.pseudo_parameters(), **self.substitutions}

    def pseudo_parameters(self) -> dict[str, str]:
        """Return the pseudo parameters that are known.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
        """
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        known = {
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::URLSuffix": suffix if self.partition in ("aws", "aws-cn", "aws-us-gov") else None,
        }
        return {name: value for name, value in known.items() if value}


def make_context(  # noqa: PLR0913 - one argument for each thing that can be known
    *,
    arn: str | None = None,
    partition: str | None = None,
    region: str | None = None,
    account: str | None = None,
    name: str | None = None,
    type: str = "STANDARD",
    logging: bool = False,
    tracing: bool = False,
    kms_key: str | None = None,
    role: str | None = None,
    substitutions: Mapping[str, str | tuple[str, ...]] | None = None,
    assumptions: Mapping[str, tuple[str, ...]] | None = None,
    input_schema: Json = None,
) -> Context:
    """Check and complete what is known: single options first, then the machine's *arn*, then the Region's partition.

    Raises `OptionError` for a value that cannot be one, and for two that contradict each other.
    """
    given: dict[str, str | None] = {"partition": partition, "region": region, "account": account, "name": name}
    if arn is not None:
        match = re.fullmatch(_MACHINE_ARN, arn)
        if match is None:
            raise OptionError(f"`{arn}` is not the ARN of a state machine (arn:aws:states:REGION:ACCOUNT:stateMachine:NAME)")
        for key, value in match.groupdict().items():
            if given[key] not in (None, value):
                raise OptionError(f"--{key} {given[key]} contradicts the machine's ARN `{arn}`")
            given[key] = value
    for key, (form, expected) in _FORMS.items():
        value = {**given, "kms_key": kms_key, "role": role, "type": type}[key]
        if value is not None and not re.fullmatch(form, value):
            raise OptionError(f"`{value}` is not {expected}")
    if given["region"] is not None:
        given["partition"] = _check_partition(given["partition"], given["region"])
    home = re.fullmatch(_ROLE_ARN, role or "")
    for key, value in home.groupdict().items() if home else ():
        if given[key] not in (None, value):
            raise OptionError(f"the role `{role}` is not of the machine's {key} `{given[key]}`")
    return Context(
        partition=given["partition"] or "",
        region=given["region"],
        account=given["account"],
        name=given["name"],
        type=type,
        logging=logging,
        tracing=tracing,
        kms_key=kms_key,
        role=role,
        substitutions=dict(substitutions or {}),
        assumptions=dict(assumptions or {}),
        input_schema=input_schema,
    )


def known_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of *given* that can be so: what a template computes may be no name of a machine, say."""
    return {key: value for key, value in given.items() if key not in _FORMS or re.fullmatch(_FORMS[key][0], str(value))}


def _check_partition(partition: str | None, region: str) -> str:
    """Return the partition of *region*. Raises `OptionError` when *partition* is given and is another one.

    A partition and a Region that are both younger than this program contradict nothing it knows.
    """
    own = partition_of(region)
    if partition not in (None, own) and {partition, own} & {name for _, name in _REGION_PARTITIONS}:
        raise OptionError(f"the Region `{region}` is in the partition `{own}`, not in `{partition}`")
    return partition or own


def partition_of(region: str) -> str:
    """Return the partition of *region*.

    https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
    """
    return next((partition for prefix, partition in _REGION_PARTITIONS if region.startswith(prefix)), "aws")


def settle_partition(context: Context, resource_arns: Iterable[str]) -> Context:
    """Fill a partition nobody gave from the tasks' own ARNs: no call crosses partitions, so the first one tells."""
    if context.partition:
        return context
    found = next((match[1] for arn in resource_arns if (match := re.match(_PARTITION, arn))), "aws")
    return replace(context, partition=found)
