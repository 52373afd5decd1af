"""Make the demo, example users and notifications in a tenant, and remove it again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doorward import audit
from doorward.accounts.create import CreateUser
from doorward.accounts.delete import RemoveUser
from doorward.demo.stores import NotificationStore
from doorward.errors import Conflict, EmailTaken, NotFound
from doorward.model import Clock, Notification, Principal, TenantId, UserId
from doorward.model.changes import NewUser
from doorward.rules.tenancy import require_own_admin
from doorward.stores import TenantStore, UserReader
from doorward.tokens.ids import mint_ulid

TEAM = (
    ("Ada Okafor", "ada.okafor", ("user", "owner")),
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
    """What one call made.

    Args:
        emails: the e-mail address of each new user, by user id.
        passwords: the one-time password of each new user, by user id; None unless the caller asked for passwords.
        notifications: how many notifications the demo has.
    """

    emails: Mapping[str, str]
    passwords: Mapping[str, str | None]
    notifications: int


@dataclass(frozen=True, slots=True)
class Demo:
    """Fills a tenant with example users and notifications.

    A record with the ids of all users and notifications is stored before anything is made. So a call can be repeated, a
    call that was killed can be completed, and the users and notifications can be removed.
    """

    create: CreateUser
    remove: RemoveUser
    users: UserReader
    notifications: NotificationStore
    tenants: TenantStore
    clock: Clock

    def seed(self, principal: Principal, tenant_id: TenantId, *, with_passwords: bool = False) -> Seeded:
        """Make the users and notifications that are missing.

        Repeating the call changes nothing.

        Args:
            principal: the caller, an administrator of the tenant.
            tenant_id: the tenant.
            with_passwords: whether new users get one-time passwords. Without a password, nobody can sign in as them.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant, or there is no such tenant.
            Conflict: somebody else removes the demo at the same moment.
        """
        require_own_admin(principal, tenant_id)
        if self.tenants.get(tenant_id) is None:
            raise NotFound
        # Of who is not in the tenant, nobody would ever erase a notification there: it goes to the whole tenant.
        plan = self._plan(tenant_id, principal.user_id if principal.tenant_id == tenant_id else None)
        passwords: dict[str, str | None] = {}
        emails: dict[str, str] = {}
        for (name, local_part, roles), user_id in zip(TEAM, plan["users"], strict=True):
            password = secrets.token_urlsafe(12) if with_passwords else None
            email = f"{local_part}@{tenant_id}.example"
            new_user = NewUser(
                password or "",
                profile={"email": email, "display_name": name},
                roles=roles,
                password_change_required=True,
            )
            if self._create(UserId(user_id), new_user, tenant_id, password):
                passwords[user_id], emails[user_id] = password, email
        made = _notifications(tenant_id, plan)
        with audit.act("demo_seeded", tenant_id=tenant_id, by=principal.user_id):
            for notification in made:
                self.notifications.add(notification)
        return Seeded(emails, passwords, len(made))

    def unseed(self, principal: Principal, tenant_id: TenantId) -> None:
        """Remove everything that the demo made, except the caller and users who now belong to other tenants too.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        require_own_admin(principal, tenant_id)
        record = self.notifications.get_demo(tenant_id)
        if record is None:
            return
        plan = json.loads(record)
        for user_id in plan["users"]:
            if user_id != principal.user_id:
                self.remove.from_only(self.users, tenant_id, UserId(user_id))
        for notification in _notifications(tenant_id, plan):
            self.notifications.remove(notification)
        with audit.act("demo_removed", tenant_id=tenant_id, by=principal.user_id):
            self.notifications.remove_demo(tenant_id)

    def _create(self, user_id: UserId, new_user: NewUser, tenant_id: TenantId, password: str | None) -> bool:
        try:
            return self.create.create_once(user_id, new_user, tenant_id, password)
        except EmailTaken:
            return False  # another user of the tenant has this address, so the demo has one user less

    def _plan(self, tenant_id: TenantId, owner: UserId | None) -> dict[str, Any]:
        plan: dict[str, Any] = {
            "owner": owner,
            "users": [mint_ulid() for _ in TEAM],
            "notifications": [mint_ulid() for _ in NEWS],
            "made_at_ms": self.clock(),
        }
        if not self.notifications.add_demo(tenant_id, json.dumps(plan)):
            record = self.notifications.get_demo(tenant_id)
            if record is None:
                raise Conflict
            plan = json.loads(record)
        return plan


def _notifications(tenant_id: TenantId, plan: Mapping[str, Any]) -> Sequence[Notification]:
    return [
        Notification(tenant_id, notification_id, plan["owner"] if own else None, title, body, plan["made_at_ms"])
        for (title, body, own), notification_id in zip(NEWS, plan["notifications"], strict=True)
    ]
