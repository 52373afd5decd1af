"""Let a platform administrator in again whose password or second factors are lost."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.initialise import FirstUser
from doorward.errors import NotFound
from doorward.model import Clock, UserRecord
from doorward.model.factors import FactorChange, Factors
from doorward.model.proofs import ProofChanges
from doorward.rules.factors import with_factors
from doorward.rules.names import fold
from doorward.rules.passwords import PasswordHasher
from doorward.rules.proofs import without_older_proofs
from doorward.rules.revocation import cut_off_user
from doorward.stores import AttemptStore, Directory, FactorStore, RevocationStore, SignInName, UserReader, UserWriter


@dataclass(frozen=True, slots=True)
class RecoverAdministrator:
    """Gives a platform administrator a one-time password; only who has the tables can ask for that."""

    directory: Directory
    reader: UserReader
    writer: UserWriter
    revocations: RevocationStore
    attempts: AttemptStore
    factors: FactorStore
    hasher: PasswordHasher
    clock: Clock

    def __call__(self, username: str) -> FirstUser:
        """Set a random password that must be changed first, and end all sessions of the administrator.

        The administrator's second factors are gone too: within 24 hours another one must be enrolled.

        Raises:
            NotFound: there is no platform administrator of this name.
            Conflict: somebody changed the user at the same moment.
        """
        target = self.directory.look_up(SignInName(fold(username)), []).target
        record = self.reader.get(target.user_id) if target else None
        if record is None or not record.user.platform_admin:
            raise NotFound("There is no platform administrator of this name.")
        password = secrets.token_urlsafe(18)
        with audit.act("administrator_recovered", user_id=record.user.id, by=None):
            self._store(record, password)
            self.attempts.clear_failures(record.user.id)
        return FirstUser(record.user.username, password, must_change=True)

    def _store(self, before: UserRecord, password: str) -> None:
        now_ms, user = self.clock(), before.user
        held = self.factors.get(user.id)
        gone = FactorChange(user_id=user.id, after=Factors(version=held.version + 1), at_ms=now_ms)
        changed = replace(
            with_factors(user, (), now_ms), status="active", password_change_required=True, factors_reset_at_ms=now_ms
        )
        states = self.revocations.get_states(user.realms, user.id)
        cutoffs = cut_off_user(user.id, states, now_ms, ends_sessions=True)
        after = UserRecord(without_older_proofs(user, changed, password_changed=True), before.memberships)
        password_hash = self.hasher.hash(password)
        proofs = ProofChanges(factors=gone)
        self.writer.change(before, after, password_hash=password_hash, cutoffs=cutoffs, proofs=proofs)
