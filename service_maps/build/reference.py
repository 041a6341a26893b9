"""AWS's own operation → action files, where a maintainer has them: they know better than names do.

One JSON file a service, as the Service Authorization Reference publishes them:
`{"Name": "s3", "Operations": [{"Name": "HeadObject", "AuthorizedActions": [{"Name": "GetObject", "Service": "s3"}]}]}`.
The actions of an operation are an upper bound: those that only some parameters need are among them.
https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Reference:
    """The authorized actions by (prefix, operation)."""

    actions: Mapping[tuple[str, str], tuple[str, ...]]

    @classmethod
    def read(cls, folder: Path | None) -> Reference:
        """Read every file of *folder*; without one, know nothing."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for path in sorted(folder.glob("*.json")) if folder is not None else ():
            service = json.loads(path.read_text(encoding="utf-8"))
            for operation in service.get("Operations", ()):
                names = tuple(f"{action['Service']}:{action['Name']}" for action in operation.get("AuthorizedActions", ()))
                found[service["Name"], operation["Name"]] = names
        return cls(found)

    def correct(self, prefix: str | None, operation: str, derived: list[str]) -> list[str] | None:
        """Return the actions AWS names when *derived* is not among them, else `None`.

        Where AWS names several, those of the service itself are taken: what else is listed depends on parameters.
        """
        known = self.actions.get((prefix or "", operation))
        if not known or set(derived) <= set(known):
            return None
        own = [name for name in known if name.startswith(f"{prefix}:")]
        return own or list(known)
