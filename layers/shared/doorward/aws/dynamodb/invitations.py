"""Invitations on DynamoDB.

They are in the table of the sessions, because both expire. Beside each lies an item for its address: so that an address
has one pending invitation in a tenant, without an index that would be late.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, Tables, invitation_key, invited_key, user_key
from doorward.aws.dynamodb.proofs import made_action
from doorward.errors import Conflict, DoorwardError, InvalidProof
from doorward.model import TenantId
from doorward.model.invitations import Invitation
from doorward.model.proofs import Acceptance, InvitationId, Proof
from doorward.rules.invitations import KEPT_SECONDS
from doorward.stores import Page

_NAMES = {"id": "invitation_id", "status": "invitation_status"}  # DynamoDB reserves the word `status`
_PENDING = "invitation_status = :pending"
_WITH_PROOF = f"{_PENDING} AND proof_id = :proof"
# An item that is past its end counts as removed: the time to live removes the two items of an invitation one by one.
_FREE = "attribute_not_exists(pk) OR invitation_id = :last OR expires_at < :now"


@dataclass(frozen=True, slots=True)
class DynamoInvitations:
    """Invitations, to make, list, renew and revoke them."""

    database: Database
    tables: Tables

    def get(self, tenant_id: TenantId, invitation_id: InvitationId) -> Invitation | None:
        """Return an invitation, from a consistent read."""
        return _invitation(self.database.get((self.tables.refresh_tokens, invitation_key(tenant_id, invitation_id))))

    def find(self, tenant_id: TenantId, folded: str) -> Invitation | None:
        """Return the last invitation of a folded address, whatever became of it, from consistent reads."""
        item = self.database.get((self.tables.refresh_tokens, invited_key(tenant_id, folded)))
        return None if item is None else self.get(tenant_id, item["invitation_id"])

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[Invitation]:
        """Return a tenant's invitations, the newest first."""
        items, last = self.database.query(
            self.tables.refresh_tokens,
            partition=invitation_key(tenant_id, "")["pk"],
            prefix="invitation#",
            limit=limit,
            after=invitation_key(tenant_id, after) if after else None,
            newest_first=True,
        )
        found = tuple(one for one in map(_invitation, items) if one is not None)
        return Page(found, found[-1].id if last and found else None)

    def add(self, invitation: Invitation, proof: Proof, last: Invitation | None) -> None:
        """Store a new invitation and its proof, and revoke the address's last one if it is pending.

        Raises:
            Conflict: the address was invited, or `last` was accepted or revoked, at the same moment.
        """
        table = self.tables.refresh_tokens
        steps = [
            actions.put(table, invitation_key(invitation.tenant_id, invitation.id), _attributes(invitation)),
            self._claim(invitation, last.id if last else ""),
            made_action(self.tables.proofs, proof),
        ]
        if last is not None and last.status == "pending":
            steps.append(self._change(last, {"invitation_status": "revoked"}, _PENDING))
        self._carry_out(steps)

    def renew(self, before: Invitation, after: Invitation, proof: Proof) -> None:
        """Give a pending invitation, that was read as `before`, another proof.

        Raises:
            Conflict: it was accepted, revoked or renewed meanwhile.
        """
        changed = self._change(before, _attributes(after), _WITH_PROOF, proof=before.proof_id)
        self._carry_out([changed, self._claim(after, after.id), made_action(self.tables.proofs, proof)])

    def revoke(self, tenant_id: TenantId, invitation_id: InvitationId) -> bool:
        """Revoke an invitation unless it was accepted, and return whether it is revoked."""
        revoked = actions.update(
            self.tables.refresh_tokens,
            invitation_key(tenant_id, invitation_id),
            assign={"invitation_status": "revoked"},
            when="attribute_exists(pk) AND invitation_status <> :accepted",
            values={"accepted": "accepted"},
        )
        try:
            # A transaction, so that a try whose answer was lost is no other revocation.
            self.database.transact([revoked])
        except ConditionFailed:
            return False
        return True

    def _change(self, which: Invitation, attributes: dict[str, Any], when: str, **values: str) -> Action:
        key = invitation_key(which.tenant_id, which.id)
        values = {"pending": "pending", **values}
        return actions.update(self.tables.refresh_tokens, key, assign=attributes, when=when, values=values)

    def _claim(self, invitation: Invitation, last: str) -> Action:
        key = invited_key(invitation.tenant_id, invitation.folded)
        attributes = {"invitation_id": invitation.id, "expires_at": _forgotten_at(invitation)}
        made_at = invitation.created_at_ms // 1000
        return actions.put(
            self.tables.refresh_tokens, key, attributes, when=_FREE, values={"last": last, "now": made_at}
        )

    def _carry_out(self, steps: list[Action]) -> None:
        try:
            self.database.transact(steps)
        except ConditionFailed as failure:
            raise Conflict from failure


def acceptance_steps(tables: Tables, acceptance: Acceptance | None) -> list[tuple[Action, type[DoorwardError]]]:
    """Return the actions that accept an invitation, each with the error to raise if its condition fails."""
    if acceptance is None:
        return []
    accepted = actions.update(
        tables.refresh_tokens,
        invitation_key(acceptance.tenant_id, acceptance.invitation_id),
        assign={"invitation_status": "accepted", "accepted_by": acceptance.accepted_by},
        when=f"{_WITH_PROOF} AND expires_at_ms > :now",
        values={"pending": "pending", "proof": acceptance.proof_id, "now": acceptance.at_ms},
    )
    steps: list[tuple[Action, type[DoorwardError]]] = [(accepted, InvalidProof)]
    if acceptance.made_by != acceptance.accepted_by:  # the change of one's own user has the same condition
        same = {"version": acceptance.made_by_version}
        who = user_key(acceptance.made_by)
        steps.append((actions.check(tables.users, who, when="version = :version", values=same), Conflict))
    return steps


def _forgotten_at(invitation: Invitation) -> int:
    return invitation.expires_at_ms // 1000 + KEPT_SECONDS


def _attributes(invitation: Invitation) -> dict[str, Any]:
    """Return the attributes of an invitation's item, without its key; `expires_at` is the table's TTL."""
    found = {_NAMES.get(field.name, field.name): getattr(invitation, field.name) for field in fields(invitation)}
    return {**found, "expires_at": _forgotten_at(invitation)}


def _invitation(item: Item | None) -> Invitation | None:
    if item is None:
        return None
    found: dict[str, Any] = {field.name: item.get(_NAMES.get(field.name, field.name)) for field in fields(Invitation)}
    return Invitation(**{**found, "roles": tuple(item["roles"])})
