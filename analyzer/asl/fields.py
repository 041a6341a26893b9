"""The tables of the language: which fields each kind of state and each of its parts has, and what they may hold.

Read a row as: this field holds a value of this kind, and belongs to this query language only (to both when none is
named). https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from analyzer.asl.model import QueryLanguage


class Kind(Enum):
    """What a field may hold. A JSONata state may write an expression for every kind but the last four."""

    __hash__ = object.__hash__  # a member is looked up in tables all the time, and Enum hashes its name

    ANY = auto()  # any JSON value; nothing in it is evaluated
    TEXT = auto()
    FLAG = auto()
    COUNT = auto()  # a whole number from 0
    POSITIVE = auto()  # a whole number from 1
    RATE = auto()  # a number from 1
    PERCENT = auto()  # a number from 0 to 100
    LIST = auto()
    TEMPLATE = auto()  # any JSON value; `.$` keys (JSONPath) or `{% %}` texts (JSONata) in it are evaluated
    VARIABLES = auto()  # an object of variable names and values
    CREDENTIALS = auto()
    ERRORS = auto()  # a list of error names
    OBJECT = auto()
    PATH = auto()  # a JSONPath
    PATH_OR_NULL = auto()
    RESULT_PATH = auto()  # a reference path into the state's input, or null
    PATH_OR_INTRINSIC = auto()
    ARN = auto()  # a constant text, in a template perhaps `Fn::Sub`
    WORD = auto()  # one of a few words


class Field(NamedTuple):
    """One row: the kind of value, the only query language that has the field, the words it may be."""

    kind: Kind
    only: QueryLanguage | None = None
    words: tuple[str, ...] = ()


class Table(NamedTuple):
    """The fields of one kind of object. Of each group in *required* one has to be there, of *exclusive* at most one."""

    fields: Mapping[str, Field]
    required: tuple[tuple[str, ...], ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()


def _path(kind: Kind) -> Field:
    return Field(kind, QueryLanguage.JSONPATH)


def _data(kind: Kind) -> Field:
    return Field(kind, QueryLanguage.JSONATA)


def _word(*words: str) -> Field:
    return Field(Kind.WORD, words=words)


_ANY, _TEXT, _COUNT, _POSITIVE, _OBJECT, _LIST = map(
    Field, (Kind.ANY, Kind.TEXT, Kind.COUNT, Kind.POSITIVE, Kind.OBJECT, Kind.LIST)
)
_VARIABLES = Field(Kind.VARIABLES)
_TEMPLATE = Field(Kind.TEMPLATE)
_LANGUAGE = _word("JSONPath", "JSONata")

_EVERY = {"Type": _TEXT, "Comment": _ANY, "QueryLanguage": _LANGUAGE}
_IN_AND_OUT = {"InputPath": _path(Kind.PATH_OR_NULL), "OutputPath": _path(Kind.PATH_OR_NULL), "Output": _data(Kind.TEMPLATE)}
_TRANSITION = {"Next": _TEXT, "End": Field(Kind.FLAG)}
_RESULT = {"ResultSelector": _path(Kind.TEMPLATE), "ResultPath": _path(Kind.RESULT_PATH)}
_PAYLOAD = {"Parameters": _path(Kind.TEMPLATE), "Arguments": _data(Kind.TEMPLATE)}
_ON_ERROR = {"Retry": Field(Kind.LIST), "Catch": Field(Kind.LIST)}

STATES: Mapping[str, Table] = {
    "Task": Table(
        {
            **(_EVERY | _IN_AND_OUT | _TRANSITION | _PAYLOAD | _RESULT | _ON_ERROR),
            "Resource": Field(Kind.ARN),
            "Credentials": Field(Kind.CREDENTIALS),
            "Assign": _VARIABLES,
            "TimeoutSeconds": _POSITIVE,
            "TimeoutSecondsPath": _path(Kind.PATH),
            "HeartbeatSeconds": _POSITIVE,
            "HeartbeatSecondsPath": _path(Kind.PATH),
        },
        required=(("Resource",),),
        exclusive=(("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath")),
    ),
    "Pass": Table(
        {
            **(_EVERY | _IN_AND_OUT | _TRANSITION),
            "Result": _path(Kind.ANY),
            "Parameters": _path(Kind.TEMPLATE),
            "ResultPath": _path(Kind.RESULT_PATH),
            "Assign": _VARIABLES,
        },
    ),
    "Wait": Table(
        {
            **(_EVERY | _IN_AND_OUT | _TRANSITION),
            "Seconds": _COUNT,
            "Timestamp": _TEXT,
            "SecondsPath": _path(Kind.PATH),
            "TimestampPath": _path(Kind.PATH),
            "Assign": _VARIABLES,
        },
        required=(("Seconds", "Timestamp", "SecondsPath", "TimestampPath"),),
        exclusive=(("Seconds", "Timestamp", "SecondsPath", "TimestampPath"),),
    ),
    "Choice": Table(
        {**(_EVERY | _IN_AND_OUT), "Choices": _LIST, "Default": _TEXT, "Assign": _VARIABLES},
        required=(("Choices",),),
    ),
    "Parallel": Table(
        {**(_EVERY | _IN_AND_OUT | _TRANSITION | _PAYLOAD | _RESULT | _ON_ERROR), "Branches": _LIST, "Assign": _VARIABLES},
        required=(("Branches",),),
    ),
    "Map": Table(
        {
            **(_EVERY | _IN_AND_OUT | _TRANSITION | _RESULT | _ON_ERROR),
            "ItemProcessor": _OBJECT,
            "Iterator": _OBJECT,
            "Items": _data(Kind.TEMPLATE),
            "ItemsPath": _path(Kind.PATH),
            "ItemSelector": _TEMPLATE,
            "Parameters": _path(Kind.TEMPLATE),
            "ItemReader": _OBJECT,
            "ItemBatcher": _OBJECT,
            "ResultWriter": _OBJECT,
            "MaxConcurrency": _COUNT,
            "MaxConcurrencyPath": _path(Kind.PATH),
            "ToleratedFailureCount": _COUNT,
            "ToleratedFailureCountPath": _path(Kind.PATH),
            "ToleratedFailurePercentage": Field(Kind.PERCENT),
            "ToleratedFailurePercentagePath": _path(Kind.PATH),
            "Label": _TEXT,
            "Assign": _VARIABLES,
        },
        required=(("ItemProcessor", "Iterator"),),
        exclusive=(
            ("ItemProcessor", "Iterator"),
            ("ItemSelector", "Parameters"),
            ("MaxConcurrency", "MaxConcurrencyPath"),
            ("ToleratedFailureCount", "ToleratedFailureCountPath"),
            ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
        ),
    ),
    "Succeed": Table({**(_EVERY | _IN_AND_OUT)}),
    "Fail": Table(
        {
            **_EVERY,
            "Error": _TEXT,
            "Cause": _TEXT,
            "ErrorPath": _path(Kind.PATH_OR_INTRINSIC),
            "CausePath": _path(Kind.PATH_OR_INTRINSIC),
        },
        exclusive=(("Error", "ErrorPath"), ("Cause", "CausePath")),
    ),
}
"""The eight state types."""

ENDING = frozenset(("Succeed", "Fail", "Choice"))
"""The types that have neither `Next` nor `End`."""

STATE_FIELDS = frozenset(name for table in STATES.values() for name in table.fields)
"""Every field that some state type has."""

DISTRIBUTED_ONLY = (
    *("ItemReader", "ItemBatcher", "ResultWriter", "Label"),
    *("ToleratedFailureCount", "ToleratedFailurePercentage"),
)
"""The fields of a Map that only a distributed one heeds."""

_SCOPE: dict[str, Field] = {"StartAt": _TEXT, "States": _OBJECT, "Comment": _ANY}

MACHINE = Table({**_SCOPE, "QueryLanguage": _LANGUAGE, "TimeoutSeconds": _POSITIVE, "Version": _TEXT})
BRANCH = Table(_SCOPE)
PROCESSOR = Table({**_SCOPE, "ProcessorConfig": _OBJECT})
PROCESSOR_CONFIG = Table({"Mode": _word("INLINE", "DISTRIBUTED"), "ExecutionType": _word("STANDARD", "EXPRESS")})

RETRIER = Table(
    {
        "ErrorEquals": Field(Kind.ERRORS),
        "IntervalSeconds": _POSITIVE,
        "MaxAttempts": _COUNT,
        "BackoffRate": Field(Kind.RATE),
        "MaxDelaySeconds": _POSITIVE,
        "JitterStrategy": _word("NONE", "FULL"),
        "Comment": _ANY,
    },
    required=(("ErrorEquals",),),
)
CATCHER = Table(
    {
        "ErrorEquals": Field(Kind.ERRORS),
        "Next": _TEXT,
        "ResultPath": _path(Kind.RESULT_PATH),
        "Output": _data(Kind.TEMPLATE),
        "Assign": _VARIABLES,
        "Comment": _ANY,
    },
    required=(("ErrorEquals",), ("Next",)),
)

READER = Table(
    {**_PAYLOAD, "Resource": Field(Kind.ARN), "ReaderConfig": _OBJECT, "Comment": _ANY},
    required=(("Resource",),),
)
READER_CONFIG = Table(
    {
        "InputType": _word("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"),
        "ManifestType": _word("ATHENA_DATA", "S3_INVENTORY"),
        "Transformation": _word("NONE", "LOAD_AND_FLATTEN"),
        "CSVDelimiter": _TEXT,
        "CSVHeaderLocation": _word("FIRST_ROW", "GIVEN"),
        "CSVHeaders": _LIST,
        "ItemsPointer": _TEXT,
        "MaxItems": _COUNT,
        "MaxItemsPath": _path(Kind.PATH),
    },
    exclusive=(("MaxItems", "MaxItemsPath"),),
)
BATCHER = Table(
    {
        "MaxItemsPerBatch": _POSITIVE,
        "MaxItemsPerBatchPath": _path(Kind.PATH),
        "MaxInputBytesPerBatch": _POSITIVE,
        "MaxInputBytesPerBatchPath": _path(Kind.PATH),
        "BatchInput": _TEMPLATE,
        "Comment": _ANY,
    },
    required=(("MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),),
    exclusive=(("MaxItemsPerBatch", "MaxItemsPerBatchPath"), ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")),
)
WRITER = Table(
    {**_PAYLOAD, "Resource": Field(Kind.ARN), "WriterConfig": _OBJECT, "Comment": _ANY},
    required=(("Resource", "WriterConfig"),),
)
WRITER_CONFIG = Table({"Transformation": _word("NONE", "COMPACT", "FLATTEN"), "OutputType": _word("JSON", "JSONL")})

RULE = Table(
    {
        "Next": _TEXT,
        "Comment": _ANY,
        "Assign": _VARIABLES,
        "Output": _data(Kind.TEMPLATE),
        "Condition": _data(Kind.FLAG),
        "Variable": _path(Kind.PATH),
        "And": _path(Kind.LIST),
        "Or": _path(Kind.LIST),
        "Not": _path(Kind.OBJECT),
    },
)
"""A choice rule, beside the comparison operators."""

_ORDERED = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_TYPED = {
    **{f"{of}{how}": Field(Kind.ANY) for of in ("String", "Numeric", "Timestamp") for how in _ORDERED},
    **{f"{of}{how}Path": Field(Kind.PATH) for of in ("String", "Numeric", "Timestamp") for how in _ORDERED},
    "BooleanEquals": Field(Kind.FLAG),
    "BooleanEqualsPath": Field(Kind.PATH),
    "StringMatches": _TEXT,
}
COMPARISONS: Mapping[str, Field] = {
    **_TYPED,
    **{f"Is{what}": Field(Kind.FLAG) for what in ("Null", "Present", "Numeric", "String", "Boolean", "Timestamp")},
}
"""The comparison operators of JSONPath choice rules and what they compare with."""

INTRINSICS = frozenset(
    (
        *("Format", "StringToJson", "JsonToString", "Array", "ArrayPartition", "ArrayContains", "ArrayRange", "ArrayGetItem"),
        *("ArrayLength", "ArrayUnique", "Base64Encode", "Base64Decode", "Hash", "JsonMerge", "MathRandom", "MathAdd"),
        *("StringSplit", "UUID"),
    )
)
"""The intrinsic functions, `States.` left out."""

COUNTERPART: Mapping[str, tuple[str, ...]] = {
    "Parameters": ("Arguments", "ItemSelector", "Output"),
    "Arguments": ("Parameters",),
    "ResultSelector": ("Output",),
    "ResultPath": ("Output",),
    "OutputPath": ("Output",),
    "Result": ("Output",),
    "Output": ("OutputPath", "ResultPath"),
    "ItemsPath": ("Items",),
    "Items": ("ItemsPath",),
    "InputPath": ("Arguments", "Output"),
    "Variable": ("Condition",),
    "And": ("Condition",),
    "Or": ("Condition",),
    "Not": ("Condition",),
    "Condition": ("Variable",),
}
"""What does the work of a field in the other query language, the nearest first; beside these, `XPath` becomes `X`."""
