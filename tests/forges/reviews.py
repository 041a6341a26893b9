"""The comments in the diff of a request, as the forge of the tests keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jsonschema

LIST, CREATE, DELETE = "pulls/list-review-comments", "pulls/create-review-comment", "pulls/delete-review-comment"
WRITING = (CREATE, DELETE)


def page(entries: list[Any], address: str, query: dict[str, str], most: int) -> tuple[int, list[Any], dict[str, str]]:
    """Return the page of *entries* that is asked for, and where the next one is."""
    size, number = min(most, int(query.get("per_page", "30"))), int(query.get("page", "1"))
    following = "&".join(f"{name}={value}" for name, value in {**query, "page": str(number + 1)}.items())
    headers = {"Link": f'<{address}?{following}>; rel="next"'} if number * size < len(entries) else {}
    return 200, entries[(number - 1) * size : number * size], headers


@dataclass
class Diff:
    """What the diff shows, and the comments in it.

    `lines` are the lines of the head that it shows, by path: others are refused, as is a comment over lines that are not all
    shown. `lag` is how often a list is still without the newest comment, `worked_out` the commit that the forge still has the
    difference of.
    """

    lines: dict[str, set[int]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    next: int = 5000
    lag: int = 0
    worked_out: str = ""

    def add(self, body: str, author: str, path: str = "t.yaml", line: int | None = 1, **more: Any) -> int:
        """Add a comment; more may be `reply_to`, `start` and `kind`."""
        self.next += 1
        self.comments[self.next] = {"body": body, "author": author, "path": path, "line": line, **more}
        return self.next

    def bodies(self) -> list[str]:
        """Return what the comments say, the oldest first."""
        return [one["body"] for one in self.comments.values()]

    def refs(self, head: str | None) -> dict[str, Any]:
        """Return the commits between which GitLab shows the difference."""
        return {"base_sha": "0" * 40, "start_sha": "1" * 40, "head_sha": self.worked_out or head}

    def write(self, names: dict[str, str], sent: dict[str, Any], author: str) -> tuple[int, Any, dict[str, str]]:
        """Create a comment, or delete the one that is named."""
        if "comment_id" in names:
            gone = self.comments.pop(int(names["comment_id"]), None)
            return (404, {"message": "Not Found"}, {}) if gone is None else (204, None, {})
        place = sent.get("position", sent)
        path, line = place.get("path", place.get("new_path")), place.get("line", place.get("new_line"))
        start = place.get("start_line", line)
        if not set(range(start, line + 1)) <= self.lines.get(path, set()):
            return 400 if "position" in sent else 422, {"message": "line must be part of the diff"}, {}
        number = self.add(sent["body"], author, path, line, start=start, sent=sent)
        return 201, {"id": number, "notes": [{"id": number}]}, {}

    def shown(self, kind: str, described: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the comments as the interface of a forge shows them."""
        numbers = sorted(self.comments)
        if self.lag and self.next in self.comments and "sent" in self.comments[self.next]:
            self.lag -= 1
            numbers.remove(self.next)
        made = [self._github(number) for number in numbers] if kind == "github" else self._gitlab(numbers)
        for one in made:
            jsonschema.validate(one, described["review comment"])
        return made

    def _github(self, number: int) -> dict[str, Any]:
        one = self.comments[number]
        made: dict[str, Any] = dict.fromkeys(("url", "node_id", "diff_hunk", "html_url", "pull_request_url"), "x")
        made |= dict.fromkeys(("commit_id", "original_commit_id"), "b" * 40)
        made |= dict.fromkeys(("created_at", "updated_at"), "2026-11-25T00:00:00Z")
        made |= {"id": number, "pull_request_review_id": 1, "author_association": "MEMBER", "_links": {}}
        made |= {"body": one["body"], "path": one["path"], "line": one["line"], "start_line": one.get("start"), "side": "RIGHT"}
        made |= {"in_reply_to_id": one["reply_to"]} if "reply_to" in one else {}
        return {**made, "user": {"id": 1, "login": one["author"], "type": one.get("kind", "User")}}

    def _gitlab(self, numbers: list[int]) -> list[dict[str, Any]]:
        threads: dict[int, list[int]] = {}
        for number in numbers:
            threads.setdefault(self.comments[number].get("reply_to", number), []).append(number)
        return [
            {"id": f"{first:x}", "individual_note": False, "notes": list(map(self._note, own))} for first, own in threads.items()
        ]

    def _note(self, number: int) -> dict[str, Any]:
        one = self.comments[number]
        position = {"position_type": "text", "new_path": one["path"], "new_line": one["line"]}
        author = {"id": 1, "username": one["author"]}
        return {"id": number, "body": one["body"], "author": author, "system": one.get("kind") == "System", "position": position}
