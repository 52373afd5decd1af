"""The bodies of requests that ask for a mail, and of those that use what it brought."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.bodies.flat import FlatRequest, FlatResponse, needed, optional
from doorward.api.bodies.sign_in import no_service, refresh
from doorward.proofs.check import Presented
from doorward.rules.names import check_locale, check_tenant_id

_LONGEST_PASSWORD = 1024
_LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3
_LANGUAGE = "the language of the mail, such as `de-CH`"


def _tenant_id() -> str | None:
    found: str | None = optional("the deployment's default tenant if absent", check_tenant_id, None)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSignUpRequest(FlatRequest):
    """POST /api/{tenantId}/auth/sign-up."""

    email: str = needed(_LONGEST_ADDRESS)
    display_name: str | None = optional()
    locale: str | None = optional(_LANGUAGE, check_locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpRequest(TenantSignUpRequest):
    """POST /auth/sign-up."""

    tenant_id: str | None = _tenant_id()


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantNameRequest(FlatRequest):
    """POST /api/{tenantId}/auth/password-reset."""

    email: str | None = optional("this or `username`", most=_LONGEST_ADDRESS)
    username: str | None = optional()
    locale: str | None = optional(_LANGUAGE, check_locale)

    def require_sense(self) -> None:
        """Make sure that one name says whom it is about.

        Raises:
            ValueError: there is none, or there are two.
        """
        if (self.email is None) == (self.username is None):
            raise ValueError("send either username or email")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRequest(TenantNameRequest):
    """POST /auth/password-reset."""

    tenant_id: str | None = _tenant_id()


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantEmailRequest(FlatRequest):
    """POST /api/{tenantId}/auth/email-code, and POST /auth/find-tenants."""

    email: str = needed(_LONGEST_ADDRESS)
    locale: str | None = optional(_LANGUAGE, check_locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailRequest(TenantEmailRequest):
    """POST /auth/email-code."""

    tenant_id: str | None = _tenant_id()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRequest(FlatRequest):
    """POST /auth/verify-email."""

    locale: str | None = optional(_LANGUAGE, check_locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeRequest(FlatRequest):
    """POST /users/me/email."""

    email: str = needed(_LONGEST_ADDRESS)
    current_password: str = needed(_LONGEST_PASSWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserResetRequest(FlatRequest):
    """POST /users/{id}/password-reset."""

    deliver: str | None = optional("`mail`, or `link`: the answer has the token; `mail` if absent, where mail is on")

    def require_sense(self) -> None:
        """Make sure that there is such a way.

        Raises:
            ValueError: there is none.
        """
        if self.deliver not in {None, "mail", "link"}:
            raise ValueError("deliver is mail or link")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRequest(FlatRequest):
    """POST /auth/verify-email/confirm, and others that take what a mail brought and nothing else."""

    token: str | None = optional("of the link; or `challenge_id` and `code`")
    challenge_id: str | None = optional("of the answer to whoever asked for the mail")
    code: str | None = optional("of the mail", most=16)

    def require_sense(self) -> None:
        """Make sure that there is something that can prove anything.

        Raises:
            ValueError: there is not.
        """
        by_code = self.challenge_id is not None and self.code is not None
        if (self.token is not None) == by_code or (self.code is not None) > by_code:
            raise ValueError("send either token, or challenge_id and code")

    def presented(self, tenant_id: str | None = None) -> Presented:
        """Return what the request presents, to the tenant of its path if it names one."""
        return Presented(self.token, self.challenge_id, self.code, tenant_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest(FlatRequest):
    """POST /auth/email-change/undo."""

    token: str = needed()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasswordRequest(ProofRequest):
    """POST /auth/password-reset/confirm."""

    password: str = needed(_LONGEST_PASSWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpConfirmRequest(NewPasswordRequest):
    """POST /auth/sign-up/confirm."""

    username: str | None = optional("within the tenant: `@` and the tenant's id are added; the id if absent")
    client_id: str | None = optional("who asks", no_service)
    device_token: str | None = optional("of an earlier sign-in on this device")
    refresh: str | None = refresh()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSignInRequest(ProofRequest):
    """POST /auth/email-code/confirm: the challenge id, and the code or the token."""

    client_id: str | None = optional("who asks", no_service)
    device_token: str | None = optional("of an earlier sign-in on this device")
    refresh: str | None = refresh()

    def require_sense(self) -> None:
        """Make sure that the challenge id is there, and one proof beside it.

        Raises:
            ValueError: it is not.
        """
        if self.challenge_id is None or (self.token is None) == (self.code is None):
            raise ValueError("send challenge_id, and either code or token")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeResponse(FlatResponse):
    """The same answer for every address: a mail is on its way if there is reason for one."""

    challenge_id: str
    code_expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetLinkResponse(FlatResponse):
    """How the link reaches the user: by mail, or by the administrator, who gets its token."""

    deliver: str
    token: str | None = None
    expires_in: int
