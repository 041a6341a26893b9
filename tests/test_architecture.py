"""The shape of the code is under test like its behaviour: style, types, layers, and what may stand where."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "analyzer").rglob("*.py"))
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in MODULES}
LONGEST_MODULE = 400

# ------------------------------------------------------------------------------------------------------------ checkers

CHECKERS = {
    "style": ["-m", "ruff", "check", "--no-fix", "."],
    "format": ["-m", "ruff", "format", "--diff", "."],
    "types": ["-m", "mypy"],
    "layers": ["-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-logo"],
}


@pytest.mark.parametrize("arguments", CHECKERS.values(), ids=CHECKERS.keys())
def test_the_checkers_find_nothing(arguments: list[str]) -> None:
    """Ruff, mypy and import-linter are satisfied; what they say otherwise is the failure."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


# --------------------------------------------------------------------------------------------- knowledge lives in data

PLAIN = frozenset(
    {"athena", "bedrock", "codebuild", "databrew", "dynamodb", "ecs", "eks", "execute-api", "glue", "kms", "lambda"}
    | {"mediaconvert", "s3", "sagemaker", "secretsmanager", "sns", "sqs", "xray"}
)
"""Service prefixes that mean nothing else: no string of the code has one of these as a word, in any case."""

ENGLISH = frozenset({"batch", "cases", "config", "events", "health", "logs", "notifications"})
"""Service prefixes that are English words too: not as a whole string, and not before a colon or a service's host name."""

LANGUAGE = frozenset({"states", "iam", "sts", "aws", "aws-sdk"} | {"account", "machine", "activity", "activities", "http", "tag"})
"""What the two languages are made of: `arn:aws:states:::`, `sts:AssumeRole`, `iam:PassedToService`; then words of the
languages that a service or a map happens to be called by."""

EXEMPT: dict[tuple[str, str], str] = {
    ("analyzer/cli/options.py", "config"): "the option --config is the contract of the command line",
    (
        "analyzer/templates/serverless.py",
        "lambda",
    ): "a function of the Serverless Framework is one type of resource, always",
}
"""(module, word) → why this one word has to stand in this one module."""


def service_words() -> frozenset[str]:
    """Return every service prefix the compiled maps know, with the fixed list, without the languages' own words."""
    index = ROOT / "service_maps" / "compiled" / "index.json"
    mapped = json.loads(index.read_text("utf-8"))["services"] if index.exists() else ()
    return (PLAIN | ENGLISH | frozenset(mapped)) - LANGUAGE


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of every string in the code. A string that stands alone is documentation and is left out."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def services_named(text: str, words: frozenset[str]) -> set[str]:
    """Return the service prefixes that *text* names."""
    plain, english = "|".join(sorted(words - ENGLISH)), "|".join(sorted(ENGLISH))
    found = re.findall(rf"(?<![\w-])({plain})(?![\w-])", text, re.IGNORECASE)
    found += re.findall(rf"(?<![\w-])({english})(?=:[^ ]|\.amazonaws)|^({english})$", text)
    return {word.lower() for match in found for word in ([match] if isinstance(match, str) else match) if word}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("arn:aws:sqs:us-east-1:111122223333:jobs", {"sqs"}),
        ("a DynamoDB table", {"dynamodb"}),
        ("events:PutRule", {"events"}),
        ("events.amazonaws.com", {"events"}),
        ("batch", {"batch"}),
        ("the events of a batch: none", set()),
        ("arn:aws:states:::aws-sdk:", set()),
        ("--kms-key", set()),
    ],
)
def test_the_search_for_service_names_finds_them(text: str, named: set[str]) -> None:
    """The check below tells a service from a word of English and from a part of a longer word."""
    assert services_named(text, service_words()) == named


@pytest.mark.parametrize("module", TREES)
def test_no_service_is_named_in_code(module: str) -> None:
    """What is particular to a service is a datum in service_maps/, not a branch in the program."""
    words = service_words()
    found = {(word, line) for line, text in strings(TREES[module]) for word in services_named(text, words)}
    assert sorted((word, line) for word, line in found if (module, word) not in EXEMPT) == []


def test_every_exemption_is_used_and_argued() -> None:
    """An exemption whose module no longer names the service is deleted, and none stands without a reason."""
    words = service_words()
    for module, word in EXEMPT:
        assert any(word in services_named(text, words) for _, text in strings(TREES[module]))
    assert all(len(reason.split()) > 2 for reason in EXEMPT.values())


# ----------------------------------------------------------------------------------------------------- shape of a module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_is_short(path: Path) -> None:
    """A module that outgrows the limit has a second job."""
    length = path.read_text("utf-8").count("\n")
    assert length <= LONGEST_MODULE


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the functions, the classes and their methods that a reader may use. What is inside a function is not."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


@pytest.mark.parametrize("module", TREES)
def test_what_is_public_is_documented(module: str) -> None:
    """Every public function, class and method has a docstring; no suppression comment gets round it."""
    assert ast.get_docstring(TREES[module]) is not None
    assert [node.name for node in public(TREES[module]) if ast.get_docstring(node) is None] == []


def side_effects(tree: ast.AST) -> Iterator[str]:
    """Yield each place where *tree* prints, exits, asks or reads the environment."""
    forbidden = {"print", "input", "exit", "quit", "sys.exit", "os._exit", "os.environ", "os.getenv", "sys.stdout", "sys.stderr"}
    for node in ast.walk(tree):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id
        name = called or (isinstance(node, ast.Attribute) and ast.unparse(node))
        if name in forbidden:
            yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize("module", [name for name in TREES if name != "analyzer/cli.py" and not name.startswith("analyzer/cli/")])
def test_only_the_command_line_talks_to_the_world(module: str) -> None:
    """A library neither prints nor exits nor reads the environment."""
    assert list(side_effects(TREES[module])) == []


# --------------------------------------------------------------------------------------------------------- whole checkout

FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.$}/-])/(work|farm|tmp|home|root|Users)/[a-z]",
    "the host of a package registry": "|".join(("py" + r"pi\.org", r"pythonhosted\.org", r"registry\.npm" + "js", r"\bdl-cdn\.")),
    "something left to do without an issue number": r"\b(?:TO" + r"DO|FIX" + r"ME)\b(?! ?\(?#\d)",
}
"""What no file of the repository may hold. The patterns are put together so that they do not match themselves."""


def repository_files() -> list[Path]:
    """Return the files git knows or would add; without git (an unpacked archive), every file that is not hidden."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        relative = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        listed = [str(path) for path in relative if not any(part.startswith(".") for part in path.parts)]
    return [ROOT / name for name in sorted(listed) if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    """Nothing of the workshop it was made in stays in the repository."""
    pattern = re.compile(FORBIDDEN[what])
    files = repository_files()
    assert ROOT / "pyproject.toml" in files
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in files
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
