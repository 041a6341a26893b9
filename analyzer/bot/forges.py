"""The forges that there are: how each is spoken to, and how a comment on it is dressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from analyzer.bot import azure, bitbucket, github, gitlab
from analyzer.bot.dialect import AZURE, BITBUCKET, HTML, Dialect
from analyzer.bot.forge import Forge
from analyzer.bot.rest import Rest


class Kind(NamedTuple):
    """One forge. `token` names the variable that the token is in, `hint` says what a token needs, `links` how to link lines."""

    client: Callable[[Rest, str, int], Forge]
    headers: Callable[[str], dict[str, str]]
    token: str
    hint: str
    links: str
    dialect: Dialect


FORGES: Mapping[str, Kind] = {
    "github": Kind(github.GitHub, github.github_headers, "GITHUB_TOKEN", github.HINT, github.LINKS, HTML),
    "gitlab": Kind(gitlab.GitLab, gitlab.gitlab_headers, "GITLAB_TOKEN", gitlab.HINT, gitlab.LINKS, HTML),
    "azure": Kind(azure.Azure, azure.azure_headers, azure.TOKEN, azure.HINT, azure.LINKS, AZURE),
    "bitbucket": Kind(
        bitbucket.Bitbucket, bitbucket.bitbucket_headers, bitbucket.TOKEN, bitbucket.HINT, bitbucket.LINKS, BITBUCKET
    ),
}
