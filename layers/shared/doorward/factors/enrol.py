"""Enrol second factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from doorward.errors import Conflict, EnrolmentTooLate, InvalidRequest, InvalidSecondFactor, TooManyAttempts
from doorward.factors import recovery, totp
from doorward.factors.keep import KeepFactors
from doorward.factors.prove import passkey_amr
from doorward.factors.raising import Raised, RaiseSession
from doorward.factors.secrets import FactorSecrets
from doorward.model import Principal, UserId
from doorward.model.factors import Factors, RecoveryCodes, Totp
from doorward.model.proofs import NO_PROOFS
from doorward.passkeys.ceremonies import Ceremonies
from doorward.rules.factors import authentication_of
from doorward.rules.names import check_display_name
from doorward.rules.throttles import Throttles
from doorward.stores import AttemptStore
from doorward.tokens.challenges import Challenges

MAX_PASSKEYS = 10


@dataclass(frozen=True, slots=True)
class NewTotp:
    """A secret for an authenticator app, which is shown only now."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A factor that was enrolled: the session that proved it, and recovery codes with the first factor."""

    raised: Raised
    recovery_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enrol:
    """What both ways of enrolling have in common."""

    keep: KeepFactors
    secrets: FactorSecrets
    raise_session: RaiseSession

    def require_use(self, principal: Principal) -> None:
        """Make sure that somebody would ever ask for a factor, and that it is not too late to enrol one.

        Raises:
            InvalidRequest: the tenant asks nobody.
            EnrolmentTooLate: an administrator took the user's factors away more than a day ago.
            InvalidToken, InsufficientScope: see `RaiseSession`.
        """
        admission, session, subject = self.raise_session.read(principal)
        rule = self.raise_session.minter.factors
        if not rule.takes_factors(admission, subject):
            raise InvalidRequest("This tenant asks nobody for a second factor.")
        if rule.standing(admission, subject, authentication_of(session).amr, self.keep.clock()) == "late":
            raise EnrolmentTooLate

    def with_codes(self, user_id: UserId, after: Factors) -> tuple[Factors, tuple[str, ...]]:
        """Return factors with recovery codes, and the codes if they are new: with the first factor they are."""
        if after.recovery is not None:
            return after, ()
        return renewed(self.secrets, user_id, after, self.keep.clock())

    def raised(self, principal: Principal, amr: tuple[str, ...]) -> Raised:
        """Return the caller's session, in which the factor that was just enrolled counts as proved."""
        return self.raise_session(*self.raise_session.read(principal), amr, NO_PROOFS)


def renewed(secrets: FactorSecrets, user_id: UserId, held: Factors, now_ms: int) -> tuple[Factors, tuple[str, ...]]:
    """Return factors with ten new recovery codes, and the codes. Those from before work no more."""
    codes = recovery.new_codes()
    macs = tuple(secrets.mac(user_id, code) for code in codes)
    return replace(held, recovery=RecoveryCodes(macs, now_ms)), tuple(map(recovery.shown, codes))


