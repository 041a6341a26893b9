"""A forge on this machine: it keeps comments, refuses a request that its description does not have, and fails on demand."""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema
import pytest

from analyzer.bot.rest import Rest
from tests.forges import reviews

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "only-in-the-header-3f9c"
ME = "asl-iam-bot"
LONGEST = 65_536


@dataclass
class State:
    """What the forge holds, what was asked of it, and what it will do wrong.

    `faults` are (the id of an operation, what goes wrong), each once. `allowed` is whether the token may write, `login` whether
    it may ask who it is; `proxied` is what a proxy was shown, and `speaks` what one says to all. `page` is how many comments a
    page holds, whatever is asked for, and `lag` how often a list is still without the newest one.
    """

    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    deleted: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    heads: dict[int, str] = field(default_factory=lambda: {7: "b" * 40})
    faults: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    speaks: str | None = None
    proxied: set[str | None] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    allowed: bool = True
    login: bool = True
    page: int = 100
    next: int = 1000
    meet: threading.Barrier | None = None
    lag: int = 0
    meet_at: str = "issues/list-comments"
    diff: reviews.Diff = field(default_factory=reviews.Diff)
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None

    def add(self, body: str, author: str = ME, kind: str = "User") -> int:
        """Add a comment."""
        self.next += 1
        self.comments[self.next] = {"body": body, "author": author, "kind": kind}
        return self.next

    def bodies(self, author: str = ME) -> list[str]:
        """Return what the comments of *author* say."""
        return [one["body"] for one in self.comments.values() if one["author"] == author]


