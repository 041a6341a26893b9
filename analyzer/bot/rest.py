"""Requests to the REST interface of a forge: bounded, patient, and with the token nowhere but in its header.

What only reads is tried again when the network or the forge fails. What writes is asked for once: whether it was done is for the
caller to find out.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import analyzer
from analyzer.bot.forge import Forbidden, ForgeError, Missing, Rejected, Unsure
from analyzer.errors import OptionError
from analyzer.text import Json

ATTEMPTS = 5
"""How often a reading request is tried."""

LONGEST_WAIT = 120.0
"""The seconds that a forge may ask to wait for; a job that waits longer only costs."""

_UNTOLD = 60.0
"""The seconds to wait at a limit of GitHub that says no time, the secondary one."""

MOST_PAGES = 200
MOST_BYTES = 32 * 1024 * 1024
_BUSY = frozenset({429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 307, 308})
_SIGN_IN = 203
"""How Azure DevOps answers a token that it does not know: with its page to sign in."""

_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next"?')
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class _Object(dict[str, Json]):
    """An object of an answer. What is not in it was not answered by the forge, which is no bug of ours."""

    def __missing__(self, key: str) -> Json:
        raise Unsure(f"the forge answered without `{key}`")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers by their names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Json:
        """Return what the body holds. Raises `Unsure` when that is no JSON: something between here and the forge spoke."""
        try:
            return json.loads(self.body, object_hook=_Object)
        except (ValueError, RecursionError):
            raise Unsure("the forge answered with something that is not JSON") from None


@dataclass(slots=True)
class Rest:
    """A client of one forge. `base` is the address that every request goes to; nothing is ever sent anywhere else."""

    base: str
    headers: Mapping[str, str] = field(repr=False)
    hint: str = "the token may not do that"
    proxy: str | None = None
    timeout: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random
    _pool: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
            raise OptionError(f"`{self.base}` is no address to send a token to: it does not begin with https://")
        # What refuses such a header would quote it, and with it the token.
        if not all(value.isascii() and value.isprintable() for value in self.headers.values()):
            raise OptionError("the token has a character that no token has, such as a line end: store it anew")

    def get(self, path: str) -> Json:
        """Return the object that stands at *path*."""
        found = self._read(self._address(path))[0]
        if not isinstance(found, dict):
            raise Unsure("the forge answered with something that is not an object")
        return found

    def pages(self, path: str) -> Iterator[Json]:
        """Yield the entries of the list at *path*, page by page as the header `Link` leads, or what the page says is `next`."""
        address: str | None = self._address(path)
        for _ in range(MOST_PAGES):
            if address is None:
                return
            entries: Any
            entries, answer = self._read(address)
            found = _NEXT.search(answer.headers.get("link", ""))
            following = found[1] if found else None
            if isinstance(entries, dict):
                entries, following = entries.get("values", entries.get("value")), entries.get("next")
            if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
                raise ForgeError("the forge answered with something that is not a list of objects")
            yield from entries
            address = self._own(urljoin(address, str(following))) if following else None
        # To go on without having seen all comments could write a second one.
        raise ForgeError(f"the request has more than {MOST_PAGES} pages of comments")

    def send(self, method: str, path: str, body: Json = None) -> Json:
        """Send *body*, once, and return the object of the answer. Raises `Unsure` when it is not known whether that was done."""
        answer = self._ask(method, self._address(path), body)
        self._judge(answer)
        found = answer.json() if answer.body else None
        return found if isinstance(found, dict) else _Object()

    def _address(self, path: str) -> str:
        return self.base.rstrip("/") + path

    def _own(self, address: str) -> str:
        """Return *address*. Raises `ForgeError` when it leads to another host, which the token is not for."""
        ours, theirs = urlsplit(self.base), urlsplit(address)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise ForgeError("the forge points to another host: nothing was sent there")
        return address

    def _read(self, address: str) -> tuple[Json, Answer]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._ask("GET", address)
                for _ in range(3):
                    if answer.status in _MOVED and "location" in answer.headers:
                        answer = self._ask("GET", self._own(urljoin(address, answer.headers["location"])))
                self._judge(answer)
                return answer.json(), answer
            except Unsure as error:
                if attempt == ATTEMPTS:
                    raise
                self.sleep(error.wait or (2.0**attempt) * (0.5 + self.jitter() / 2))
        raise AssertionError("unreachable")

    def _ask(self, method: str, address: str, body: Json = None) -> Answer:
        import urllib3

        if self._pool is None:
            self._pool = self._connections()
        headers = {"User-Agent": f"asl-iam/{analyzer.__version__}", **self.headers}
        data = None
        if body is not None:
            data = json.dumps(body).encode("ascii")
            headers["Content-Type"] = "application/json"
        try:
            answer = self._pool.request(method, address, body=data, headers=headers, redirect=False, preload_content=False)
            try:
                read = answer.read(MOST_BYTES + 1)
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            # Its text is not shown: it may quote the request.
            raise Unsure(f"no whole answer from {urlsplit(address).hostname}: {type(error).__name__}") from None
        if len(read) > MOST_BYTES:
            raise ForgeError(f"the forge answered with more than {MOST_BYTES:,} bytes")
        return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, read)

    def _connections(self) -> Any:
        """Return what makes connections, straight or through the proxy, which may ask for a name and a password."""
        from urllib.parse import unquote

        import urllib3

        limit = urllib3.Timeout(connect=self.timeout, read=self.timeout)
        if not self.proxy:
            return urllib3.PoolManager(retries=False, timeout=limit)
        address = self.proxy if "://" in self.proxy else f"http://{self.proxy}"
        try:
            user, at, _ = urlsplit(address).netloc.rpartition("@")
            headers = urllib3.make_headers(proxy_basic_auth=unquote(user)) if at else None
            return urllib3.ProxyManager(address, proxy_headers=headers, retries=False, timeout=limit)
        except (urllib3.exceptions.HTTPError, ValueError):
            # The address is not shown: it may have a password in it.
            raise ForgeError("the proxy of the environment is none that begins with http:// or https://") from None

    def _judge(self, answer: Answer) -> None:
        """Raise what an answer means that is no success."""
        if answer.status < 300 and answer.status != _SIGN_IN:
            return
        said = _message(answer)
        limited = answer.headers.get("retry-after") is not None or answer.headers.get("x-ratelimit-remaining") == "0"
        limited = limited or "rate limit" in said
        if answer.status in _BUSY or (answer.status == 403 and limited):
            wait = self._wait(answer) or (_UNTOLD if answer.status == 403 else 0.0)
            if wait > LONGEST_WAIT:
                raise ForgeError(f"the forge takes no requests for {wait:.0f} seconds: run again later")
            raise Unsure(f"the forge is busy (status {answer.status})", wait)
        if answer.status in (401, 403, _SIGN_IN):
            raise Forbidden(f"the forge refused (status {answer.status}{said}): {self.hint}")
        if answer.status in (404, 410):
            raise Missing(f"the forge knows no such thing, or does not show it to this token (status {answer.status})")
        raise (Rejected if answer.status in (400, 422) else ForgeError)(f"the forge refused (status {answer.status}{said})")

    def _wait(self, answer: Answer) -> float:
        """Return the seconds that the forge asks to wait, by any of the headers that forges use."""
        after = answer.headers.get("retry-after", "")
        if after.isdecimal():
            return float(after)
        reset = answer.headers.get("x-ratelimit-reset") or answer.headers.get("ratelimit-reset") or ""
        spent = "0" in (answer.headers.get("x-ratelimit-remaining"), answer.headers.get("ratelimit-remaining"))
        return max(1.0, float(reset) - self.now()) if spent and reset.isdecimal() else 0.0


def _message(answer: Answer) -> str:
    """Return what the forge said, made harmless and short."""
    from analyzer.report.paint import printable

    try:
        said = json.loads(answer.body)
        text = said.get("message") or said.get("error") if isinstance(said, dict) else None
        text = text.get("message") if isinstance(text, dict) else text
    except ValueError:
        text = None
    return f", {printable(str(text)[:200])}" if text else ""
