"""What a tenant decides for itself. Who decides nothing gets the deployment's ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SignUp = Literal["closed", "invited", "domain", "open"]
PolicyMethod = Literal["password", "email_code"]
Method = Literal["password", "email_code", "passkey"]
"""By what somebody signed in. A policy's `methods` name no passkeys: these go by `second_factor`."""
SecondFactor = Literal["off", "optional", "admins", "required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPolicy:
    """The part of a tenant's policy that every sign-in and every refresh reads, beside the tenant's status.

    Args:
        methods: by what people may sign in.
        second_factor: who needs a second factor. `optional`: who has one is asked for it. `off`: nobody is.
        second_factor_grace_days: how long people may go on without one, before they must enrol one.
        second_factor_from_ms: since when `second_factor` says what it says.
        remember_device_days: how long a device counts in place of the second factor that was proved on it.
        session_seconds: how long a session lives, if that is less than the deployment's sessions live.
        token_metadata: which of a user's metadata go into access tokens, by name.
    """

    methods: tuple[PolicyMethod, ...] = ("password",)
    second_factor: SecondFactor = "optional"
    second_factor_grace_days: int = 0
    second_factor_from_ms: int = 0
    remember_device_days: int = 0
    session_seconds: int | None = None
    token_metadata: tuple[str, ...] = ()


NO_POLICY = SignInPolicy()
"""What holds where a tenant decided nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branding:
    """What the pages of a tenant look like. What is None is as the deployment has it.

    Args:
        name: what the pages call the tenant.
        accent: the colour of buttons and links on light pages, as `#rrggbb`.
        accent_dark: the same on dark pages.
        support: a line that says where people get help.
    """

    name: str | None = None
    accent: str | None = None
    accent_dark: str | None = None
    support: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPolicy:
    """All that a tenant decides. `doorward.rules.policy` says which values a member takes.

    Args:
        sign_up: who may become a user without being made by an administrator. `domain` means whoever has an address
            of one of the `domains`.
        domains: domains of e-mail addresses, folded.
        sign_in: what every sign-in reads.
        least_password_length: of new passwords, if that is more than the deployment asks for.
        locale: the language of mails to who has none.
        mail_from_name: the name beside the sender's address.
        mail_reply_to: where answers to mails go.
        branding: what its pages look like.
        audit_retention_days: how long its audit trail keeps a record, if not as long as the deployment's.
        version: counts the changes.
    """

    sign_up: SignUp = "closed"
    domains: tuple[str, ...] = ()
    sign_in: SignInPolicy = NO_POLICY
    least_password_length: int | None = None
    locale: str | None = None
    mail_from_name: str | None = None
    mail_reply_to: str | None = None
    branding: Branding | None = None
    audit_retention_days: int | None = None
    version: int = 0
