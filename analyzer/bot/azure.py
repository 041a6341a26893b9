"""Threads on a pull request of Azure DevOps.

https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-request-threads
https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.bot.forge import Missing, Sticky
from analyzer.bot.rest import Rest
from analyzer.text import Json

API = "https://dev.azure.com"
LINKS = "{server}?version=GC{{revision}}&path=/{{path}}&line={{line}}&lineEnd={{line}}&lineStartColumn=1&lineEndColumn=999"
TOKEN = "SYSTEM_ACCESSTOKEN"
HINT = "give the build service `Contribute to pull requests` on the repository, and the step the variable SYSTEM_ACCESSTOKEN"
_VERSION = "?api-version=7.0"


def azure_headers(token: str) -> dict[str, str]:
    """Return the headers of every request."""
    return {"Accept": "application/json", "Authorization": f"Bearer {token}"}


@dataclass(slots=True)
class Azure:
    """The threads on pull request *number* of *repo* (`project/repository`, names or ids).

    A thread counts as our own when the owner of the token wrote its first comment. The token of a pipeline belongs to the build
    service, which no person can write as, and unlike GitHub's it can ask who it is. Without an answer nothing is our own.
    """

    rest: Rest
    repo: str
    number: int
    _author: str | None = field(default=None, init=False)
    _first: dict[int, int] = field(default_factory=dict, init=False)
    """Thread → its first comment, which is what has the text."""

    @property
    def _request(self) -> str:
        project, _, repository = self.repo.partition("/")
        return f"/{project}/_apis/git/repositories/{repository}/pullRequests/{self.number}"

    def comments(self) -> list[Sticky]:
        """Return the first comments of all threads that the owner of the token has begun."""
        if self._author is None:
            # This one has never left its preview, and is refused without the suffix.
            self._author = str(self.rest.get(f"/_apis/connectionData{_VERSION}-preview")["authenticatedUser"]["id"])
        found = []
        for thread in self.rest.pages(f"{self._request}/threads{_VERSION}"):
            first = next(iter(thread.get("comments") or ()), None)
            if first is not None and self._is_own(thread, first):
                found.append(self._sticky(thread, str(first.get("content") or "")))
        return found

    def head(self) -> str | None:
        """Return the commit that the pull request stands at."""
        found = self.rest.get(f"{self._request}{_VERSION}").get("lastMergeSourceCommit")
        return None if found is None else str(found["commitId"])

    def create(self, text: str) -> Sticky:
        """Begin a thread. It is closed: an open one keeps from merging where a policy asks for all to be resolved."""
        thread = {"comments": [{"parentCommentId": 0, "content": text, "commentType": "text"}], "status": "closed"}
        return self._sticky(self.rest.send("POST", f"{self._request}/threads{_VERSION}", thread), text)

    def update(self, number: int, text: str) -> None:
        """Give the first comment of a thread another text."""
        self._send("PATCH", number, {"content": text})

    def delete(self, number: int) -> None:
        """Delete the first comment of a thread, and with it the thread where nobody has answered."""
        self._send("DELETE", number)

    def _send(self, method: str, number: int, body: Json = None) -> None:
        try:
            self.rest.send(method, f"{self._request}/threads/{number}/comments/{self._first[number]}{_VERSION}", body)
        except Missing:
            return

    def _sticky(self, thread: Json, text: str) -> Sticky:
        number = int(thread["id"])
        self._first[number] = int(thread["comments"][0]["id"])
        return Sticky(number, text)

    def _is_own(self, thread: Json, first: Json) -> bool:
        gone = thread.get("isDeleted") or first.get("isDeleted")
        return not gone and (first.get("author") or {}).get("id") == self._author
