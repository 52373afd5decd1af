"""Prove a second factor: a code of an authenticator app, a recovery code, or a passkey."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from doorward import audit
from doorward.errors import InvalidRequest, InvalidSecondFactor, TooManyAttempts
from doorward.factors import recovery, totp
from doorward.factors.secrets import FactorSecrets
from doorward.model import Clock, TenantId, UserId
from doorward.model.factors import FactorChange, Factors, Passkey, ProvenFactor
from doorward.passkeys.ceremonies import Ceremonies
from doorward.rules.throttles import Attempt, Counter, Throttles
from doorward.stores import AttemptStore, FactorStore
from doorward.tokens.challenges import Challenges
from doorward.tokens.device import Device


@contextmanager
def told_use(proven: ProvenFactor, presented: PresentedFactor, tenant_id: TenantId, user_id: UserId) -> Iterator[None]:
    """Keep in the audit trail that a recovery code is used, with the transaction of the block that uses the code.

    Args:
        proven: the factor.
        presented: as it was sent; any other factor leaves no record of its own.
        tenant_id: in whose trail it belongs.
        user_id: whose code.
    """
    if presented.recovery_code is None:
        yield
        return
    kept = proven.change.after.recovery
    with audit.act("recovery_code_used", tenant_id=tenant_id, user_id=user_id, left=len(kept.macs) if kept else 0):
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedFactor:
    """What somebody presents: one of these, as it was sent.

    Args:
        totp: a code of an authenticator app.
        recovery_code: one of the user's recovery codes.
        passkey: what a browser made of `navigator.credentials.get`, in its JSON form.
    """

    totp: str | None = None
    recovery_code: str | None = None
    passkey: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ProveFactor:
    """Proves factors. Only what a factor allows uses the factor up, in one transaction with it."""

    factors: FactorStore
    secrets: FactorSecrets
    challenges: Challenges
    ceremonies: Callable[[], Ceremonies]
    attempts: AttemptStore
    throttles: Throttles
    clock: Clock

    def __call__(
        self,
        user_id: UserId,
        presented: PresentedFactor,
        source: str,
        device: Device | None = None,
        tenant_id: TenantId | None = None,
    ) -> ProvenFactor:
        """Return the factor of a user that is proved, and what its use changes.

        Wrong codes are counted, whatever challenge or session they come with. A device of the user's own has a count
        of its own, so whoever knows the password cannot use up the tries of the user.

        Args:
            user_id: whose factor.
            presented: as it was sent.
            source: the source address.
            device: the user's own, if the client proves one.
            tenant_id: in whose audit trail it belongs, if that is known.

        Raises:
            InvalidSecondFactor: nothing is proved; `reason` says why.
            TooManyAttempts: too many wrong codes; nothing was looked at.
        """
        counters = self._counters(user_id, presented, source, device)
        self._count(counters)
        try:
            proven = self._prove(user_id, presented, self.factors.get(user_id))
        except InvalidSecondFactor as error:
            audit.add("second_factor_refused", tenant_id=tenant_id, user_id=user_id, reason=error.reason, by=None)
            raise  # counted
        except Exception:
            self._uncount(counters)
            raise
        self._uncount(counters)
        return proven

    def _counters(
        self, user_id: UserId, presented: PresentedFactor, source: str, device: Device | None
    ) -> list[Counter]:
        now_ms = self.clock()
        if device is not None and device.user_id == user_id:
            return [self.throttles.of_own(f"factor#{device.id}", now_ms)]
        found = [self.throttles.of_source(Attempt(source, f"factor:{user_id}"), now_ms)]
        if presented.passkey is None:  # nobody guesses a signature
            found.append(self.throttles.of_codes(f"factor:{user_id}", now_ms))
        return found

    def _count(self, counters: list[Counter]) -> None:
        for index, counter in enumerate(counters):
            limit = self.attempts.count(counter)
            if limit is not None:
                self._uncount(counters[:index])
                audit.record("second_factor_throttled", by=counter.key.partition("#")[0])
                raise TooManyAttempts(limit.retry_after_seconds(self.clock()))

    def _uncount(self, counters: list[Counter]) -> None:
        for counter in counters:
            self.attempts.uncount(counter)

    def _prove(self, user_id: UserId, presented: PresentedFactor, held: Factors) -> ProvenFactor:
        if presented.totp is not None:
            return self._by_totp(user_id, presented.totp, held)
        if presented.recovery_code is not None:
            return self._by_recovery_code(user_id, presented.recovery_code, held)
        if presented.passkey is not None:
            return self._by_passkey(user_id, presented.passkey, held)
        raise InvalidRequest("Send totp, recovery_code or passkey.")

    def _by_totp(self, user_id: UserId, code: str, held: Factors) -> ProvenFactor:
        app, now_ms = held.totp, self.clock()
        if app is None:
            raise InvalidSecondFactor(reason="no_authenticator_app")
        step = totp.step_of(self.secrets.open(user_id, app.sealed_secret), code, app.last_step, now_ms)
        if step is None:
            raise InvalidSecondFactor(reason="wrong_code")
        return self._proven(user_id, replace(held, totp=replace(app, last_step=step, last_used_at_ms=now_ms)))

    def _by_recovery_code(self, user_id: UserId, code: str, held: Factors) -> ProvenFactor:
        kept, mac = held.recovery, self.secrets.mac(user_id, recovery.typed(code))
        if kept is None or mac not in kept.macs:
            raise InvalidSecondFactor(reason="wrong_recovery_code")
        left = tuple(each for each in kept.macs if each != mac)
        return self._proven(user_id, replace(held, recovery=replace(kept, macs=left)))

    def _by_passkey(self, user_id: UserId, response: Mapping[str, Any], held: Factors) -> ProvenFactor:
        assertion = self.ceremonies().read(response)
        challenge_id = self.challenges.read(assertion.challenge, "sign_in")
        passkey = held.passkey(assertion.credential_id)
        if passkey is None or assertion.user_id not in {None, user_id}:
            raise InvalidSecondFactor(reason="unknown_passkey")
        used = self.ceremonies().verify(response, assertion.challenge, passkey, self.clock())
        passkeys = tuple(used if each.id == used.id else each for each in held.passkeys)
        after = replace(held, passkeys=passkeys)
        return self._proven(user_id, after, amr=passkey_amr(used), challenge_id=challenge_id)

    def _proven(
        self,
        user_id: UserId,
        after: Factors,
        *,
        amr: tuple[str, ...] = ("otp", "mfa"),
        challenge_id: str | None = None,
    ) -> ProvenFactor:
        after = replace(after, version=after.version + 1)
        change = FactorChange(user_id=user_id, after=after, at_ms=self.clock(), challenge_id=challenge_id)
        return ProvenFactor(amr, change)


def passkey_amr(passkey: Passkey) -> tuple[str, ...]:
    """Return what a passkey proves: a key in hardware, or one that is kept on several devices; and its user.

    Source: RFC 8176 section 2; NIST SP 800-63B-4 section 3.1.7.1.
    """
    return ("swk" if passkey.backed_up else "hwk", "user", "mfa")
