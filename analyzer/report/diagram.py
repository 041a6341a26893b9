"""The states of a machine as a picture: every state with the permissions it needs, every inner scope in a frame.

Labels are quoted to the last character, since a state may be called anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from analyzer.analyze import Analysis
from analyzer.asl.model import Map, Scope, State, inner_scopes
from analyzer.graph import to_networkx, transitions
from analyzer.report.entries import entries_by_state, states_in_order
from analyzer.report.paint import count, printable
from analyzer.text import Json, Pointer

MERMAID_LIMIT = 100
"""States in one Mermaid diagram: forges refuse to draw much larger ones, and nobody can read them."""

_MERMAID = {"Choice": ("{", "}"), "Succeed": ("([", "])"), "Fail": ("([", "])"), "Parallel": ("[[", "]]"), "Map": ("[[", "]]")}
_MARKED = "stroke:#d29922,stroke-width:4px"
"""The look of a marked state, for light and for dark pages."""

_DOT = {"Choice": "diamond", "Succeed": "oval", "Fail": "oval", "Parallel": "box3d", "Map": "box3d"}
_RISKY = re.compile(r"[^\w ,:?!-]|(?<![^\W_])[-_]|[-_](?![^\W_])")
"""What Mermaid, the Markdown and the HTML inside its labels may act on; `-` and `_` are harmless between letters."""


@dataclass(frozen=True, slots=True)
class Node:
    """One state."""

    id: str
    name: str
    type: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What is inside a scope of a Parallel or a Map."""

    id: str
    title: str
    items: tuple[Node | Frame, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """What there is to draw. An edge is (from, to, label, dashed)."""

    items: tuple[Node | Frame, ...]
    edges: tuple[tuple[str, str, str, bool], ...]
    left_out: int


def mermaid(analysis: Analysis, marked: Collection[str] = ()) -> str:
    """Draw the machine as a Mermaid flowchart of at most `MERMAID_LIMIT` states, those that are *marked* with a thick line."""
    picture = _picture(analysis, MERMAID_LIMIT)
    lines = ["flowchart TD", "  start((start))", *_mermaid_items(picture.items, "  ")]
    for source, target, label, dashed in picture.edges:
        arrow = "-.->" if dashed else "-->"
        lines.append(f"  {source} {arrow}|{label}| {target}" if label else f"  {source} {arrow} {target}")
    if picture.left_out:
        lines.append(f'  left_out["{count(picture.left_out, "more state")} not shown"]')
    chosen = [node.id for node in _nodes(picture.items) if node.name in marked]
    if chosen:
        lines += [f"  classDef marked {_MARKED}", f"  class {','.join(chosen)} marked"]
    return "\n".join(lines) + "\n"


def dot(analysis: Analysis) -> str:
    """Draw the machine in the language of Graphviz."""
    picture = _picture(analysis, None)
    lines = [
        "digraph machine {",
        '  node [shape=box, fontname="sans-serif"];',
        "  start [shape=circle];",
        *_dot_items(picture.items, "  "),
    ]
    for source, target, label, dashed in picture.edges:
        looks = ([f'label="{label}"'] if label else []) + (["style=dashed"] if dashed else [])
        lines.append(f"  {source} -> {target} [{', '.join(looks)}];" if looks else f"  {source} -> {target};")
    return "\n".join([*lines, "}"]) + "\n"


def node_link(analysis: Analysis) -> Json:
    """Return the graph as networkx writes it, nodes and edges in two lists, each state with the `actions` it needs."""
    import networkx as nx

    graph = to_networkx(analysis.machine)
    actions = _actions(analysis)
    for _, attributes in graph.nodes(data=True):
        attributes["actions"] = list(actions.get(attributes["name"], ()))
    return nx.node_link_data(graph, edges="edges")


def _actions(analysis: Analysis) -> dict[str | None, tuple[str, ...]]:
    by_state = entries_by_state(analysis)
    return {name: tuple(sorted({action for entry in entries for action in entry.actions})) for name, entries in by_state.items()}


def _picture(analysis: Analysis, limit: int | None) -> Picture:
    """Collect what to draw: the first *limit* states as they are written, and the edges between these."""
    states = list(states_in_order(analysis.machine))
    ids = {state.pointer: f"s{number}" for number, state in enumerate(states[:limit], 1)}
    top = analysis.machine.scope
    items = _items(top, ids, _actions(analysis))
    return Picture(items, (*_entrance("start", top, ids), *_edges(top, ids)), len(states) - len(ids))


def _items(scope: Scope, ids: dict[Pointer, str], actions: dict[str | None, tuple[str, ...]]) -> tuple[Node | Frame, ...]:
    made: list[Node | Frame] = []
    for state in scope.states.values():
        if state.pointer not in ids:
            continue
        id = ids[state.pointer]
        made.append(Node(id, state.name, str(state.body.get("Type", "")), actions.get(state.name, ())))
        for number, inner in enumerate(inner_scopes(state), 1):
            what = "each item" if isinstance(state, Map) else f"branch {number}"
            items = _items(inner, ids, actions)
            if items:
                made.append(Frame(f"{id}_{number}", f"{state.name}: {what}", items))
    return tuple(made)


def _edges(scope: Scope, ids: dict[Pointer, str]) -> Iterator[tuple[str, str, str, bool]]:
    for state in scope.states.values():
        for target, kind in dict.fromkeys(transitions(state)):
            label = kind if kind in ("default", "catch") else ""
            yield from _edge(ids.get(state.pointer), scope.states.get(target), ids, label, dashed=kind == "catch")
        for inner in inner_scopes(state):
            yield from _entrance(ids.get(state.pointer), inner, ids)
            yield from _edges(inner, ids)


def _entrance(source: str | None, scope: Scope, ids: dict[Pointer, str]) -> Iterator[tuple[str, str, str, bool]]:
    first = scope.states.get(scope.start_at) if scope.start_at is not None else None
    return _edge(source, first, ids, "", dashed=source != "start")


def _edge(
    source: str | None, target: State | None, ids: dict[Pointer, str], label: str, *, dashed: bool
) -> Iterator[tuple[str, str, str, bool]]:
    if source is not None and target is not None and target.pointer in ids:
        yield source, ids[target.pointer], label, dashed


def _mermaid_items(items: tuple[Node | Frame, ...], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Node):
            left, right = _MERMAID.get(item.type, ("[", "]"))
            label = " · ".join(_entities(text) for text in (item.name, *item.actions))
            yield f'{indent}{item.id}{left}"{label}"{right}'
        else:
            yield f'{indent}subgraph f{item.id}["{_entities(item.title)}"]'
            yield from _mermaid_items(item.items, indent + "  ")
            yield f"{indent}end"


def _nodes(items: tuple[Node | Frame, ...]) -> Iterator[Node]:
    for item in items:
        if isinstance(item, Node):
            yield item
        else:
            yield from _nodes(item.items)


def _dot_items(items: tuple[Node | Frame, ...], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Node):
            label = r"\n".join(_escaped(text) for text in (item.name, *item.actions))
            shape = f", shape={_DOT[item.type]}" if item.type in _DOT else ""
            yield f'{indent}{item.id} [label="{label}"{shape}];'
        else:
            yield f'{indent}subgraph cluster_{item.id} {{ label="{_escaped(item.title)}"; style=rounded;'
            yield from _dot_items(item.items, indent + "  ")
            yield f"{indent}}}"


def _entities(text: str) -> str:
    """Write *text* for Mermaid, whose entities are `#NUMBER;`."""
    return _RISKY.sub(lambda match: f"#{ord(match[0])};", printable(text))


def _escaped(text: str) -> str:
    """Write *text* for Graphviz, which knows two characters inside quotes."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')
