"""What the notifications function needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.notifications import DynamoNotifications
from doorward.notifications import ReadNotifications
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of notifications; `cursor_key` authenticates list cursors."""

    notifications: ReadNotifications
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of notifications.

    Raises:
        NotFound: the deployment has no demo.
    """
    settings.require_demo()
    parts = Parts(settings)
    store = DynamoNotifications(parts.gateway, settings.require("notifications_table"))
    return Services(ReadNotifications(store, clock), parts.cursor_key)
