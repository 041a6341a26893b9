"""Variables of the Serverless Framework: `${self:custom.table}`, `${opt:stage, 'dev'}`, `${file(tables.yml):orders}`.

What the project itself says is filled in. What only a deployment knows (an option, the environment, another stack) stays a
placeholder, named as it is written, and its default is kept beside it. No file is run, and nothing outside the project is read.
https://www.serverless.com/framework/docs/guides/variables
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from analyzer.errors import SourceError
from analyzer.sources import parse_any
from analyzer.templates.alternatives import ANY, Several, merge, reach
from analyzer.templates.project import Project
from analyzer.templates.variable_syntax import sources_of, split, write_variable
from analyzer.text import Json, Pointer, Source

MOST_STEPS = 50_000
"""Values that the variables of one file are worked out into. Each may name another one several times."""

MOST_TEXT = 2_000_000
"""Characters of those values, all together."""

DEPTH = 40
"""The deepest nesting of variables."""

LEVELS = 150
"""The deepest nesting of what a variable stands for. A definition stays below 40."""

LONGEST = 256
"""Characters of the name of a placeholder."""

CHOSEN = ("opt", "env", "param", "sls")
"""Sources whose value whoever deploys chooses: text, of which a default says what it usually is."""

LOOKED_UP = ("cf", "ssm")
"""Sources that are asked for one text when it is deployed: the output of a stack, a parameter."""

_SURROUNDINGS = {("aws", "accountId"): "${AWS::AccountId}", ("aws", "region"): "${AWS::Region}"}
_SOURCE = re.compile(r"(?P<kind>[a-z][A-Za-z0-9]*)(?:\((?P<argument>[^()]*)\))?(?::(?!:)(?P<address>.*))?", re.DOTALL)
_LITERAL = re.compile(r"""'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<number>-?\d+(?:\.\d+)?)""")
_WORDS = {"true": True, "false": False, "null": None}
_PSEUDO = re.compile(r"#\{([^{}]+)\}")
_PARSED = (".yml", ".yaml", ".json")
_RUN = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")


class _Missing:
    """Nothing stands there, which a default may make up for."""


MISSING = _Missing()


