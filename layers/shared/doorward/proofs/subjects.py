"""Find the user that a proof is of, when its mail is sent and when it is used."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.model import PLATFORM, UserId, UserRecord
from doorward.model.proofs import Proof
from doorward.rules.proofs import is_proved_by_owner, outdated
from doorward.stores import Directory, SignInName, UserReader


@dataclass(frozen=True, slots=True)
class FindSubject:
    """Finds users by what was presented when the proof was asked for."""

    directory: Directory
    users: UserReader

    def __call__(self, proof: Proof) -> UserRecord | None:
        """Return the user that a proof is of.

        Returns:
            None if there is no such user, if the user is disabled, or if a change of the user killed the proof.
        """
        user_id = proof.user_id or self._named(proof)
        record = self.users.get(user_id) if user_id else None
        if record is None or record.user.status != "active" or outdated(proof, record.user):
            return None
        return record

    def _named(self, proof: Proof) -> UserId | None:
        tenant_id = None if proof.tenant_id == PLATFORM else proof.tenant_id
        if proof.email is not None:
            name = SignInName(proof.email, proof.tenant_id)
        elif proof.username is not None:
            name = SignInName(proof.username, tenant_id=tenant_id)
        else:
            return None
        target = self.directory.look_up(name, []).target
        return target.user_id if target else None


def is_of_one_tenant(record: UserRecord) -> bool:
    """Return whether a user is in one tenant alone, whose administrators may set the user's password."""
    return len(record.user.tenant_ids) <= 1 and not record.user.platform_admin


def may_be_mailed(record: UserRecord) -> bool:
    """Return whether a mail to the user's address may let its reader in.

    Whoever administers a tenant can write any address, and read its mail. The administrator may set the password of a
    user who is only there. For any other user, and when the user moves on, the user must have proved the address.
    """
    user = record.user
    where = is_of_one_tenant(record) and user.email_given_in in {None, user.home_tenant_id}
    return user.email is not None and (where or is_proved_by_owner(user))
