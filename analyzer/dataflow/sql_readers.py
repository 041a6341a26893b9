"""SQL text → the tables, databases and functions it names, by what is done to them.

sqlglot reads the text; it is imported when there is one to read. Nothing is guessed: what is not understood is
`Unreadable`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analyzer.dataflow.values import HOLE

if TYPE_CHECKING:
    from sqlglot import exp

Part = tuple[str, bool]
"""A part of a name, and whether it stands in quotation marks."""

TABLES = ("Tables", "Selects", "Inserts", "Updates", "Deletes", "Creates", "Replaces", "Drops", "Alters")
PARTITIONS = ("PartitionAdds", "PartitionDrops")
DATABASES = ("Databases", "DatabaseCreates", "DatabaseDrops", "DatabaseAlters", "Listings")
CATALOGS = ("Catalogs",)
NAMES = ("Prepares", "Executes", "Deallocates", "Functions", "Unloads", "Locations", "Writes")
LISTS = {
    **dict.fromkeys((*TABLES, *PARTITIONS), ("Catalog", "Database", "Table")),
    "IndexSelects": ("Table", "Index"),
    **dict.fromkeys(DATABASES, ("Catalog", "Database")),
    **dict.fromkeys(CATALOGS, ("Catalog",)),
    **dict.fromkeys(NAMES, ("Name",)),
}
"""The lists of `Sql` and the parts of their items. `Tables` and `Databases` are all that are named, whatever is done to them;
`Listings` the databases whose tables are listed, `Catalogs` the catalogs whose databases are; `Locations` where tables and
partitions are said to keep their data, `Writes` those of them that the statement itself writes to."""


@dataclass(slots=True)
class Touched:
    """What one text touches, as its reader finds it: (list, parts of the name); a part that is not written is not there."""

    found: dict[tuple[str, tuple[tuple[str, str], ...]], None] = field(default_factory=dict)

    def add(self, verb: str, **parts: str) -> None:
        """Note one name; a part that is empty is not written."""
        self.found[verb, tuple((part, text) for part, text in parts.items() if text)] = None


class Unreadable(Exception):
    """The text is not understood; the message says why."""


NOT_UNDERSTOOD = "not understood"


def read(text: str, dialect: str, touched: Touched) -> None:
    """Add to *touched* what *text* names. Raises `Unreadable`, with the reason, where that cannot be told."""
    if dialect == "partiql":
        _read_partiql(text, touched)
    else:
        _read_sql(text, dialect, touched)


def _read_partiql(text: str, touched: Touched) -> None:
    """Read one PartiQL statement: its verb, its one table, and the index a SELECT reads.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
    """
    from sqlglot import tokenize

    with _guarded():
        tokens = list(tokenize(text))
    words = [token.text.upper() for token in tokens]
    if words[:2] == ["EXISTS", "("]:
        tokens, words = tokens[2:], words[2:]
    before = {"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM"}.get(words[0] if words else "")
    if before not in words or words.index(before) + 1 >= len(words):
        raise Unreadable("no statement of PartiQL")
    name = tokens[words.index(before) + 1 :]
    parts = [name[0].text]
    for last, token in pairwise(name):
        if token.start != last.end + 1 or token.text in ("(", "[", ";"):
            break
        if last.text == "." or token.text == ".":
            parts += [] if token.text == "." else [token.text]
        else:
            parts[-1] += token.text  # a name without quotation marks may have a hyphen, or a hole
    if len(parts) > (2 if words[0] == "SELECT" else 1):
        parts = parts[:2]
    table, index = parts[0], parts[1] if len(parts) > 1 and words[0] == "SELECT" else ""
    touched.add("IndexSelects" if index else words[0].capitalize() + "s", Table=table, Index=index)


_COMMANDS = re.compile(
    r"""\s*(?:
      (?P<repair>MSCK\s+REPAIR\s+TABLE)\s+(?P<repaired>[^\s;]+)
    | (?P<explain>EXPLAIN)\s+(?:ANALYZE\s+)?(?:VERBOSE\s+)?(?:\((?:\s*(?:FORMAT|TYPE)\s+\w+\s*,?)+\)\s*)?(?P<explained>.+)
    | UNLOAD\s*\((?P<unloaded>.+)\)\s*TO\s*'(?P<place>[^']*)'.*
    | EXECUTE\s+(?P<executed>[^\s;]+).*
    | PREPARE\s+(?P<prepared>\S+)\s+FROM\b.*
    | DEALLOCATE\s+PREPARE\s+(?P<deallocated>[^\s;]+)
    | (?:OPTIMIZE|VACUUM)\s+(?P<rewritten>[^\s;]+).*
    | SHOW\s+(?:DATABASES|SCHEMAS)(?P<like>\b.*)
    | SHOW\s+(?:TABLES|VIEWS)(?:\s+(?:IN|FROM)\s+(?P<listed>[^\s;']+))?(?P<matching>\s.*|)
    | SHOW\s+(?P<partitions>PARTITIONS)\s+(?P<divided>[^\s;]+)
    | SHOW\s+(?:CREATE\s+(?:TABLE|VIEW)|TBLPROPERTIES|MEASURES\s+(?:FROM|IN))\s+(?P<shown>[^\s;(]+).*
    | SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<columns>[^\s;]+)(?:\s+(?:IN|FROM)\s+(?P<home>[^\s;]+))?
    | ALTER\s+(?:DATABASE|SCHEMA)\s+(?P<altered>[^\s;]+)\s+SET\b.*
    | ALTER\s+TABLE\s+(?P<grown>[^\s;]+)\s+ADD\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<placed>PARTITION\s*\(.*)
    | USING\s+EXTERNAL\s+FUNCTION\s(?P<functions>.*\bLAMBDA\s+'[^']*')(?P<rest>.*)
    )\s*;?\s*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""The statements sqlglot keeps as text. https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html"""

_METADATA = re.compile(r"(.+)\$(?:partitions|files|manifests|history|snapshots|refs|properties|entries)", re.IGNORECASE)
"""`"orders$partitions"`: a table of what is known of a table."""


def _read_sql(text: str, dialect: str, touched: Touched) -> None:
    """Read the statements of *text*. Names inside string literals, functions and views of views are not looked for."""
    match = _COMMANDS.fullmatch(_without_comments(text))
    if match is not None:
        _command(match, dialect, touched)
        return
    try:
        statements = _parsed(text, dialect)
    except Unreadable:
        statements = _parsed(_DURATION.sub(lambda match: match[1] or match[0], text), dialect)
    for statement in statements:
        _statement(statement, touched)


_DURATION = re.compile(r"""'[^']*'|"[^"]*"|(?<![\w.])(\d+)(?:ns|us|ms|[smhd])\b""")
"""`15m`, an interval in the SQL of time series. https://docs.aws.amazon.com/timestream/latest/developerguide/date-time-functions.html"""


def _parsed(text: str, dialect: str) -> list[exp.Expr]:
    import sqlglot

    with _guarded():
        return [statement for statement in sqlglot.parse(text, dialect=dialect) if statement is not None]


def _without_comments(text: str) -> str:
    return re.sub(r"^(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)+", "", text, flags=re.DOTALL)


@contextmanager
def _guarded() -> Iterator[None]:
    """Turn what sqlglot raises into `Unreadable`, and keep it from writing warnings to the user's log."""
    from sqlglot.errors import SqlglotError

    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    except (SqlglotError, RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Unreadable(NOT_UNDERSTOOD) from error
    finally:
        logger.disabled = before


_COMMAND_TABLES = {
    "repaired": "PartitionAdds",
    "grown": "PartitionAdds",
    "rewritten": "Updates",
    "divided": "Selects",
    "shown": "Tables",
}
_COMMAND_NAMES = {"executed": "Executes", "prepared": "Prepares", "deallocated": "Deallocates", "place": "Unloads"}


_COMMAND_TEXTS = {
    "placed": ("Locations", re.compile(r"\bLOCATION\s+'([^']*)'", re.IGNORECASE)),
    "functions": ("Functions", re.compile(r"\bLAMBDA\s+'([^']*)'", re.IGNORECASE)),
}


def _command(match: re.Match[str], dialect: str, touched: Touched) -> None:
    said = {name: text for name, text in match.groupdict().items() if text}
    for group in [name for name in said if name in _COMMAND_TABLES]:
        _table(touched, _COMMAND_TABLES[group], *_parts(said[group]))
    _names(said, touched)
    if "columns" in said:
        _table(touched, "Tables", *_parts(f"{said['home']}.{said['columns']}" if "home" in said else said["columns"]))
    if "altered" in said:
        _database(touched, "DatabaseAlters", *_parts(said["altered"]))
    if match["matching"] is not None:
        _database(touched, "Listings", *(_parts(said["listed"]) if "listed" in said else [("", True)]))
    if match["like"] is not None:
        touched.add("Catalogs")
    for group in ("explained", "unloaded", "rest"):
        if inner := said.get(group, "").strip():
            _read_sql(inner, dialect, touched)


def _names(said: dict[str, str], touched: Touched) -> None:
    """Note what a command names that is no table and no database."""
    for group in [name for name in said if name in _COMMAND_NAMES]:
        touched.add(_COMMAND_NAMES[group], Name=said[group].strip('"`'))
    for group, (verb, quoted) in _COMMAND_TEXTS.items():
        for name in quoted.findall(said.get(group, "")):
            touched.add(verb, Name=name)


def _parts(name: str) -> list[Part]:
    """Split a name at its dots: each part, and whether it stands in quotation marks."""
    found = re.findall(r'"([^"]*)"|`([^`]*)`|([^."`]+)', name)
    return [(first or second or bare, not bare) for first, second, bare in found]


def _table(touched: Touched, verb: str, *parts: Part) -> None:
    """Note a table by the parts of its name. What an unquoted hole stands for may have dots of its own."""
    *above, (table, quoted) = parts
    database, database_quoted = above[-1] if above else ("", True)
    catalog = above[-2][0] if len(above) > 1 else ""
    if table == HOLE and not quoted and not above:
        database = catalog = HOLE
    elif database == HOLE and not database_quoted and not catalog:
        catalog = HOLE
    if database.casefold() == "information_schema":
        touched.add("Catalogs", Catalog=catalog)
        touched.add("Listings", Catalog=catalog, Database=HOLE)
        return
    if (inner := _METADATA.fullmatch(table)) is not None:
        table = inner[1]
    name = {"Catalog": catalog, "Database": database, "Table": table}
    touched.add(verb, **name)
    touched.add("Tables", **name)
    touched.add("Databases", Catalog=catalog, Database=database)


def _database(touched: Touched, verb: str, *parts: Part) -> None:
    *above, (database, quoted) = parts
    catalog = above[-1][0] if above else HOLE if database == HOLE and not quoted else ""
    touched.add(verb, Catalog=catalog, Database=database)
    touched.add("Databases", Catalog=catalog, Database=database)


def _statement(statement: exp.Expr, touched: Touched) -> None:
    """Note what a parsed statement does to its target, and the tables it reads on the way."""
    from sqlglot import exp

    if isinstance(statement, (exp.Create, exp.Drop)):
        kind = str(statement.args.get("kind") or "").upper()
        if kind in ("DATABASE", "SCHEMA"):
            for target in _dropped(statement):
                _database(touched, f"Database{type(statement).__name__}s", *_name_of(target))
            return
        if kind not in ("TABLE", "VIEW"):
            raise Unreadable(NOT_UNDERSTOOD)
        _places(statement, touched)
    targets = _targets(statement)
    for verb, target in targets:
        _table(touched, verb, *_name_of(target))
    taken = {id(table) for _, target in targets for table in target.find_all(exp.Table)}
    _sources(statement, taken, touched)


def _places(statement: exp.Expr, touched: Touched) -> None:
    """Note where a table that is made keeps its data: one that is not external is written, or at least begun, by its statement.

    https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
    """
    from sqlglot import exp

    for place in statement.find_all(exp.LocationProperty, exp.Property):
        said = place.name.casefold() == "external_location" and place.args.get("value")
        value = place.this if isinstance(place, exp.LocationProperty) else said
        if isinstance(value, exp.Literal) and value.is_string:
            touched.add("Locations", Name=value.name)
            if statement.find(exp.ExternalProperty) is None:
                touched.add("Writes", Name=value.name)


def _targets(statement: exp.Expr) -> list[tuple[str, Any]]:
    """Return what is done to which tables; nothing for a statement that only reads."""
    from sqlglot import exp

    if isinstance(statement, exp.Drop):
        return [("Drops", target) for target in _dropped(statement)]
    verbs: list[str]
    if isinstance(statement, exp.Create):
        filled = str(statement.args.get("kind")).upper() == "TABLE" and statement.args.get("expression") is not None
        verbs = ["Creates", *(["Replaces"] if statement.args.get("replace") else []), *(["Inserts"] if filled else [])]
    elif isinstance(statement, exp.Alter):
        verbs = _changes(statement)
    elif isinstance(statement, exp.Merge):
        verbs = ["Inserts", "Updates", "Deletes"]
    elif isinstance(statement, (exp.Insert, exp.Update, exp.Delete)):
        verbs = [f"{type(statement).__name__}s"]
    elif isinstance(statement, exp.Describe):
        verbs = ["Tables"]
    elif isinstance(statement, (exp.Query, exp.Values)):
        verbs = []
    else:
        raise Unreadable(NOT_UNDERSTOOD)
    return [(verb, statement.this) for verb in verbs]


def _dropped(statement: exp.Expr) -> list[Any]:
    tables = statement.args.get("tables")
    return list(tables) if tables else [statement.this]


def _changes(statement: exp.Expr) -> list[str]:
    kinds = {type(action).__name__ for action in statement.args.get("actions") or ()}
    found = {"AddPartition": "PartitionAdds", "DropPartition": "PartitionDrops"}
    return sorted({found.get(kind, "Alters") for kind in kinds}) or ["Alters"]


def _name_of(target: Any) -> list[Part]:
    from sqlglot import exp

    table = target if isinstance(target, exp.Table) else target.find(exp.Table)
    if table is None:
        raise Unreadable(NOT_UNDERSTOOD)
    return _written(table)


def _written(table: exp.Table) -> list[Part]:
    """Return the parts of a table's name as they are written."""
    from sqlglot import exp

    parts = [table.args.get(part) for part in ("catalog", "db", "this")]
    if not all(part is None or isinstance(part, (exp.Identifier, exp.Dot)) for part in parts):
        raise Unreadable(NOT_UNDERSTOOD)
    return [(part.name, bool(part.args.get("quoted"))) for part in parts if part is not None]


def _sources(statement: exp.Expr, taken: set[int], touched: Touched) -> None:
    """Note each table that is read: all but the targets and the names of common table expressions."""
    from sqlglot import exp

    for table in statement.find_all(exp.Table):
        if id(table) in taken or isinstance(table.this, (exp.Func, exp.TableFromRows)):
            continue
        parts = _written(table)
        if len(parts) > 1 or not _is_common(table, parts[0][0]):
            _table(touched, "Selects", *parts)
    clauses = (exp.Where, exp.Having, exp.And, exp.Or, exp.Not, exp.Join)
    for column in statement.find_all(exp.Column):
        if column.name == HOLE and not column.this.args.get("quoted") and isinstance(column.parent, clauses):
            raise Unreadable("not known where a clause of its own may stand")


def _is_common(table: exp.Table, name: str) -> bool:
    """Tell whether *name* is that of a common table expression in whose reach *table* stands."""
    from sqlglot import exp

    node: exp.Expr = table
    through: exp.Expr | None = None
    while (parent := node.parent) is not None:
        through = node if isinstance(node, exp.CTE) else through
        for clause in (clause for clause in parent.args.values() if isinstance(clause, exp.With)):
            for one in clause.expressions:
                if one is through and not clause.args.get("recursive"):
                    break  # it sees those before it, not itself: the name is that of a table
                if one.alias.casefold() == name.casefold():
                    return True
                if one is through:
                    break
        node = parent
    return False