@dataclass(frozen=True, slots=True)
class EnrolTotp(Enrol):
    """Enrols an authenticator app, in place of the one from before if there is one."""

    attempts: AttemptStore
    throttles: Throttles
    issuer: str

    def begin(self, principal: Principal) -> NewTotp:
        """Make a secret, and return it. It is no factor before a code proves that the app has it.

        Raises:
            InsufficientAuthentication, NotFound: see `KeepFactors.read`.
            InvalidRequest, EnrolmentTooLate: see `require_use`.
            InvalidProof, Conflict: the factors were changed at the same moment.
        """
        self.require_use(principal)
        record, held = self.keep.read(principal)
        secret, user = totp.new_secret(), record.user
        pending = Totp(self.secrets.seal(user.id, secret), self.keep.clock())
        self.keep.store(record, replace(held, pending_totp=pending), "totp_begun")
        uri = totp.enrolment_uri(secret, self.issuer, user.email or user.username)
        return NewTotp(totp.written_secret(secret), uri)

    def confirm(self, principal: Principal, code: str) -> Enrolled:
        """Make the pending app the user's factor.

        Args:
            principal: the caller.
            code: of the app.

        Raises:
            InvalidSecondFactor: it is not the app's code, or no app is pending.
            TooManyAttempts: too many wrong codes.
            InsufficientAuthentication, NotFound: see `KeepFactors.read`.
            InvalidProof, Conflict: the factors or the session were changed at the same moment.
        """
        self.require_use(principal)
        record, held = self.keep.read(principal)
        app, user_id = held.pending_totp, record.user.id
        if app is None:
            raise InvalidSecondFactor(reason="no_pending_app")
        step = self._step_of(principal, app, code)
        proved = replace(app, last_step=step, last_used_at_ms=self.keep.clock())
        after, codes = self.with_codes(user_id, replace(held, totp=proved, pending_totp=None))
        self.keep.store(record, after, "totp_enrolled")
        return Enrolled(self.raised(principal, ("otp", "mfa")), codes)

    def _step_of(self, principal: Principal, app: Totp, code: str) -> int:
        now_ms = self.keep.clock()
        counter = self.throttles.of_own(f"enrolment#{principal.session_id}", now_ms)
        limit = self.attempts.count(counter)
        if limit is not None:
            raise TooManyAttempts(limit.retry_after_seconds(now_ms))
        step = totp.step_of(self.secrets.open(principal.user_id, app.sealed_secret), code, app.last_step, now_ms)
        if step is None:
            raise InvalidSecondFactor(reason="wrong_code")
        self.attempts.uncount(counter)
        return step


@dataclass(frozen=True, slots=True)
class EnrolPasskey(Enrol):
    """Enrols passkeys, ten at most."""

    ceremonies: Callable[[], Ceremonies]
    challenges: Challenges

    def options(self, principal: Principal) -> Mapping[str, Any]:
        """Return what `navigator.credentials.create` takes, in its JSON form. Nothing is stored.

        Raises:
            InsufficientAuthentication, NotFound: see `KeepFactors.read`.
            InvalidRequest, EnrolmentTooLate: see `require_use`.
            Conflict: the user has ten passkeys.
        """
        self.require_use(principal)
        record, held = self.keep.read(principal)
        if len(held.passkeys) >= MAX_PASSKEYS:
            raise Conflict(f"A user has at most {MAX_PASSKEYS} passkeys. Remove one first.")
        challenge = self.challenges.mint("registration", _binding(principal))
        return self.ceremonies().registration_options(record.user, challenge, held.passkeys)

    def register(self, principal: Principal, response: Mapping[str, Any], name: str) -> Enrolled:
        """Make what a browser made of the options a factor, and return what came of it.

        Args:
            principal: the caller; the session must be the one that asked for the options.
            response: as the browser gives it, in its JSON form.
            name: as the user calls the passkey.

        Raises:
            InvalidSecondFactor: the response is not right.
            InvalidRequest: the name is not.
            InsufficientAuthentication, NotFound, Conflict: see `options`.
            InvalidProof: the challenge was answered, or the factors were changed, at the same moment.
        """
        self.require_use(principal)
        record, held = self.keep.read(principal)
        challenge = self.ceremonies().challenge_of(response)
        challenge_id = self.challenges.read(challenge, "registration", _binding(principal))
        passkey = self.ceremonies().register(response, challenge, check_display_name(name), self.keep.clock())
        if held.passkey(passkey.id) is not None or len(held.passkeys) >= MAX_PASSKEYS:
            raise Conflict("This passkey is registered already, or there are too many.")
        after = replace(held, passkeys=(*held.passkeys, passkey))
        after, codes = self.with_codes(record.user.id, after)
        self.keep.store(record, after, "passkey_registered", challenge_id)
        return Enrolled(self.raised(principal, passkey_amr(passkey)), codes)


def _binding(principal: Principal) -> str:
    return f"{principal.user_id}.{principal.session_id}"
