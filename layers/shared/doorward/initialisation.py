"""Make a deployment ready: keys, the first administrator, tenants. Every step can be repeated."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from doorward.accounts.create import CreateUser
from doorward.commands import NewUser
from doorward.errors import NotInitialised, TenantTaken, UsernameTaken
from doorward.keyring import Algorithm, KeySet, generate_key
from doorward.model import ADMIN, PLATFORM, Clock, Tenant, TenantId
from doorward.names import check_tenant_id
from doorward.stores import KeySetStore, SecretStore, TenantStore

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
        signing_secret_id: the secret of the private keys.
        mac_secret_id: the secret of the refresh tokens' MAC keys.
        report: is told what was done, a line at a time, without secrets.
    """

    key_sets: KeySetStore
    secrets: SecretStore
    tenants: TenantStore
    create_user: CreateUser
    signing_secret_id: str
    mac_secret_id: str
    clock: Clock
    report: Callable[[str], None]

    def keys(self, issuer: str, own_api_id: str, algorithm: Algorithm, *, rotate: bool = False) -> None:
        """Make the first signing key and MAC key; with `rotate`, a new one of each before the live ones.

        Args:
            issuer: the public base URL.
            own_api_id: the id of Doorward's own API, whose callers are told of restrictions.
            algorithm: of the signing key to make.
            rotate: make new keys although there are live ones.
        """
        self._mac_key(rotate=rotate)
        try:
            current = self.key_sets.load()
        except NotInitialised:
            self._sign_with_new_key(KeySet(issuer, own_api_id, ()), algorithm)
            return
        if rotate:
            self._sign_with_new_key(replace(current, issuer=issuer, own_api_id=own_api_id), algorithm)
        elif (current.issuer, current.own_api_id) != (issuer, own_api_id):
            self.key_sets.save(replace(current, issuer=issuer, own_api_id=own_api_id, version=current.version + 1))
            self.report(f"issuer is now {issuer}")
        else:
            self.report("signing key kept")

    def administrator(self, *, development: bool) -> FirstUser | None:
        """Make the platform administrator `admin`, unless there is one.

        Args:
            development: give the well-known password; never on a deployment.

        Returns:
            The user that was made, or None.
        """
        return self._first_user(NewUser(password="", username=ADMIN_USERNAME), PLATFORM, development=development)

    def tenant(self, tenant_id: str, *, development: bool) -> FirstUser | None:
        """Make a tenant and its administrator `TENANT-admin`, as far as they are not there.

        Raises:
            InvalidRequest: the id is no slug.
        """
        checked = check_tenant_id(tenant_id)
        try:
            self.tenants.create(Tenant(checked, tenant_id, "active", self.clock()))
            self.report(f"tenant {tenant_id} made")
        except TenantTaken:
            self.report(f"tenant {tenant_id} kept")
        username, email = f"{tenant_id}-admin", f"admin@{tenant_id}.example"
        wanted = NewUser(password="", username=username, email=email, roles=(ADMIN,))
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

    def _mac_key(self, *, rotate: bool) -> None:
        keys = json.loads(self.secrets.read(self.mac_secret_id) or "{}").get("keys", [])
        if keys and not rotate:
            self.report("refresh MAC key kept")
            return
        kid, key = secrets.token_hex(4), base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
        # The old key goes on proving the tokens it made; the next rotation drops it.
        self.secrets.write(self.mac_secret_id, json.dumps({"keys": [{"kid": kid, "key": key}, *keys[:1]]}))
        self.report(f"refresh MAC key {kid} made")

    def _sign_with_new_key(self, key_set: KeySet, algorithm: Algorithm) -> None:
        public, pem = generate_key(algorithm, self.clock())
        private = json.loads(self.secrets.read(self.signing_secret_id) or "{}").get("keys", {})
        kept = {key.kid: private[key.kid] for key in key_set.keys if key.kid in private}
        # First the private key, then its publication: killed between the two, nothing is lost.
        self.secrets.write(self.signing_secret_id, json.dumps({"keys": {**kept, public.kid: pem}}))
        retired = tuple(replace(key, state="retiring") for key in key_set.keys)
        self.key_sets.save(replace(key_set, keys=(public, *retired), version=key_set.version + 1))
        self.report(f"signing key {public.kid} ({algorithm}) made")
