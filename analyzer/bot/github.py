"""Comments on a pull request of GitHub, or of a GitHub Enterprise Server.

https://docs.github.com/en/rest/issues/comments
https://docs.github.com/en/rest/pulls/comments
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from analyzer.bot.forge import Forbidden, Missing, Sticky
from analyzer.bot.offers import SUGGESTION, Offered
from analyzer.bot.rest import Rest
from analyzer.bot.review import Edit
from analyzer.text import Json

API = "https://api.github.com"
LINKS = "{server}/{repo}/blob/{{revision}}/{{path}}#L{{line}}"
HINT = "give the job `permissions: pull-requests: write`; a pull request of a fork has no such token, see the two workflows"


def github_headers(token: str) -> dict[str, str]:
    """Return the headers of every request."""
    return {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
    }


@dataclass(slots=True)
class GitHub:
    """The comments on pull request *number* of *repo* (`owner/name`).

    A comment counts as our own when the owner of the token wrote it. The token of a workflow cannot say who that is: then it is
    a comment of an app, which no person can write.
    """

    rest: Rest
    repo: str
    number: int
    _author: str | None = field(default=None, init=False)

    def comments(self) -> list[Sticky]:
        """Return all comments that the owner of the token has written."""
        self._know_author()
        found = self.rest.pages(f"/repos/{self.repo}/issues/{self.number}/comments?per_page=100")
        return [Sticky(int(one["id"]), str(one.get("body") or "")) for one in found if self._is_own(one)]

    def head(self) -> str | None:
        """Return the commit that the pull request stands at."""
        return str(self.rest.get(f"/repos/{self.repo}/pulls/{self.number}")["head"]["sha"])

    def create(self, text: str) -> Sticky:
        """Write a comment."""
        made = self.rest.send("POST", f"/repos/{self.repo}/issues/{self.number}/comments", {"body": text})
        return Sticky(int(made["id"]), text)

    def update(self, number: int, text: str) -> None:
        """Give a comment another text."""
        try:
            self.rest.send("PATCH", f"/repos/{self.repo}/issues/comments/{number}", {"body": text})
        except Missing:
            return

    def delete(self, number: int) -> None:
        """Delete a comment."""
        try:
            self.rest.send("DELETE", f"/repos/{self.repo}/issues/comments/{number}")
        except Missing:
            return

    def offered(self) -> list[Offered]:
        """Return all comments in the diff that the owner of the token has begun a thread with.

        One whose lines the diff does not show any more has no line.
        """
        self._know_author()
        found = list(self.rest.pages(f"/repos/{self.repo}/pulls/{self.number}/comments?per_page=100"))
        answered = {one.get("in_reply_to_id") for one in found if not self._is_own(one)}
        return [
            Offered(int(one["id"]), str(one.get("body") or ""), one.get("line") is not None, one["id"] in answered)
            for one in found
            if self._is_own(one) and not one.get("in_reply_to_id")
        ]

    def fence(self, edit: Edit) -> str:
        """Return the language of a suggestion: what it replaces are the lines of its comment."""
        del edit
        return SUGGESTION

    def offer(self, edit: Edit, commit: str, text: str) -> int:
        """Write a comment in the diff, at the lines of *edit* as they are in *commit*."""
        place = {"path": edit.path, "side": "RIGHT", "line": edit.line}
        if edit.start < edit.line:
            place |= {"start_line": edit.start, "start_side": "RIGHT"}
        body = {"body": text, "commit_id": commit, **place}
        return int(self.rest.send("POST", f"/repos/{self.repo}/pulls/{self.number}/comments", body)["id"])

    def withdraw(self, number: int) -> None:
        """Delete a comment in the diff."""
        try:
            self.rest.send("DELETE", f"/repos/{self.repo}/pulls/comments/{number}")
        except Missing:
            return

    def _know_author(self) -> None:
        if self._author is None:
            try:
                self._author = str(self.rest.get("/user")["login"])
            except (Forbidden, Missing):
                self._author = ""

    def _is_own(self, comment: Json) -> bool:
        user = comment.get("user") or {}
        return user.get("login") == self._author if self._author else user.get("type") == "Bot"


def pull_request_at(rest: Rest, repo: str, owner: str, branch: str, sha: str) -> int | None:
    """Return the open pull request from *branch* of *owner* that stands at *sha*; nothing when it has moved on.

    This is how a workflow that was started by another one finds its pull request without believing what that one wrote.
    """
    head = quote(f"{owner}:{branch}", safe="")
    for one in rest.pages(f"/repos/{repo}/pulls?state=open&head={head}&per_page=100"):
        if one["head"]["sha"] == sha:
            return int(one["number"])
    return None
