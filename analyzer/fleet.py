"""Many definitions: one after the other, or side by side on any engine that is an `Executor` of `concurrent.futures`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from analyzer.analyze import Analysis, analyze
from analyzer.context import Context
from analyzer.errors import SourceError
from analyzer.text import Source

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

Kept = TypeVar("Kept")

CHUNK = 100
"""Definitions that one call of an executor takes: enough that sending them costs little beside analysing them."""

AHEAD = 32
"""Chunks that are sent before the first is waited for: enough for a machine's processors, and no fleet is held in memory."""


def whole(analysis: Analysis) -> Analysis:
    """Keep the analysis as it is."""
    return analysis


def analyze_many(
    sources: Iterable[Source],
    context: Context | Callable[[str], Context] = Context(),  # noqa: B008 - frozen
    *,
    keep: Callable[[Analysis], Kept] = whole,  # type: ignore[assignment] # `Kept` is then `Analysis`
    executor: Executor | None = None,
) -> Iterator[Kept | SourceError]:
    """Yield, in the order of *sources*, what *keep* takes from each analysis; of what is no definition, the error.

    *context* is that of every machine, or makes one of the name of a source. An *executor* runs *keep* too, which then has to
    be a function of a module: an analysis is many objects, and to send all of them back costs a quarter of making them.
    """
    pairs = ((source, context(source.name) if callable(context) else context) for source in sources)
    chunks = iter(lambda: tuple(islice(pairs, CHUNK)), ())
    if executor is None:
        for chunk in chunks:
            yield from _analyze_chunk(chunk, keep)
        return
    pending: deque[Future[list[Any]]] = deque()
    for chunk in chunks:
        pending.append(executor.submit(_analyze_chunk, chunk, keep))
        if len(pending) > AHEAD:
            yield from pending.popleft().result()
    while pending:
        yield from pending.popleft().result()


def _analyze_chunk(chunk: Sequence[tuple[Source, Context]], keep: Callable[[Analysis], Kept]) -> list[Kept | SourceError]:
    return [_analyze_one(source, context, keep) for source, context in chunk]


def _analyze_one(source: Source, context: Context, keep: Callable[[Analysis], Kept]) -> Kept | SourceError:
    try:
        return keep(analyze(source, context))
    except SourceError as error:
        return error
