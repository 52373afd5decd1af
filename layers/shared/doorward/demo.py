"""The demo: a team and some notifications in a tenant, and all of it gone again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ulid import ULID

from doorward import audit
from doorward.commands import NewUser
from doorward.errors import EmailTaken
from doorward.model import Clock, Notification, Principal, TenantId, UserId
from doorward.stores import NotificationStore, UserCreator, UserRemover
from doorward.tenancy import require_own_admin

TEAM = (
    ("Ada Okafor", "ada.okafor", ("admin", "user")),
    ("Björn Lindqvist", "bjorn.lindqvist", ("user", "auditor")),
    ("Chiara Ricci", "chiara.ricci", ("user",)),
    ("Dmitri Sokolov", "dmitri.sokolov", ("user",)),
    ("Emiko Tanaka", "emiko.tanaka", ("user", "billing")),
)
NEWS = (
    ("Welcome to your workspace", "Your team is set up. Invite the colleagues who are missing.", False),
    ("Two people joined", "Chiara Ricci and Dmitri Sokolov joined the team.", False),
    ("Review waiting", "An access review is waiting for you.", True),
)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the demo made: user id to one-time password (None unless asked for)."""

    passwords: Mapping[str, str | None]
    notifications: int


@dataclass(frozen=True, slots=True)
class Demo:
    """Fills a tenant with people and notifications.

    What it will make is written down first, with all ids: so it can be repeated, completed after
    having been killed, and removed without a trace.
    """

    create: UserCreator
    remove: UserRemover
    notifications: NotificationStore
    clock: Clock

    def seed(self, principal: Principal, tenant_id: TenantId, *, with_passwords: bool = False) -> Seeded:
        """Make what is missing of the demo; repeating it changes nothing.

        Args:
            principal: an administrator of the tenant.
            tenant_id: the tenant.
            with_passwords: give new users one-time passwords; otherwise nobody can sign in as them.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        require_own_admin(principal, tenant_id)
        plan = self._plan(tenant_id, principal.user_id)
        passwords: dict[str, str | None] = {}
        for (name, local_part, roles), user_id in zip(TEAM, plan["users"], strict=True):
            password = secrets.token_urlsafe(12) if with_passwords else None
            wanted = NewUser(
                password or "",
                email=f"{local_part}@{tenant_id}.example",
                display_name=name,
                roles=roles,
                password_change_required=True,
            )
            if self._create(UserId(user_id), wanted, tenant_id, password):
                passwords[user_id] = password
        made = _notifications(tenant_id, plan)
        for notification in made:
            self.notifications.put(notification)
        audit.record("demo_seeded", tenant_id=tenant_id, by=principal.user_id)
        return Seeded(passwords, len(made))

    def unseed(self, principal: Principal, tenant_id: TenantId) -> None:
        """Remove all that the demo made.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        require_own_admin(principal, tenant_id)
        record = self.notifications.load_demo(tenant_id)
        if record is None:
            return
        plan = json.loads(record)
        for user_id in plan["users"]:
            self.remove.remove(UserId(user_id))
        for notification in _notifications(tenant_id, plan):
            self.notifications.remove(notification)
        self.notifications.save_demo(tenant_id, None)
        audit.record("demo_removed", tenant_id=tenant_id, by=principal.user_id)

    def _create(self, user_id: UserId, wanted: NewUser, tenant_id: TenantId, password: str | None) -> bool:
        try:
            return self.create.create_once(user_id, wanted, tenant_id, password)
        except EmailTaken:
            return False  # a real person of the tenant has this address; the demo does without

    def _plan(self, tenant_id: TenantId, owner: UserId) -> dict[str, Any]:
        plan: dict[str, Any] = {
            "owner": owner,
            "users": [str(ULID()) for _ in TEAM],
            "notifications": [str(ULID()) for _ in NEWS],
            "made_at_ms": self.clock(),
        }
        if not self.notifications.save_demo(tenant_id, json.dumps(plan)):
            plan = json.loads(self.notifications.load_demo(tenant_id) or "{}")
        return plan


def _notifications(tenant_id: TenantId, plan: Mapping[str, Any]) -> Sequence[Notification]:
    return [
        Notification(tenant_id, notification_id, plan["owner"] if own else None, title, body, plan["made_at_ms"])
        for (title, body, own), notification_id in zip(NEWS, plan["notifications"], strict=True)
    ]
