"""Where definitions come from: paths and standard input become `Source`s, and a `Source` becomes a plain document.

* `find(paths)`            files, directories, glob patterns and `-`, as sources
* `read_source(path)`      one of them
* `may_be_template(source)` whether one of them can be a template
* `parse_document(source)` the plain value a JSON or YAML text holds, with what is wrong about its keys

Nothing here knows what a state is.
"""

from __future__ import annotations

from analyzer.sources.document import as_definition, parse_any, parse_document
from analyzer.sources.files import (
    declares_machine,
    decode,
    find,
    is_candidate,
    looks_like_definition,
    may_be_template,
    read_source,
)

__all__ = [
    "as_definition",
    "declares_machine",
    "decode",
    "find",
    "is_candidate",
    "looks_like_definition",
    "may_be_template",
    "parse_any",
    "parse_document",
    "read_source",
]
