"""The mails that a local cloud sent, as its emulator captured them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import requests

from tests.support.cloud import PATIENCE_SECONDS, Cloud


def mails_to(cloud: Cloud, address: str) -> list[dict[str, Any]]:
    """Return what was sent to an address, the oldest first."""
    answer = requests.get(f"{cloud.endpoint}/_ministack/ses/messages", timeout=PATIENCE_SECONDS)
    return [mail for sent in answer.json()["messages"].values() for mail in sent if mail["To"] == [address]]


def newest_mail(cloud: Cloud, address: str, older: int = 0) -> str:
    """Return the text of the newest mail to an address, once there are more than the older ones."""
    return str(wait_for(lambda: mails_to(cloud, address)[older:])[-1]["BodyText"])


def link_in_mail(cloud: Cloud, address: str, older: int = 0) -> str:
    """Return the link in the newest mail to an address, once there are more than the older ones."""
    (link,) = re.findall(r"https?://\S+/links/\S+", newest_mail(cloud, address, older))
    return str(link)


def wait_for(found: Callable[[], Any]) -> Any:
    """Return what is found, once something is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return result