@dataclass(slots=True)
class Variables:
    """The variables of one `serverless.yml`. It lives for the reading of that file, and counts what it makes.

    `defaults` says what each open placeholder usually is, in texts with placeholders; nothing for one without a default.
    `written` says how the file writes such a placeholder, where it is written anywhere.
    `guessed` are the values that are taken for what they usually are, though they are chosen by what the deployment says.
    """

    source: Source
    document: dict[str, Json]
    project: Project
    defaults: dict[str, tuple[str, ...]] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    guessed: dict[str, None] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    _steps: int = 0
    _length: int = 0
    _level: int = 0
    _inside: list[str] = field(default_factory=list)
    _documents: dict[str, tuple[Source, Json] | None] = field(default_factory=dict)

    def resolve(self, value: Json) -> Json:
        """Return *value* with every variable in it worked out. Raises `SourceError` when that would never end."""
        self._count(value)
        if isinstance(value, str):
            found = self._text(_PSEUDO.sub(r"${\1}", value))
            return None if isinstance(found, _Missing) else found
        if not isinstance(value, dict | list):
            return value
        self._level += 1
        made: Json = (
            {key: self.resolve(item) for key, item in value.items()}
            if isinstance(value, dict)
            else [self.resolve(item) for item in value]
        )
        self._level -= 1
        return made

    def place_of(self, *steps: str) -> tuple[Source, Pointer]:
        """Return where the value at *steps* of the document is written: there, or in the file that a variable names."""
        source: Source = self.source
        pointer: Pointer = ()
        value: Json = self.document
        waiting = list(steps)
        for _ in range(DEPTH):
            lone = self._lone(value)
            if lone is not None:
                source, pointer, value = lone
            elif waiting and isinstance(value, dict) and waiting[0] in value:
                pointer, value = (*pointer, waiting[0]), value[waiting.pop(0)]
            else:
                break
        return source, pointer

    def _lone(self, value: Json) -> tuple[Source, Pointer, Json] | None:
        """Return what a text that is nothing but one variable stands for, and where that is written."""
        match = re.fullmatch(r"\s*\$\{([^{},]+)\}\s*", value) if isinstance(value, str) else None
        source = _SOURCE.fullmatch(match[1].strip()) if match else None
        if source is None or source["kind"] not in ("file", "self"):
            return None
        opened = (self.source, self.document) if source["kind"] == "self" else self._open(source["argument"] or "")
        if opened is None:
            return None
        steps = tuple(step for step in (source["address"] or "").split(".") if step)
        found: Json = opened[1]
        for step in steps:
            if not isinstance(found, dict) or step not in found:
                return None
            found = found[step]
        return opened[0], steps, found

    def settled(self, value: Json, depth: int = 0) -> str:
        """Return a text with the default of each placeholder in its place; one without any stays."""

        def fill(match: re.Match[str]) -> str:
            given = self.defaults.get(match[1], ())
            return self.settled(given[0], depth + 1) if given and depth < DEPTH else match[0]

        return re.sub(r"\$\{([^${}]+)\}", fill, str(value))

    def _count(self, value: Json) -> None:
        self._steps += 1
        self._length += len(value) if isinstance(value, str) else 0
        deep = len(self._inside) > DEPTH or self._level > LEVELS
        if deep or self._steps > MOST_STEPS or self._length > MOST_TEXT:
            message = f"its variables stand for more than {MOST_STEPS:,} values, or for too long or too deep ones"
            raise SourceError(message, name=self.source.name, help="a variable may not stand for another one many times over")

    def _text(self, text: str) -> Json | _Missing:
        """Work out the variables of one text: a value of any kind when the text is a single variable, else text."""
        parts = list(split(text))
        if len(parts) == 1 and parts[0][1]:
            return self._variable(parts[0][0])
        made = ""
        for part, is_variable in parts:
            found = self._variable(part) if is_variable else part
            if isinstance(found, str):
                made += found
            elif isinstance(found, bool | int | float):
                made += _written(found)
            elif found is not None and not isinstance(found, _Missing):
                made += str(self._placeholder([part], ""))
            self._count(made)
        return made

    def _variable(self, written: str) -> Json | _Missing:
        """Work out what stands between `${` and `}`: its sources one after the other, until one has a value."""
        if written in self._inside:
            return self._placeholder([written], "")  # it stands for itself
        self._inside.append(written)
        self._count(written)
        try:
            return self._first(written)
        finally:
            self._inside.pop()

    def _first(self, written: str) -> Json | _Missing:
        choices = list(sources_of(written))
        if not self._is_variable(choices[0]):
            return f"${{{self._text(written)}}}"  # what Fn::Sub fills
        waiting: str | None = None
        several: list[Several] = []
        for choice in choices:
            found = self._choice(choice)
            if isinstance(found, _Open):
                waiting = waiting if waiting is not None else found.kind
            elif isinstance(found, Several):
                several.append(found)  # where the deployment asks for another one, the next source counts
            elif not isinstance(found, _Missing):
                found = self._merged([*several, Several((found,), "")])
                return found if waiting is None else self._placeholder(choices, waiting, found)
        if several:
            return self._merged(several)
        return self._placeholder(choices, waiting or "")

    def _merged(self, several: list[Several]) -> Json:
        """Return one value for all that the sources of a variable may give."""
        return merge(
            [value for one in several for value in one.values],
            several[0].name,
            self._chosen,
            lambda name: self.guessed.update({name: None}),
        )

    def _chosen(self, name: str, told: list[str]) -> str:
        """Return the placeholder *name*, which stands for one of the texts *told*."""
        name = name if len(name) <= LONGEST and not re.search(r"[${}]", name) else "variable:open"
        self.defaults[name] = tuple(dict.fromkeys((*self.defaults.get(name, ()), *told)))
        return f"${{{name}}}"

    def _is_variable(self, choice: str) -> bool:
        source = _SOURCE.fullmatch(self._flat(choice))
        return source is not None and (source["address"] is not None or source["argument"] is not None)

    def _flat(self, choice: str) -> str:
        """Return one source of a variable without variables in it: one that is nothing else is what that one is."""
        parts = list(split(choice))
        if len(parts) == 1 and parts[0][1]:
            return ", ".join(map(self._flat, sources_of(parts[0][0]))) if self._is_shallow(choice) else ""
        found = self._text(choice) if "${" in choice else choice
        return self.settled(found) if isinstance(found, str) else choice

    def _is_shallow(self, choice: str) -> bool:
        return choice.count("${") <= DEPTH

    def _choice(self, choice: str) -> Json | _Missing | _Open | Several:
        """Return what one source of a variable gives."""
        literal = _LITERAL.fullmatch(choice)
        if literal is not None:
            number = literal["number"]
            return (float(number) if "." in number else int(number)) if number else literal["single"] or literal["double"] or ""
        if choice in _WORDS:
            return _WORDS[choice]
        if choice.startswith("${"):
            found = self._text(choice)
            name = found[2:-1] if isinstance(found, str) and found.startswith("${") else ""
            return _Open(name.partition(":")[0]) if self.defaults.get(name) == () else found
        source = _SOURCE.fullmatch(self._flat(choice))
        if source is None:
            return _Open("")
        usual = self._given(source["kind"], source["argument"], source["address"] or "")
        return self._several(choice, usual) if source["kind"] in ("self", "file") and "${" in choice else usual

    def _several(self, choice: str, usual: Json | _Missing | _Open) -> Json | _Missing | _Open | Several:
        """Return all that *choice* may give where an address in it hangs on what the deployment chooses; else what is *usual*."""
        found = self._text(choice)
        if not isinstance(found, str):
            return usual
        wild = re.sub(r"\$\{([^${}]+)\}", lambda match: ANY if match[1] in self.defaults else match[0], found)
        source = _SOURCE.fullmatch(wild) if ANY in wild else None
        if source is None:
            return usual
        steps = [step for step in (source["address"] or "").split(".") if step]
        if source["kind"] == "self":
            places: list[Json] = [self.document]
        else:
            folder = os.path.dirname(os.path.realpath(self.source.name))
            path = (source["argument"] or "").strip().strip("'\"")
            opened = map(self._open, self.project.matching(path, folder) if ANY in path else [path])
            places = [one[1] for one in opened if one is not None]
        values = [value for one in places for value in reach(one, steps, self.resolve)]
        made = [value for value in (usual, *values) if not isinstance(value, _Missing | _Open)]
        # Beside what is meant there may be other things in the same place, of which one is known not to be like it.
        made = [value for value in made if isinstance(value, dict) == isinstance(made[0], dict)]
        return Several(tuple(made), wild.replace(ANY, "*")) if made else usual

    def _given(self, kind: str, argument: str | None, address: str) -> Json | _Missing | _Open:
        if (kind, address) in _SURROUNDINGS:
            return _SURROUNDINGS[kind, address]
        if kind == "self":
            return self._at(self.document, address)
        if kind == "file":
            opened = self._open(argument or "")
            return MISSING if opened is None else self._at(opened[1], address)
        if kind == "strToBool":
            text = self._flat(argument or "").strip("'\"").lower()
            return text in ("true", "1") if text in ("true", "false", "1", "0") else _Open(kind)
        if kind == "sls" and address == "stage":
            stage = self._at(self.document, "provider.stage")
            return self._kept("sls:stage", "dev" if isinstance(stage, _Missing) or stage is None else stage)
        if kind == "param":
            found = self._parameter(address)
            return _Open(kind) if isinstance(found, _Missing) else self._kept(f"param:{address}", found)
        return _Open(kind)

    def _parameter(self, name: str) -> Json | _Missing:
        """Return a parameter of the stage that is usual, else the one of every stage."""
        usual = self._given("sls", None, "stage")
        stage = self.settled(usual) if isinstance(usual, str) else ""
        for table in (stage, "default"):
            for steps in (f"stages.{table}.params.{name}", f"params.{table}.{name}"):
                found = self._at(self.document, steps)
                if not isinstance(found, _Missing):
                    return found
        return MISSING

    def _kept(self, name: str, usual: Json) -> Json:
        """Return the placeholder *name*, whose value whoever deploys may change, when what it usually is, is text."""
        if not isinstance(usual, str | int | float):
            return usual
        self.defaults[name] = (str(usual),)
        self.written[name] = f"${{{name}}}"
        return f"${{{name}}}"

    def _at(self, value: Json, address: str) -> Json | _Missing:
        for step in filter(None, address.split(".")):
            if isinstance(value, str):
                value = self.resolve(value)
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return MISSING
        return self.resolve(value)

    def _open(self, path: str) -> tuple[Source, Json] | None:
        """Return a file of the project, and what it holds; nothing for one that would have to be run."""
        path = path.strip().strip("'\"")
        if path not in self._documents:
            self._documents[path] = self._read(path)
        return self._documents[path]

    def _read(self, path: str) -> tuple[Source, Json] | None:
        if path.endswith(_RUN) or path.startswith("~"):
            return None
        found = self.project.read(path, os.path.dirname(os.path.realpath(self.source.name)))
        if found is None:
            return None
        self.files[found.name] = None
        return (found, parse_any(found)[0] if path.endswith(_PARSED) else found.text)

    def _placeholder(self, choices: list[str], kind: str, usual: Json = None) -> Json:
        """Return the placeholder of a variable that stays open. *usual* is its default, and its value when it is no text.

        Two variables that are the same only for the usual stage are two placeholders.
        """
        if isinstance(usual, dict | list):
            return usual
        flat = [self._flat(choice) for choice in choices]
        name = ", ".join(flat)
        if not flat[0] or len(name) > LONGEST or re.search(r"[${}]", name):
            name = f"{kind or 'variable'}:open"
            flat = [name]
        own, number = write_variable(choices), 1
        while self.written.setdefault(name, own) != own:
            number += 1
            name = f"{', '.join(flat)} ({number})"
        told = (
            () if usual in (None, "") or kind not in CHOSEN else (str(usual).lower() if isinstance(usual, bool) else str(usual),)
        )
        if told and flat[0] != name:  # so that a text given for the option alone serves wherever it is used
            self.defaults[flat[0]] = tuple(dict.fromkeys((*self.defaults.get(flat[0], ()), *told)))
            told = (f"${{{flat[0]}}}",) if self.defaults[flat[0]] == told else told
        self.defaults[name] = told
        return f"${{{name}}}"


@dataclass(frozen=True, slots=True)
class _Open:
    """A value that only the deployment knows, and of which kind of source it is."""

    kind: str


def _written(value: Json) -> str:
    """Return a single value as it stands in a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
