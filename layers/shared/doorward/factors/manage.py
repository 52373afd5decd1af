"""List, rename and remove one's own factors, and take away those of somebody who lost them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import find, owns, resolve, tenant_of
from doorward.errors import InsufficientScope, LastFactor, NotFound, OwnAccount
from doorward.factors.enrol import renewed
from doorward.factors.keep import KeepFactors
from doorward.factors.raising import RaiseSession
from doorward.factors.secrets import FactorSecrets
from doorward.model import Principal, UserRecord
from doorward.model.factors import FactorChange, Factors
from doorward.model.proofs import ProofChanges
from doorward.rules.factors import require_sure, with_factors
from doorward.rules.names import check_display_name
from doorward.rules.revocation import cut_off_user
from doorward.stores import RevocationStore

TOTP, RECOVERY_CODES = "totp", "recovery_codes"


@dataclass(frozen=True, slots=True)
class ManageFactors:
    """A user's own factors."""

    keep: KeepFactors
    secrets: FactorSecrets
    raise_session: RaiseSession

    def many(self, principal: Principal) -> Factors:
        """Return the caller's factors."""
        return self.keep.factors.get(principal.user_id)

    def renew_recovery_codes(self, principal: Principal) -> tuple[str, ...]:
        """Return ten new recovery codes. Those from before work no more.

        Raises:
            InsufficientAuthentication: see `KeepFactors.read`.
            NotFound: the caller has no factor that the codes could stand in for.
        """
        record, held = self.keep.read(principal)
        if not held.kinds:
            raise NotFound("Enrol a second factor first.")
        after, codes = renewed(self.secrets, record.user.id, held, self.keep.clock())
        self.keep.store(record, after, "recovery_codes_renewed")
        return codes

    def rename(self, principal: Principal, factor_id: str, name: str) -> Factors:
        """Give a passkey another name, and return all factors.

        Raises:
            InsufficientAuthentication: see `KeepFactors.read`.
            NotFound: the caller has no such passkey.
            InvalidRequest: the name breaks a rule.
        """
        record, held = self.keep.read(principal)
        passkey = held.passkey(factor_id)
        if passkey is None:
            raise NotFound
        named = replace(passkey, name=check_display_name(name))
        passkeys = tuple(named if each.id == named.id else each for each in held.passkeys)
        return self.keep.store(record, replace(held, passkeys=passkeys), "passkey_renamed")

    def remove(self, principal: Principal, factor_id: str) -> None:
        """Remove a factor; with the last one go the recovery codes.

        Args:
            principal: the caller.
            factor_id: `totp`, `recovery_codes`, or the id of a passkey.

        Raises:
            InsufficientAuthentication: see `KeepFactors.read`.
            NotFound: the caller has no such factor.
            LastFactor: it is the last one, and the tenant asks for one.
        """
        record, held = self.keep.read(principal)
        after = _without(held, factor_id)
        if after == held:
            raise NotFound
        if after.totp is None and not after.passkeys:
            self._require_none_needed(principal)
            after = replace(after, recovery=None)
        self.keep.store(record, after, f"{factor_id if factor_id in {TOTP, RECOVERY_CODES} else 'passkey'}_removed")

    def _require_none_needed(self, principal: Principal) -> None:
        admission, _, subject = self.raise_session.read(principal)
        if self.raise_session.minter.factors.asked_of(admission, subject) == "required":
            raise LastFactor


@dataclass(frozen=True, slots=True)
class ResetFactors:
    """Takes the factors of a user away who lost them, on behalf of an administrator."""

    keep: KeepFactors
    revocations: RevocationStore

    def __call__(self, principal: Principal, user_id: str) -> None:
        """Remove all factors of a user, and end all the user's sessions.

        The user has 24 hours to sign in and enrol another factor, where one is asked for. The user is told by mail.

        Raises:
            NotFound, InsufficientScope: the caller may not see the user, or may not let the user in by a password.
            OwnAccount: the caller asked for the own factors: remove these one by one.
            InsufficientAuthentication: the caller's sign-in is too old, or not sure enough.
            InvalidProof, Conflict: somebody changed the user at the same moment.
        """
        record = find(self.keep.users, principal, resolve(principal, user_id))
        if record.user.id == principal.user_id:
            raise OwnAccount
        single = len(record.user.tenant_ids) <= 1
        if not owns(principal, record.user) or not (single or principal.is_platform_admin):
            # The factors guard the other tenants too, which never agreed to this administrator.
            raise InsufficientScope
        require_sure(principal, self.keep.clock())
        ids = {"tenant_id": tenant_of(principal, record), "user_id": record.user.id}
        with audit.act("factors_reset", **ids, by=principal.user_id):
            self.reset(record)

    def reset(self, before: UserRecord) -> None:
        """Store a user without factors, whose sessions are over.

        Raises:
            InvalidProof, Conflict: somebody changed the user at the same moment.
        """
        now_ms, user = self.keep.clock(), before.user
        held = self.keep.factors.get(user.id)
        after = replace(with_factors(user, (), now_ms), factors_reset_at_ms=now_ms)
        change = FactorChange(user_id=user.id, after=Factors(version=held.version + 1), at_ms=now_ms)
        states = self.revocations.get_states(user.realms, user.id)
        self.keep.writer.change(
            before,
            UserRecord(after, before.memberships),
            cutoffs=cut_off_user(user.id, states, now_ms, ends_sessions=True),
            proofs=ProofChanges(factors=change, made=self.keep.notices("factors_changed", user, {"change": "reset"})),
        )


def _without(held: Factors, factor_id: str) -> Factors:
    if factor_id == TOTP:
        return replace(held, totp=None, pending_totp=None)
    if factor_id == RECOVERY_CODES:
        return replace(held, recovery=None)
    return replace(held, passkeys=tuple(each for each in held.passkeys if each.id != factor_id))
