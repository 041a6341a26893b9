"""What a CI job knows of its request: read from the environment, here and nowhere else."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.errors import OptionError

_REPO = re.compile(r"[\w.-]+(/[\w.-]+)+", re.ASCII)
_SHA = re.compile(r"[0-9a-f]{40,64}")
_SHORT = re.compile(r"[0-9a-f]{12,64}")
_ADDRESS = re.compile(r"https://(?:[^/@]*@)?(?P<host>[A-Za-z0-9.-]+(?::[0-9]+)?)(?P<path>/[^?#]*)")
_BRANCH = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Job:
    """The forge and the request that a job runs for, as far as its environment says.

    `base` and `head` are commits. `source` is the owner and the branch that a workflow was started for which another one started.
    """

    forge: str | None = None
    api: str = ""
    server: str = ""
    repo: str = ""
    number: int | None = None
    base: str | None = None
    head: str | None = None
    run: int = 0
    source: tuple[str, str] | None = None
    token: str = field(default="", repr=False)
    summary: str | None = None
    outputs: str | None = None
    commands: bool = False


def job(environment: Mapping[str, str] = os.environ, forge: str | None = None) -> Job:
    """Return what *environment* says, for *forge* when that is chosen. Raises `OptionError` for an event that cannot be read."""
    chosen = forge or next((forge for forge, variable in _RUNS.items() if environment.get(variable)), None)
    # Azure Pipelines also builds what another forge holds, and then there is no request of Azure's.
    if chosen is None or (forge is None and chosen == "azure" and environment.get("BUILD_REPOSITORY_PROVIDER") != "TfsGit"):
        return Job()
    return _READERS[chosen](environment)


def _github(environment: Mapping[str, str]) -> Job:
    from analyzer.bot.github import API

    event = _event(environment.get("GITHUB_EVENT_PATH"))
    request, started = event.get("pull_request") or {}, event.get("workflow_run") or {}
    owner = ((started.get("head_repository") or {}).get("owner") or {}).get("login")
    branch = started.get("head_branch")
    return Job(
        forge="github",
        api=environment.get("GITHUB_API_URL") or API,
        server=environment.get("GITHUB_SERVER_URL") or "https://github.com",
        repo=checked_repo(environment.get("GITHUB_REPOSITORY", "")),
        number=_number(request.get("number")),
        base=_sha((request.get("base") or {}).get("sha")),
        head=_sha((request.get("head") or {}).get("sha") or started.get("head_sha")),
        run=_run(environment, "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
        source=(str(owner), str(branch)) if owner and branch else None,
        token=environment.get("GITHUB_TOKEN", "").strip(),
        summary=environment.get("GITHUB_STEP_SUMMARY") or None,
        outputs=environment.get("GITHUB_OUTPUT") or None,
        commands=bool(environment.get("GITHUB_ACTIONS")),
    )


def _gitlab(environment: Mapping[str, str]) -> Job:
    from analyzer.bot.gitlab import API

    return Job(
        forge="gitlab",
        api=environment.get("CI_API_V4_URL") or API,
        server=environment.get("CI_SERVER_URL") or "https://gitlab.com",
        repo=checked_repo(environment.get("CI_PROJECT_PATH", "")),
        number=_number(environment.get("CI_MERGE_REQUEST_IID")),
        base=_sha(environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")),
        # In a pipeline of merged results CI_COMMIT_SHA is a commit that the request does not have.
        head=_sha(environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get("CI_COMMIT_SHA")),
        run=_count(environment.get("CI_JOB_ID")),
        token=environment.get("GITLAB_TOKEN", "").strip(),
    )


def _azure(environment: Mapping[str, str]) -> Job:
    from analyzer.bot.azure import API, TOKEN

    target = environment.get("SYSTEM_PULLREQUEST_TARGETBRANCH", "")
    # Ids, since names may have spaces in them.
    ids = environment.get("SYSTEM_TEAMPROJECTID"), environment.get("BUILD_REPOSITORY_ID")
    return Job(
        forge="azure",
        api=environment.get("SYSTEM_COLLECTIONURI") or API,
        server=_page(environment.get("BUILD_REPOSITORY_URI", "")),
        repo=checked_repo("/".join(filter(None, ids)) if all(ids) else ""),
        number=_number(environment.get("SYSTEM_PULLREQUEST_PULLREQUESTID")),
        # No variable holds the commit that the request starts from: the agent has fetched the branch.
        base=f"refs/remotes/origin/{target.removeprefix(_BRANCH)}" if target.startswith(_BRANCH) else None,
        # What is checked out, and BUILD_SOURCEVERSION, is a merge that the request does not have.
        head=_sha(environment.get("SYSTEM_PULLREQUEST_SOURCECOMMITID")),
        run=_run(environment, "BUILD_BUILDID", "SYSTEM_JOBATTEMPT"),
        token=environment.get(TOKEN, "").strip(),
    )


def _bitbucket(environment: Mapping[str, str]) -> Job:
    from analyzer.bot.bitbucket import API, TOKEN

    base = environment.get("BITBUCKET_PR_DESTINATION_COMMIT", "")
    return Job(
        forge="bitbucket",
        api=API,
        server="https://bitbucket.org",
        repo=checked_repo(environment.get("BITBUCKET_REPO_FULL_NAME", "")),
        number=_number(environment.get("BITBUCKET_PR_ID")),
        base=base if _SHORT.fullmatch(base) else None,  # it may be the first 12 digits of one
        head=_sha(environment.get("BITBUCKET_COMMIT")),
        run=_run(environment, "BITBUCKET_BUILD_NUMBER", "BITBUCKET_STEP_RUN_NUMBER"),
        token=environment.get(TOKEN, "").strip(),
    )


_RUNS = {"github": "GITHUB_ACTIONS", "gitlab": "GITLAB_CI", "azure": "TF_BUILD", "bitbucket": "BITBUCKET_BUILD_NUMBER"}
"""Forge → a variable that its runs have."""

_READERS: Mapping[str, Callable[[Mapping[str, str]], Job]] = {
    "github": _github,
    "gitlab": _gitlab,
    "azure": _azure,
    "bitbucket": _bitbucket,
}


def _page(address: str) -> str:
    """Return the address of a repository as a page has it: without the name of who fetches from it."""
    from urllib.parse import quote, unquote

    found = _ADDRESS.fullmatch(address)
    return f"https://{found['host']}{quote(unquote(found['path']))}" if found else ""


def checked_repo(repo: str) -> str:
    """Return *repo*. Raises `OptionError` for what is no name of a repository: it becomes a part of addresses."""
    if repo and (not _REPO.fullmatch(repo) or ".." in repo.split("/")):
        raise OptionError(f"`{repo}` is no repository: write OWNER/NAME")
    return repo


def proxy_for(address: str) -> str | None:
    """Return the proxy that requests to *address* go through, if any."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(address)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _event(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            event = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise OptionError(f"the event of the workflow cannot be read: {type(error).__name__}") from error
    return event if isinstance(event, dict) else {}


def _number(given: Any) -> int | None:
    return int(given) if str(given).isascii() and str(given).isdecimal() else None


def _run(environment: Mapping[str, str], number: str, attempt: str) -> int:
    """Return one number for a run: runs count up, and a second attempt at one comes later than the first."""
    return _count(environment.get(number)) * 1000 + _count(environment.get(attempt)) % 1000


def _count(given: Any) -> int:
    return _number(given) or 0


def _sha(given: Any) -> str | None:
    return given if isinstance(given, str) and _SHA.fullmatch(given) else None
