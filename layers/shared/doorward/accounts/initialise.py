"""Make a deployment ready: keys, the first administrator, tenants. Every step can be repeated."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from doorward.accounts.create import CreateUser
from doorward.errors import NotInitialised, TenantTaken, UsernameTaken
from doorward.keys.rotation import RotateMacKeys, RotateSigningKeys
from doorward.keys.signing import KeySet
from doorward.model import ADMIN, PLATFORM, Clock, Tenant, TenantId
from doorward.model.changes import NewUser
from doorward.rules.names import check_tenant_id
from doorward.stores import TenantStore

ADMIN_USERNAME = "admin"
DEVELOPMENT_PASSWORD = "admin123"  # noqa: S105 - the local cloud's well-known one; a deployment never gets it


@dataclass(frozen=True, slots=True)
class FirstUser:
    """A user that initialisation made; the password is known only now."""

    username: str
    password: str
    must_change: bool


@dataclass(frozen=True, slots=True)
class Initialise:
    """Makes keys and first users.

    Args:
        report: is told what was done, a line at a time, without secrets.
    """

    signing: RotateSigningKeys
    mac: RotateMacKeys
    tenants: TenantStore
    create_user: CreateUser
    clock: Clock
    report: Callable[[str], None]

    def keys(self, issuer: str, own_api_id: str) -> None:
        """Make the first keys, as far as there are none.

        Args:
            issuer: the public base URL.
            own_api_id: the id of Doorward's own API, whose callers are told of restrictions.
        """
        self.signing.revocations.add_deployment(self.clock())
        self.mac.advance()
        wanted = KeySet(issuer, own_api_id, ())
        key_sets = self.signing.key_sets
        try:
            current = key_sets.get()
        except NotInitialised:
            self.signing.add_first(wanted)
            self.report(f"keys made ({self.signing.algorithm or 'HS256, a shared secret'})")
            return
        if (current.issuer, current.own_api_id) != (issuer, own_api_id):
            key_sets.change(replace(wanted, keys=current.keys, version=current.version + 1))
            self.report(f"issuer is now {issuer}")
        self.signing.advance()  # a shared secret may have gone, and key pairs be lacking
        self.report("keys kept")

    def administrator(self, username: str = ADMIN_USERNAME, *, development: bool) -> FirstUser | None:
        """Make a platform administrator, unless there is a user of this name.

        Args:
            username: of the administrator.
            development: give the well-known password; never on a deployment.

        Returns:
            The user that was made, or None.
        """
        return self._first_user(NewUser(password="", username=username), PLATFORM, development=development)

    def tenant(self, tenant_id: str, *, development: bool) -> FirstUser | None:
        """Make a tenant and its administrator `TENANT-admin`, as far as they are not there.

        Raises:
            InvalidRequest: the id is no slug.
        """
        checked = check_tenant_id(tenant_id)
        try:
            self.tenants.add(Tenant(checked, tenant_id, "active", self.clock()))
            self.report(f"tenant {tenant_id} made")
        except TenantTaken:
            self.report(f"tenant {tenant_id} kept")
        username, email = f"{tenant_id}-admin", f"admin@{tenant_id}.example"
        wanted = NewUser(password="", username=username, profile={"email": email}, roles=(ADMIN,))
        return self._first_user(wanted, checked, development=development)

    def _first_user(self, wanted: NewUser, tenant_id: TenantId, *, development: bool) -> FirstUser | None:
        password = DEVELOPMENT_PASSWORD if development else secrets.token_urlsafe(18)
        wanted = replace(wanted, password_change_required=not development)
        record = self.create_user.compose(wanted, tenant_id, platform_admin=tenant_id == PLATFORM)
        try:
            self.create_user.store(record, password)
        except UsernameTaken:
            self.report(f"user {record.user.username} kept")
            return None
        return FirstUser(record.user.username, password, must_change=not development)
