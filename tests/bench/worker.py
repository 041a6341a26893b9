"""Runs the analyzer inside one process and prints figures as JSON: `python worker.py MODE ARGUMENT...`."""

from __future__ import annotations

import json
import os
import sys
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analyzer.analyze import analyze
from analyzer.context import make_context
from analyzer.errors import SourceError
from analyzer.fleet import analyze_many
from analyzer.sources import read_source
from analyzer.text import Source

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from analyzer.analyze import Analysis

HOME = make_context(arn="arn:aws:states:us-east-1:111122223333:stateMachine:Machine")


def rate(passes: str, *files: str) -> dict[str, Any]:
    """Measure a pass over *files*, already read as text: the best of several, by the clock and in processor time.

    Also tells which files were refused.
    """
    sources = {file: Source(Path(file).read_text("utf-8"), file) for file in files}
    refused = [file for file, source in sources.items() if not _works(source)]
    usable = [source for file, source in sources.items() if file not in refused]
    seconds, cpu = [], []
    for _ in range(int(passes)):
        start, used = time.perf_counter(), time.process_time()
        for source in usable:
            analyze(source, HOME)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return {"seconds": min(seconds, default=0), "cpu": min(cpu, default=0), "refused": refused}


def _works(source: Source) -> bool:
    try:
        analyze(source, HOME)
    except SourceError:
        return False
    return True


def fleet(*folders: str) -> dict[str, Any]:
    """Measure the processor time of analysing every file of a folder, and of only reading and parsing it, in turn."""
    [folder] = folders
    files = sorted(str(path) for path in Path(folder).iterdir())
    analyze(read_source(files[0]), HOME)
    ours = bound = 0.0
    for at in range(0, len(files), 100):
        start = time.process_time()
        for file in files[at : at + 100]:
            json.loads(Path(file).read_bytes())
        middle = time.process_time()
        for file in files[at : at + 100]:
            analyze(read_source(file), HOME)
        bound += middle - start
        ours += time.process_time() - middle
    return {"bound": bound, "ours": ours, "files": len(files)}


def policy_of(analysis: Analysis) -> str:
    """Keep of an analysis what has to be written."""
    return json.dumps(analysis.policy.to_dict())


def processes(*folders: str) -> dict[str, Any]:
    """Measure the processor time of a fleet in this process, and in two others with what sending costs, after a warm-up."""
    [folder] = folders
    sources = [read_source(str(path)) for path in sorted(Path(folder).iterdir())]

    def cpu(executor: Executor | None) -> float:
        before = sum(os.times()[:4])  # of this process and of its children that have ended
        list(analyze_many(sources, HOME, keep=policy_of, executor=executor))
        if executor is not None:
            executor.shutdown()
        return sum(os.times()[:4]) - before

    cpu(None)
    return {"one": cpu(None), "two": cpu(ProcessPoolExecutor(2))}


def memory(*files: str) -> dict[str, Any]:
    """Measure the peak of what the analysis of one file allocates, service maps included."""
    [file] = files
    source = read_source(file)
    tracemalloc.start()
    analyze(source, HOME)
    return {"traced": tracemalloc.get_traced_memory()[1]}


MODES = {"rate": rate, "fleet": fleet, "processes": processes, "memory": memory}

if __name__ == "__main__":
    print(json.dumps(MODES[sys.argv[1]](*sys.argv[2:])))
