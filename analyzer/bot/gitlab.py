"""Notes on a merge request of GitLab, and its Code Quality report.

https://docs.gitlab.com/api/notes/#merge-requests
https://docs.gitlab.com/api/discussions/#create-a-new-thread-in-the-merge-request-diff
https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from urllib.parse import quote

from analyzer.bot.forge import Missing, Rejected, Sticky
from analyzer.bot.offers import SUGGESTION, Offered
from analyzer.bot.rest import Rest
from analyzer.bot.review import Edit, Review
from analyzer.text import Json

API = "https://gitlab.com/api/v4"
LINKS = "{server}/{repo}/-/blob/{{revision}}/{{path}}#L{{line}}"
HINT = "give a project access token with the scope `api` as GITLAB_TOKEN; the token of a job cannot write notes"
_SEVERITY = {"error": "major", "warning": "minor", "note": "info"}


def gitlab_headers(token: str) -> dict[str, str]:
    """Return the headers of every request."""
    return {"Accept": "application/json", "PRIVATE-TOKEN": token}


@dataclass(slots=True)
class GitLab:
    """The notes on merge request *number* of *project*, its path or its number."""

    rest: Rest
    project: str
    number: int
    _author: str | None = field(default=None, init=False)

    @property
    def _request(self) -> str:
        return f"/projects/{quote(self.project, safe='')}/merge_requests/{self.number}"

    def comments(self) -> list[Sticky]:
        """Return all notes that the owner of the token has written."""
        author = self._own_name()
        found = self.rest.pages(f"{self._request}/notes?per_page=100&sort=asc&order_by=created_at")
        return [
            Sticky(int(one["id"]), str(one.get("body") or ""))
            for one in found
            if not one.get("system") and _author(one) == author
        ]

    def head(self) -> str | None:
        """Return the commit that the merge request stands at."""
        found = self.rest.get(self._request).get("sha")
        return None if found is None else str(found)

    def create(self, text: str) -> Sticky:
        """Write a note."""
        made = self.rest.send("POST", f"{self._request}/notes", {"body": text})
        return Sticky(int(made["id"]), text)

    def update(self, number: int, text: str) -> None:
        """Give a note another text."""
        try:
            self.rest.send("PUT", f"{self._request}/notes/{number}", {"body": text})
        except Missing:
            return

    def delete(self, number: int) -> None:
        """Delete a note."""
        try:
            self.rest.send("DELETE", f"{self._request}/notes/{number}")
        except Missing:
            return

    def offered(self) -> list[Offered]:
        """Return all notes in the diff that the owner of the token has begun a thread with."""
        author = self._own_name()
        found = []
        for thread in self.rest.pages(f"{self._request}/discussions?per_page=100"):
            first, *others = thread.get("notes") or [{}]
            if first.get("position") and _author(first) == author:
                answered = any(not one.get("system") and _author(one) != author for one in others)
                found.append(Offered(int(first["id"]), str(first.get("body") or ""), answered=answered))
        return found

    def fence(self, edit: Edit) -> str:
        """Return the language of a suggestion: its note stands at the last line, and it says how many above are replaced."""
        return f"{SUGGESTION}:-{edit.line - edit.start}+0"

    def offer(self, edit: Edit, commit: str, text: str) -> int:
        """Write a note in the diff, at the last line of *edit*. Of a line that the base has, too, GitLab wants both numbers."""
        refs = self.rest.get(self._request).get("diff_refs") or {}
        if refs.get("head_sha") != commit:
            raise Rejected("the forge has worked out no difference for this commit yet")
        position = {
            "position_type": "text",
            **{name: str(refs.get(name)) for name in ("base_sha", "start_sha", "head_sha")},
            "old_path": edit.old_path,
            "new_path": edit.path,
            "new_line": edit.line,
        }
        if edit.old_line is not None:
            position["old_line"] = edit.old_line
        made = self.rest.send("POST", f"{self._request}/discussions", {"body": text, "position": position})
        return int(made["notes"][0]["id"])

    def withdraw(self, number: int) -> None:
        """Delete a note in the diff."""
        self.delete(number)

    def _own_name(self) -> str:
        if self._author is None:
            self._author = str(self.rest.get("/user")["username"])
        return self._author


def _author(note: Json) -> str | None:
    name = (note.get("author") or {}).get("username")
    return None if name is None else str(name)


def code_quality(review: Review, prefix: str = "") -> list[dict[str, Json]]:
    """Return the remarks of *review* as a Code Quality report. A fingerprint outlives edits above its line."""
    made = {}
    for machine in review.machines:
        for remark in machine.remarks:
            path = prefix + (remark.spot.path if remark.spot is not None else machine.path)
            key = f"{machine.path}\0{machine.name}\0{remark.id}\0{remark.message}"
            fingerprint = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
            made[fingerprint] = {
                "description": f"{remark.message}: {remark.help}",
                "check_name": remark.id,
                "fingerprint": fingerprint,
                "severity": _SEVERITY.get(remark.severity, "info"),
                "location": {"path": path, "lines": {"begin": (remark.spot.line if remark.spot is not None else None) or 1}},
            }
    return list(made.values())
