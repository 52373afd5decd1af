"""Write users to DynamoDB.

Every change is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, Database
from doorward.aws.dynamodb.finding import entry_actions
from doorward.aws.dynamodb.invitations import acceptance_steps
from doorward.aws.dynamodb.items import (
    Key,
    Tables,
    address_part,
    credential_key,
    email_key,
    factors_key,
    former_name_key,
    membership_key,
    tenant_key,
    user_key,
    username_key,
)
from doorward.aws.dynamodb.leaving import leaving_action
from doorward.aws.dynamodb.proofs import proof_actions
from doorward.aws.dynamodb.revocations import RevocationWriter
from doorward.aws.dynamodb.shapes import membership_attributes, user_attributes
from doorward.aws.dynamodb.steps import Steps
from doorward.errors import EmailTaken, InvalidProof, LastAdmin, TenantNotFound, UsernameTaken
from doorward.model import Cutoff, Membership, TenantId, User, UserRecord
from doorward.model.proofs import NO_PROOFS, ProofChanges
from doorward.rules.addresses import addresses_of, claims_of
from doorward.rules.names import fold
from doorward.rules.tenancy import administers, changes_of_administrators

_SAME_VERSION = "version = :version"


@dataclass(frozen=True, slots=True)
class DynamoUserWriter:
    """Changes of users, with the revocations that they imply.

    Args:
        database: the tables' reader and writer.
        tables: the tables.
        revocations: makes the actions that revoke.
        former_names: returns what is kept of a user name when its user is removed.
    """

    database: Database
    tables: Tables
    revocations: RevocationWriter
    former_names: Callable[[str], str]

    def add(self, record: UserRecord, password_hash: str | None, *, proofs: ProofChanges = NO_PROOFS) -> None:
        """Store a new user.

        Raises:
            UsernameTaken: a user has or had this folded user name.
            EmailTaken: the folded address is in use in a tenant of the user.
            NotFound: the tenant of a membership does not exist.
            InvalidProof: the proof that allows it was used or has ended.
        """
        table, user, steps = self.tables.users, record.user, self._steps(proofs)
        name = {"user_id": user.id, "home_tenant_id": user.sign_in_realm}
        steps.add(actions.put(table, username_key(fold(user.username)), name, when=actions.ABSENT), UsernameTaken)
        steps.add(actions.check(table, self._former_name_key(user), when=actions.ABSENT), UsernameTaken)
        for membership in record.memberships:
            self._enter(steps, record, membership)
        for realm, address in sorted(addresses_of(user)):
            steps.add(self._claim(user, realm, address), EmailTaken)
        steps.add(actions.put(table, user_key(user.id), user_attributes(user), when=actions.ABSENT))
        if password_hash is not None:
            steps.add(actions.put(table, credential_key(user.id), _credential(password_hash, user.updated_at_ms)))
        steps.add_all(entry_actions(table, None, record))
        steps.carry_out(self.database)

    def change(
        self,
        before: UserRecord,
        after: UserRecord,
        *,
        password_hash: str | None = None,
        cutoffs: Sequence[Cutoff] = (),
        keep_admin_in: Collection[TenantId] | None = None,
        proofs: ProofChanges = NO_PROOFS,
    ) -> None:
        """Replace a user and memberships that were read as `before`.

        The change may add and remove memberships.

        Raises:
            InvalidProof: the proof was used or has ended.
            Conflict: somebody changed the user meanwhile.
            EmailTaken: the address is in use in the home tenant, or in a tenant that the user enters.
            NotFound: the tenant of a new membership does not exist.
            LastAdmin: the change would leave a tenant without an active administrator.
        """
        table, user, steps = self.tables.users, after.user, self._steps(proofs)
        same_version = {"version": before.user.version}
        steps.add(
            actions.update(
                table, user_key(user.id), assign=user_attributes(user), when=_SAME_VERSION, values=same_version
            )
        )
        if before.user.sign_in_realm != user.sign_in_realm:
            moved = {"home_tenant_id": user.sign_in_realm}
            steps.add(actions.update(table, username_key(fold(user.username)), assign=moved, when=actions.PRESENT))
        self._change_memberships(steps, before, after, keep_admin_in)
        self._changeaddresses_of(steps, before.user, user)
        if password_hash is not None:
            steps.add(actions.put(table, credential_key(user.id), _credential(password_hash, after.user.updated_at_ms)))
        self._cut_off(steps, cutoffs, user.updated_at_ms)
        steps.add_all(entry_actions(table, before, after))
        steps.carry_out(self.database)

    def remove(
        self,
        before: UserRecord,
        cutoffs: Sequence[Cutoff],
        *,
        keep_admin_in: Collection[TenantId] | None = None,
        proofs: ProofChanges = NO_PROOFS,
        erased: bool = False,
    ) -> None:
        """Remove a user, and store what is still to be erased.

        Nobody can ever have the same user name again, of which the MAC is kept alone.

        Raises:
            InvalidProof: the proof was used or has ended.
            Conflict: somebody changed the user meanwhile.
            LastAdmin: the removal would leave a tenant without an active administrator.
        """
        table, user, steps = self.tables.users, before.user, self._steps(proofs)
        steps.add(actions.delete(table, user_key(user.id), when=_SAME_VERSION, values={"version": user.version}))
        steps.add(actions.delete(table, credential_key(user.id)))
        steps.add(actions.delete(table, factors_key(user.id)))
        steps.add(actions.delete(table, username_key(fold(user.username))))
        steps.add(actions.put(table, self._former_name_key(user), {}))
        for membership in before.memberships:
            steps.add(actions.delete(table, membership_key(membership.tenant_id, user.id)))
        self._count_administrators(steps, before, None, keep_admin_in)
        self._changeaddresses_of(steps, user, None)
        self._cut_off(steps, cutoffs, max((cutoff.at for cutoff in cutoffs), default=user.updated_at_ms))
        entries = entry_actions(table, before, None)
        # All of a user's tenants with all roles are too much for one transaction. What is left over shows nobody.
        now, later = entries[: steps.room - 1], entries[steps.room - 1 :]
        steps.add_all(now)
        if later or not erased:
            steps.add(leaving_action(table, user, later))
        steps.carry_out(self.database)

    def _steps(self, proofs: ProofChanges) -> Steps:
        """Return the first actions of a transaction: those that use a proof, accept an invitation, store new proofs."""
        steps, (used, made) = Steps(), proof_actions(self.tables, proofs)
        for action in used:
            steps.add(action, InvalidProof)
        for action, error in acceptance_steps(self.tables, proofs.accepts):
            steps.add(action, error)
        for action in made:
            steps.add(action)
        return steps

    def _change_memberships(
        self, steps: Steps, before: UserRecord, after: UserRecord, keep_admin_in: Collection[TenantId] | None
    ) -> None:
        here = {membership.tenant_id for membership in before.memberships}
        there = {membership.tenant_id for membership in after.memberships}
        for membership in after.memberships:
            if membership.tenant_id not in here:
                self._enter(steps, after, membership)
            elif membership not in before.memberships:
                steps.add(self._put_membership(membership))
        for tenant_id in sorted(here - there):
            steps.add(actions.delete(self.tables.users, membership_key(tenant_id, before.user.id)))
        self._count_administrators(steps, before, after, keep_admin_in, entered=there - here)

    def _former_name_key(self, user: User) -> Key:
        return former_name_key(self.former_names(fold(user.username)))

    def _enter(self, steps: Steps, record: UserRecord, membership: Membership) -> None:
        # As a condition on the tenant's item it would make all creations of a tenant's users conflict with each other.
        place = (membership.tenant_id, record.user.id)
        steps.add(self.revocations.markers.check_open(*place, self.tables.marker_shards), TenantNotFound)
        if administers(record, membership.tenant_id):
            key = tenant_key(membership.tenant_id)
            counted = actions.update(self.tables.users, key, add={"administrators": 1}, when=actions.PRESENT)
            steps.add(counted, TenantNotFound)
        steps.add(self._put_membership(membership))

    def _count_administrators(
        self,
        steps: Steps,
        before: UserRecord,
        after: UserRecord | None,
        keep_admin_in: Collection[TenantId] | None,
        *,
        entered: Collection[TenantId] = (),
    ) -> None:
        for tenant_id, change in changes_of_administrators(before, after).items():
            if tenant_id in entered:
                continue
            guards = change < 0 and (keep_admin_in is None or tenant_id in keep_admin_in)
            when, values = ("administrators > :one", {"one": 1}) if guards else (actions.PRESENT, {})
            key = tenant_key(tenant_id)
            action = actions.update(self.tables.users, key, add={"administrators": change}, when=when, values=values)
            steps.add(action, LastAdmin)

    def _changeaddresses_of(self, steps: Steps, before: User, after: User | None) -> None:
        old, wanted = addresses_of(before), claims_of(before, after)
        places = sorted((old - addresses_of(after)) | wanted)
        if not places:
            return
        table = self.tables.users
        items = self.database.batch_get([(table, email_key(realm, address)) for realm, address in places])
        for (realm, address), item in zip(places, items, strict=True):
            own = item is not None and item["user_id"] == before.id
            if (realm, address) in wanted and after is not None:
                if not own:
                    steps.add(self._claim(after, realm, address), EmailTaken)
            elif own:
                when, values = "user_id = :owner", {"owner": before.id}
                steps.add(actions.delete(table, email_key(realm, address), when=when, values=values))

    def _put_membership(self, membership: Membership) -> Action:
        key = membership_key(membership.tenant_id, membership.user_id)
        return actions.put(self.tables.users, key, membership_attributes(membership))

    def _claim(self, user: User, realm: TenantId, address: str) -> Action:
        key = email_key(realm, address)
        attributes = {"user_id": user.id, "listing": address_part(address)}
        return actions.put(self.tables.users, key, attributes, when=actions.ABSENT)

    def _cut_off(self, steps: Steps, cutoffs: Sequence[Cutoff], now_ms: int) -> None:
        for cutoff in cutoffs:
            steps.add(self.revocations.cutoff_action(cutoff, now_ms))
            spare = self.revocations.spare_action(self.tables.refresh_tokens, cutoff)
            if spare is not None:
                steps.add(spare)


def _credential(password_hash: str, set_at_ms: int) -> dict[str, str | int]:
    return {"password_hash": password_hash, "set_at_ms": set_at_ms}