class Forge(ThreadingHTTPServer):
    """The server. `description` names the file beside this one that describes the interface."""

    daemon_threads = True

    def __init__(self, description: str) -> None:
        """Listen on a free port of this machine."""
        self.described = json.loads((Path(__file__).parent / f"{description}.json").read_text())
        self.kind = description
        self.state = State()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _WithDiff)

    @property
    def url(self) -> str:
        """The address of the interface."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Killed(BaseException):
    """The process ends here: nothing catches it."""


@contextmanager
def killed_after(requests: int) -> Iterator[None]:
    """End what runs inside once it has had the answers to so many requests."""
    asked = 0
    ask = Rest._ask

    def ask_until_killed(rest: Rest, *arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        answer = ask(rest, *arguments)
        if asked == requests:
            raise Killed
        return answer

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(Rest, "_ask", ask_until_killed)
        yield


@contextmanager
def running(kind: str) -> Iterator[Forge]:
    """Run a forge. A request that its description does not have fails the test."""
    forge = Forge(kind)
    thread = threading.Thread(target=forge.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield forge
    forge.shutdown()
    forge.server_close()
    thread.join()
    assert forge.state.complaints == []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Forge

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names are those of the methods

    def _answer(self) -> None:
        state = self.server.state
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        state.proxied.add(self.headers.get("Proxy-Authorization"))
        found = self._operation(sent)
        if state.speaks is not None:
            self._send(200, state.speaks, raw=True)
            return
        if found is None:
            self._send(400, {"message": "not in the description"})
            return
        operation, names, query = found
        state.before(operation)
        with self.server.lock:
            state.asked.append(operation)
            fault = next((one for one in state.faults if one[0] == operation), None)
            if fault is not None:
                state.faults.remove(fault)
            what = fault[1] if fault is not None else ""
        if what in ("502", "429", "limited", "secondary", "dropped", "html", "empty", "moved", "sign in"):
            self._fail(what)
            return
        body = self._text(operation, sent)
        with self.server.lock:
            do = self._report if "report" in names else self._do
            status, answer, headers = do(operation, names, query, body)
            if what == "duplicated":
                do(operation, names, query, body)
        state.after(operation)
        if state.meet is not None and operation == state.meet_at:
            meet = state.meet
            meet.wait(20)
            state.meet = None
        if what == "slow":
            time.sleep(0.8)
        if what == "502 when done":
            self._send(502, {"message": "Bad Gateway"})
        elif what == "truncated":
            self._send(status, answer, headers, cut=True)
        else:
            self._send(status, answer, headers)

    def _text(self, operation: str, sent: bytes) -> Any:
        """Return the text of a comment out of the body of a request, or the body of another request."""
        found = json.loads(sent) if sent else ""
        [described] = [one for one in self.server.described["operations"] if one["id"] == operation]
        for step in described.get("text", ["body"]) if sent else ():
            found = found[step]
        return found

    def _operation(self, sent: bytes) -> tuple[str, dict[str, str], dict[str, str]] | None:
        """Return which operation of the description is asked for; nothing, with a complaint, when it is none."""
        described, address = self.server.described, urlsplit(self.path)
        wrong = []
        for name, pattern in described["headers"].items():
            if re.search(pattern, self.headers.get(name, "")) is None:
                wrong.append(f"header {name}")
        if TOKEN in self.path or TOKEN.encode() in sent:
            wrong.append("the token outside of its header")
        for one in described["operations"]:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", one["path"])
            match = re.fullmatch(pattern, address.path)
            if match is None or one["method"] != self.command:
                continue
            names = {name: unquote(value) for name, value in match.groupdict().items()}
            query = dict(parse_qsl(address.query, strict_parsing=bool(address.query)))
            wrong += [f"path {name}" for name in described["integers"] if name in names and not names[name].isdecimal()]
            wrong += [f"query {name}" for name in query if name not in one["query"]]
            wrong += [f"no query {name}" for name in described.get("required", ()) if name not in query]
            forms = {"integer": "[0-9]+", "string": ".*"}
            wrong += [
                name for name, kind in one["query"].items()
                if name in query and not re.fullmatch(forms.get(kind, kind), query[name])
            ]  # fmt: skip
            wrong += [name for name in ("per_page", "pagelen") if int(query.get(name, "1")) > 100]
            if "body" in one:
                wrong += ["content-type"] if self.headers.get("Content-Type") != "application/json" else []
                wrong += [error.message for error in jsonschema.Draft202012Validator(one["body"]).iter_errors(json.loads(sent))]
            elif sent:
                wrong.append("a body")
            if not wrong:
                return one["id"], names, query
        self.server.state.complaints.append(f"{self.command} {self.path}: {wrong or 'no such operation'}")
        return None

    def _do(self, operation: str, names: dict[str, str], query: dict[str, str], body: Any) -> tuple[int, Any, dict[str, str]]:
        state = self.server.state
        if operation == "users/get-authenticated":
            login = {"login": ME, "username": ME, "id": 1, "uuid": ME, "authenticatedUser": {"id": ME}}
            return (200, login, {}) if state.login else (403, {"message": "Resource not accessible by integration"}, {})
        if operation == "pulls/get":
            head = state.heads.get(int(names.get("pull_number") or names["issue_number"]))
            return (404, {"message": "Not Found"}, {}) if head is None else (200, self._request_at(head), {})
        if operation == "commits/get":
            found = [head for head in state.heads.values() if head.startswith(names["commit"])]
            return (
                (200, {"hash": found[0]}, {}) if found else (404, {"type": "error", "error": {"message": "no such commit"}}, {})
            )
        if operation == "pulls/list":
            wanted = [{"number": number, "head": {"sha": sha}} for number, sha in state.heads.items()]
            return 200, wanted if query.get("head") == "stranger:topic" else [], {}
        if operation == "issues/list-comments":
            return self._list(query)
        if not state.allowed:
            return 403, {"message": "Resource not accessible by integration"}, {}
        if operation == "issues/create-comment":
            return (422, {"message": "Body is too long"}, {}) if len(body) > LONGEST else (201, self._shown(state.add(body)), {})
        number = int(names["comment_id"])
        if number not in state.comments:
            return 404, {"message": "Not Found"}, {}
        if operation == "issues/delete-comment":
            state.deleted[number] = state.comments.pop(number)
            return (200 if self.server.kind == "azure" else 204), None, {}
        state.comments[number]["body"] = body
        return 200, self._shown(number), {}

    def _report(self, operation: str, names: dict[str, str], _: object, body: Any) -> tuple[int, Any, dict[str, str]]:
        """Keep a report. Annotations stay when it is written anew, and a report that is not there has none."""
        reports, name = self.server.state.reports, f"{names['commit']}/{names['report']}"
        if operation != "reports/put" and name not in reports:
            return 404, {"error": {"message": "no such report"}}, {}
        if operation == "reports/delete":
            del reports[name]
            return 204, None, {}
        if operation == "reports/put":
            reports[name] = {"annotations": [], **reports.get(name, {}), **body}
        else:
            reports[name]["annotations"] += body
        return 200, body, {}

    def _request_at(self, head: str) -> dict[str, Any]:
        """Return a request as the interface shows it. Bitbucket shows the first digits of a commit."""
        if self.server.kind == "azure":
            return {"lastMergeSourceCommit": {"commitId": head}}
        if self.server.kind == "bitbucket":
            return {"source": {"commit": {"hash": head[:12]}, "repository": {"full_name": "acme/flows"}}}
        return {"head": {"sha": head}, "sha": head}

    def _list(self, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        size = min(self.server.state.page, int(query.get("per_page") or query.get("pagelen") or "30"))
        page = int(query.get("page", "1"))
        state = self.server.state
        numbers = sorted(state.comments)
        if state.lag and "issues/create-comment" in state.asked:
            state.lag -= 1
            numbers.pop()
        if self.server.kind == "azure":
            value = [self._shown(number) for number in sorted({*numbers, *state.deleted})]
            return 200, {"count": len(value), "value": value}, {}
        if self.server.kind == "bitbucket":
            numbers = sorted({*numbers, *state.deleted})
        shown = numbers[(page - 1) * size : page * size]
        headers, address = {}, f"{self.server.url}{urlsplit(self.path).path}"
        rest = ""
        if page * size < len(numbers):
            rest = "&".join(f"{name}={value}" for name, value in {**query, "page": str(page + 1)}.items())
            last = -(-len(numbers) // size)
            headers["Link"] = f'<{address}?{rest}>; rel="next", <{address}?page={last}>; rel="last"'
        found = [self._shown(number) for number in shown]
        if self.server.kind == "bitbucket":
            following = {"next": f"{address}?{rest}"} if headers else {}
            return 200, {"pagelen": size, "values": found, **following}, {}
        return 200, found, headers

    def _shown(self, number: int) -> dict[str, Any]:
        """Return a comment as the interface shows it."""
        state = self.server.state
        gone = number in state.deleted
        one = state.deleted[number] if gone else state.comments[number]
        shown: dict[str, Any] = {"id": number, "body": one["body"]}
        if self.server.kind == "azure":
            first = {"id": number % 7 + 1, "parentCommentId": 0, "author": {"id": one["author"]}, "isDeleted": gone}
            first |= {"commentType": "system" if one["kind"] == "System" else "text"} | ({} if gone else {"content": one["body"]})
            shown = {"id": number, "isDeleted": gone, "status": "closed", "comments": [first, *state.answers]}
        elif self.server.kind == "bitbucket":
            user = {"uuid": one["author"], "type": "app_user" if one["kind"] == "Bot" else "user"}
            text = {"raw": "" if gone else one["body"], "markup": "markdown"}
            shown = {"type": "pullrequest_comment", "id": number, "deleted": gone, "content": text, "user": user}
        elif self.server.kind == "github":
            shown |= dict.fromkeys(("node_id", "html_url", "issue_url", "url"), "x")
            shown |= dict.fromkeys(("created_at", "updated_at"), "2026-11-25T00:00:00Z")
            shown["user"] = {"id": 1, "login": one["author"], "type": one["kind"]}
        else:
            shown |= {"author": {"id": 1, "username": one["author"]}, "system": one["kind"] == "System"}
        jsonschema.validate(shown, self.server.described["comment"])
        return shown

    def _fail(self, what: str) -> None:
        if what == "502":
            self._send(502, {"message": "Bad Gateway"})
        elif what == "429":
            self._send(429, {"message": "Too Many Requests"}, {"Retry-After": "3"})
        elif what == "limited":
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 40)}
            self._send(403, {"message": "API rate limit exceeded"}, headers)
        elif what == "secondary":
            self._send(403, {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."})
        elif what == "html":
            self._send(200, "<html>a proxy speaks</html>", raw=True)
        elif what == "empty":
            self._send(200, "", raw=True)
        elif what == "sign in":
            self._send(203, "<html>sign in</html>", raw=True)
        elif what == "moved":
            self._send(301, {"message": "Moved Permanently"}, {"Location": "http://example.com/elsewhere"})
        else:
            self.close_connection = True

    def _send(
        self, status: int, answer: Any, headers: dict[str, str] | None = None, *, cut: bool = False, raw: bool = False
    ) -> None:
        data = b"" if answer is None else str(answer).encode() if raw else json.dumps(answer).encode()
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/html" if raw else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if cut else data)
            self.close_connection = cut or self.close_connection
        except OSError:  # whoever asked is gone
            self.close_connection = True


class _WithDiff(_Handler):
    """Keeps the comments in the diff, too."""

    sent: Any

    def _operation(self, sent: bytes) -> tuple[str, dict[str, str], dict[str, str]] | None:
        found = super()._operation(sent)
        self.sent = json.loads(sent) if sent and found is not None else {}
        return found

    def _do(self, operation: str, names: dict[str, str], query: dict[str, str], body: str) -> tuple[int, Any, dict[str, str]]:
        state = self.server.state
        if operation == reviews.LIST:
            shown = state.diff.shown(self.server.kind, self.server.described)
            return reviews.page(shown, f"{self.server.url}{urlsplit(self.path).path}", query, state.page)
        # GitLab deletes a note in the diff like any other.
        if operation in reviews.WRITING or int(names.get("comment_id", 0)) in state.diff.comments:
            return state.diff.write(names, self.sent, ME) if state.allowed else (403, {"message": "Not accessible"}, {})
        status, answer, headers = super()._do(operation, names, query, body)
        if operation == "pulls/get" and status == 200 and "sha" in answer:
            answer["diff_refs"] = state.diff.refs(answer["sha"])
        return status, answer, headers
