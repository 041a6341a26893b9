"""Comments on a pull request of Bitbucket Cloud.

https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/
https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from analyzer.bot.forge import Forbidden, Missing, Sticky
from analyzer.bot.rest import Rest
from analyzer.text import Json

API = "https://api.bitbucket.org/2.0"
LINKS = "{server}/{repo}/src/{{revision}}/{{path}}#lines-{{line}}"
TOKEN = "BITBUCKET_TOKEN"
HINT = "give an access token of the repository with the scope `pullrequest:write` as BITBUCKET_TOKEN"
_COMMIT = re.compile(r"[0-9a-f]{12,64}")
_WHOLE = 40


def bitbucket_headers(token: str) -> dict[str, str]:
    """Return the headers of every request."""
    return {"Accept": "application/json", "Authorization": f"Bearer {token}"}


@dataclass(slots=True)
class Bitbucket:
    """The comments on pull request *number* of *repo* (`workspace/repository`).

    A comment counts as our own when the owner of the token wrote it. The token of a repository belongs to no account, so it may
    not ask who it is: then a comment of an app is our own, which no person can write, until the first one that this run writes
    has told who its author is.
    """

    rest: Rest
    repo: str
    number: int
    _author: str | None = field(default=None, init=False)
    _commits: dict[str, str] = field(default_factory=dict, init=False)
    """What requests call a commit → its whole name."""

    @property
    def _request(self) -> str:
        return f"/repositories/{self.repo}/pullrequests/{self.number}"

    def comments(self) -> list[Sticky]:
        """Return all comments that the owner of the token has written."""
        if self._author is None:
            self._author = self._account()
        found = self.rest.pages(f"{self._request}/comments?pagelen=100&sort=created_on")
        return [Sticky(int(one["id"]), str((one.get("content") or {}).get("raw") or "")) for one in found if self._is_own(one)]

    def head(self) -> str | None:
        """Return the commit that the pull request stands at. Requests name its first 12 digits only."""
        source = self.rest.get(self._request)["source"]
        short = str((source.get("commit") or {}).get("hash"))
        repo = quote(str((source.get("repository") or {}).get("full_name") or self.repo), safe="/")
        if not _COMMIT.fullmatch(short) or len(short) >= _WHOLE:
            return short if _COMMIT.fullmatch(short) else None
        if short not in self._commits:
            try:
                self._commits[short] = str(self.rest.get(f"/repositories/{repo}/commit/{short}")["hash"])
            except (Forbidden, Missing):  # the repository of a fork may be hidden
                return None
        return self._commits[short]

    def create(self, text: str) -> Sticky:
        """Write a comment."""
        made = self.rest.send("POST", f"{self._request}/comments", {"content": {"raw": text}})
        self._author = self._author or str((made.get("user") or {}).get("uuid") or "")
        return Sticky(int(made["id"]), text)

    def update(self, number: int, text: str) -> None:
        """Give a comment another text."""
        self._send("PUT", number, {"content": {"raw": text}})

    def delete(self, number: int) -> None:
        """Delete a comment."""
        self._send("DELETE", number)

    def _send(self, method: str, number: int, body: Json = None) -> None:
        try:
            self.rest.send(method, f"{self._request}/comments/{number}", body)
        except Missing:
            return

    def _account(self) -> str:
        try:
            return str(self.rest.get("/user")["uuid"])
        except (Forbidden, Missing):
            return ""

    def _is_own(self, comment: Json) -> bool:
        user = comment.get("user") or {}
        own = user.get("uuid") == self._author if self._author else user.get("type") == "app_user"
        return own and not comment.get("deleted")
