"""Users and tenants on DynamoDB, as they are written: every change is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doorward.dynamodb import actions
from doorward.dynamodb.gateway import Action, ConditionFailed, Gateway
from doorward.dynamodb.items import (
    credential_key,
    email_key,
    membership_key,
    tenant_key,
    user_key,
    username_key,
)
from doorward.dynamodb.revocations import RevocationWriter
from doorward.dynamodb.sessions import Tables
from doorward.dynamodb.shapes import membership_attributes, tenant_attributes, to_tenant, user_attributes
from doorward.errors import Conflict, DoorwardError, EmailTaken, NotFound, TenantTaken, UsernameTaken
from doorward.model import PLATFORM, Cutoff, Membership, Tenant, TenantId, User
from doorward.names import fold
from doorward.stores import UserRecord

_SAME_VERSION = "version = :version"


class _Steps:
    """Actions of one transaction, each with the error that its failed condition means."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self._errors: list[type[DoorwardError]] = []

    def add(self, action: Action, error: type[DoorwardError] = Conflict) -> None:
        self.actions.append(action)
        self._errors.append(error)

    def carry_out(self, gateway: Gateway) -> None:
        try:
            gateway.transact(self.actions)
        except ConditionFailed as failure:
            raise self._errors[failure.failed[0]] from failure


@dataclass(frozen=True, slots=True)
class DynamoUserWriter:
    """Changes of users, with the revocations they imply."""

    gateway: Gateway
    tables: Tables
    revocations: RevocationWriter

    def create(self, user: User, password_hash: str | None, membership: Membership | None) -> None:
        """Store a new user.

        Raises:
            UsernameTaken: the folded user name was ever given.
            EmailTaken: the folded address is in use in the realm.
            NotFound: the tenant of the membership does not exist.
        """
        table, steps = self.tables.users, _Steps()
        name = {"user_id": user.id, "home_tenant_id": user.home_tenant_id}
        steps.add(actions.put(table, username_key(fold(user.username)), name, when=actions.ABSENT), UsernameTaken)
        if membership is not None:
            steps.add(actions.check(table, tenant_key(membership.tenant_id), when=actions.PRESENT), NotFound)
            steps.add(self._put_membership(membership))
        for realm in _email_realms(user):
            steps.add(self._claim_email(user, realm), EmailTaken)
        steps.add(actions.put(table, user_key(user.id), user_attributes(user), when=actions.ABSENT))
        if password_hash is not None:
            steps.add(actions.put(table, credential_key(user.id), {"password_hash": password_hash}))
        steps.carry_out(self.gateway)

    def change(
        self,
        before: UserRecord,
        after: UserRecord,
        *,
        password_hash: str | None = None,
        cutoffs: Sequence[Cutoff] = (),
    ) -> None:
        """Replace a user and memberships that were read as `before`.

        Raises:
            Conflict: somebody changed the user meanwhile.
            EmailTaken: the new address is in use in one of the realms.
        """
        table, user, steps = self.tables.users, after.user, _Steps()
        steps.add(
            actions.update(
                table,
                user_key(user.id),
                assign=user_attributes(user),
                when=_SAME_VERSION,
                values={"version": before.user.version},
            )
        )
        for membership in after.memberships:
            if membership not in before.memberships:
                steps.add(self._put_membership(membership))
        if fold(before.user.email or "") != fold(user.email or ""):
            self._move_email(steps, before.user, user)
        if password_hash is not None:
            steps.add(actions.put(table, credential_key(user.id), {"password_hash": password_hash}))
        self._cut_off(steps, cutoffs, user.updated_at_ms)
        steps.carry_out(self.gateway)

    def delete(self, before: UserRecord, cutoffs: Sequence[Cutoff]) -> None:
        """Remove a user; the user name stays taken for ever.

        Raises:
            Conflict: somebody changed the user meanwhile.
        """
        table, user, steps = self.tables.users, before.user, _Steps()
        steps.add(actions.delete(table, user_key(user.id), when=_SAME_VERSION, values={"version": user.version}))
        steps.add(actions.delete(table, credential_key(user.id)))
        for membership in before.memberships:
            steps.add(actions.delete(table, membership_key(membership.tenant_id, user.id)))
        for realm in _email_realms(user):
            steps.add(actions.delete(table, email_key(realm, fold(user.email or ""))))
        self._cut_off(steps, cutoffs, max((cutoff.at for cutoff in cutoffs), default=user.updated_at_ms))
        steps.carry_out(self.gateway)

    def _put_membership(self, membership: Membership) -> Action:
        key = membership_key(membership.tenant_id, membership.user_id)
        return actions.put(self.tables.users, key, membership_attributes(membership))

    def _claim_email(self, user: User, realm: TenantId) -> Action:
        key = email_key(realm, fold(user.email or ""))
        return actions.put(self.tables.users, key, {"user_id": user.id}, when=actions.ABSENT)

    def _move_email(self, steps: _Steps, before: User, after: User) -> None:
        for realm in _email_realms(before):
            steps.add(actions.delete(self.tables.users, email_key(realm, fold(before.email or ""))))
        for realm in _email_realms(after):
            steps.add(self._claim_email(after, realm), EmailTaken)

    def _cut_off(self, steps: _Steps, cutoffs: Sequence[Cutoff], now_ms: int) -> None:
        for cutoff in cutoffs:
            steps.add(self.revocations.cutoff_action(cutoff, now_ms))
            spare = self.revocations.spare_action(self.tables.refresh_tokens, cutoff)
            if spare is not None:
                steps.add(spare)


@dataclass(frozen=True, slots=True)
class DynamoTenants:
    """Tenants."""

    gateway: Gateway
    table: str

    def create(self, tenant: Tenant) -> None:
        """Store a new tenant.

        Raises:
            TenantTaken: the id was ever given.
        """
        try:
            self.gateway.write(
                actions.put(self.table, tenant_key(tenant.id), tenant_attributes(tenant), when=actions.ABSENT)
            )
        except ConditionFailed as failure:
            raise TenantTaken from failure

    def get(self, tenant_id: TenantId) -> Tenant | None:
        """Return a tenant, consistently."""
        return to_tenant(self.gateway.get((self.table, tenant_key(tenant_id))))


def _email_realms(user: User) -> tuple[TenantId, ...]:
    """Return the realms in which the user's address must be unique: none without an address."""
    if user.email is None:
        return ()
    return user.tenant_ids or (PLATFORM,)
