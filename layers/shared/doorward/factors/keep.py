"""Read and store the factors of whoever is signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import find
from doorward.errors import InsufficientAuthentication
from doorward.model import Clock, Principal, UserRecord
from doorward.model.factors import FactorChange, Factors
from doorward.model.proofs import ProofChanges
from doorward.rules.factors import RECENT_SECONDS, require_sure, with_factors
from doorward.stores import FactorStore, UserReader, UserWriter
from doorward.tokens.proofs import Notices

_QUIET = frozenset({"totp_begun", "passkey_renamed"})
"""Changes that no mail tells of: neither lets anybody in, and mails about nothing hide those that matter."""


@dataclass(frozen=True, slots=True)
class KeepFactors:
    """Changes factors together with what the user's item says of them, and tells the user by mail."""

    users: UserReader
    writer: UserWriter
    factors: FactorStore
    notices: Notices
    clock: Clock

    def read(self, principal: Principal) -> tuple[UserRecord, Factors]:
        """Return the caller's record and factors, for a change.

        Whoever has a factor must have proved one in this very session. Otherwise a password would be enough to put a
        factor of a thief's own beside it.

        Raises:
            InsufficientAuthentication: the sign-in is older than ten minutes, or no second factor was proved in it.
            NotFound: the caller is no user.
        """
        require_sure(principal, self.clock(), RECENT_SECONDS)
        record = find(self.users, principal, principal.user_id)
        proved = principal.authentication
        if record.user.factors and (proved is None or proved.acr == "1fa"):
            raise InsufficientAuthentication(max_age=RECENT_SECONDS, acr="2fa", reason="acr_too_low")
        return record, self.factors.get(principal.user_id)

    def store(self, before: UserRecord, after: Factors, what: str, challenge_id: str | None = None) -> Factors:
        """Store factors that were read and changed, and return them.

        Args:
            before: the user, as it was read beside them.
            after: the factors; their version is that of before.
            what: what was done, for the audit log and the mail. Not every change is worth a mail.
            challenge_id: of the challenge that a new passkey answered.

        Raises:
            InvalidProof: the factors were changed or used at the same moment, or the challenge was answered before.
            Conflict: somebody changed the user at the same moment.
        """
        after, user = replace(after, version=after.version + 1), before.user
        change = FactorChange(user_id=user.id, after=after, at_ms=self.clock(), challenge_id=challenge_id)
        told = () if what in _QUIET else self.notices("factors_changed", user, {"change": what})
        changed = UserRecord(with_factors(user, after.kinds, self.clock()), before.memberships)
        with audit.act("factors_changed", tenant_id=user.sign_in_realm, user_id=user.id, change=what):
            self.writer.change(before, changed, proofs=ProofChanges(factors=change, made=told))
        return after
