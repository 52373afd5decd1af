"""Who must prove a second factor, and what a session proved. Nothing is stored or called here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from doorward.errors import InsufficientAuthentication
from doorward.model import (
    ADMIN,
    PLATFORM,
    PLATFORM_ADMIN,
    Admission,
    FactorKind,
    Method,
    Principal,
    SecondFactor,
    Session,
    Subject,
    User,
)
from doorward.model.authentication import Acr, Authentication
from doorward.rules.requirements import Requirement

RECENT_SECONDS = 600
"""How young a sign-in or a step-up must be for a change of factors (ASVS 5.0, 7.5.1)."""

DANGEROUS_SECONDS = 3600
"""How young it must be for an act that gives power away: roles, service tokens, policies."""

RESET_SECONDS = 86_400
"""How long somebody whose factors an administrator took away has to enrol another one."""

Standing = Literal["met", "pending", "missing", "late"]
"""All is proved; a factor that exists must be proved; a factor must be enrolled; it is too late for that."""

_FIRST: dict[Method, tuple[str, ...]] = {
    "password": ("pwd",),
    "email_code": ("otp",),
    "passkey": ("swk", "user", "mfa"),
}
_KEYS = frozenset({"hwk", "swk"})
_ORDER = ("pwd", "otp", "hwk", "swk", "user", "rba", "mfa")


def first_amr(method: Method) -> tuple[str, ...]:
    """Return the methods of a sign-in that proved nothing besides, in the words of RFC 8176."""
    return _FIRST[method]


def merged_amr(*found: Iterable[str]) -> tuple[str, ...]:
    """Return all methods of several proofs, in one order."""
    together = {name for names in found for name in names}
    if "mfa" in together:
        together -= {"rba"}  # the factor itself was proved
    return tuple(name for name in _ORDER if name in together)


def acr_of(amr: Iterable[str]) -> Acr:
    """Return how sure a sign-in by these methods was.

    A passkey is phishing-resistant, and it verified its user: that alone is two factors (NIST SP 800-63B-4, 2.2).
    """
    found = frozenset(amr)
    if "mfa" not in found:
        return "1fa"
    return "phr" if found & _KEYS else "2fa"


def authentication_of(session: Session) -> Authentication:
    """Return what a session proved. One that was begun before sessions knew it proved its method, at its beginning."""
    amr = session.amr or first_amr(session.method)
    at_ms = session.authenticated_at_ms or session.created_at_ms
    return Authentication(at_ms // 1000, amr, acr_of(amr))


def require_sure(principal: Principal, now_ms: int, max_age: int = DANGEROUS_SECONDS) -> None:
    """Let a caller pass whose sign-in is young, and whose second factor was proved and not only remembered.

    Args:
        principal: the caller.
        now_ms: the time, in milliseconds.
        max_age: how many seconds old the sign-in, or its step-up, may be.

    Raises:
        InsufficientAuthentication: the caller must prove again who they are (RFC 9470).
    """
    proved = principal.authentication
    shortfall = Requirement(max_age_seconds=max_age).unmet_by(proved, now_ms)
    if proved is None or shortfall is not None:
        raise InsufficientAuthentication(max_age=max_age, reason=shortfall)
    if "rba" in proved.amr:
        raise InsufficientAuthentication(max_age=max_age, acr="2fa", reason="acr_too_low")


@dataclass(frozen=True, slots=True)
class FactorRule:
    """What the deployment asks of the platform's administrators, beside what tenants ask of their people.

    Args:
        platform: `required` or `optional`.
    """

    platform: SecondFactor = "required"

    def asked_of(self, admission: Admission, subject: Subject) -> SecondFactor:
        """Return what somebody in a tenant is asked for: `off`, `optional` or `required`."""
        if PLATFORM_ADMIN in subject.roles and self.platform == "required":
            return "required"
        if subject.tenant_id == PLATFORM:
            return "optional"
        asked = admission.policy.second_factor
        if asked == "admins":
            return "required" if {ADMIN, PLATFORM_ADMIN} & set(subject.roles) else "optional"
        return asked

    def standing(self, admission: Admission, subject: Subject, amr: Iterable[str], now_ms: int) -> Standing:
        """Return how somebody stands who proved what `amr` says.

        Args:
            admission: the user, the membership and the policy, as they are now.
            subject: who and where.
            amr: by which methods. `rba` counts where the tenant remembers devices.
            now_ms: the time, in milliseconds.
        """
        asked, proved, user = self.asked_of(admission, subject), frozenset(amr), admission.user
        if asked == "off" or user is None or "mfa" in proved:
            return "met"
        if user.factors:
            return "met" if "rba" in proved and admission.policy.remember_device_days else "pending"
        if asked == "optional":
            return "met"
        return _without_factor(admission, now_ms)

    def takes_factors(self, admission: Admission, subject: Subject) -> bool:
        """Return whether somebody's second factors count for anything in this tenant, passkeys among them."""
        return self.asked_of(admission, subject) != "off"


STRICT = FactorRule()


def _without_factor(admission: Admission, now_ms: int) -> Standing:
    policy, member, user = admission.policy, admission.membership, admission.user
    if user is not None and user.factors_reset_at_ms:
        return "missing" if now_ms < user.factors_reset_at_ms + RESET_SECONDS * 1000 else "late"
    since_ms = max(policy.second_factor_from_ms, member.created_at_ms if member else 0)
    return "met" if now_ms < since_ms + policy.second_factor_grace_days * 86_400_000 else "missing"


def with_factors(user: User, kinds: tuple[FactorKind, ...], now_ms: int) -> User:
    """Return a user with other factors. Devices that were remembered before count no more."""
    reset_at_ms = None if kinds else user.factors_reset_at_ms
    return replace(
        user,
        factors=kinds,
        factors_from_ms=now_ms,
        factors_reset_at_ms=reset_at_ms,
        updated_at_ms=now_ms,
        version=user.version + 1,
    )


def remembered_until_ms(proved_at_ms: int, admission: Admission) -> int:
    """Return until when a device counts in place of the second factor that was proved on it.

    A changed password ends that, and so does a change of the user's factors.
    """
    user, days = admission.user, admission.policy.remember_device_days
    if user is None or proved_at_ms < max(admission.sessions_from, user.factors_from_ms):
        return 0
    return proved_at_ms + days * 86_400_000
