"""The forms of what a tenant decides: how people sign in and sign up, and what its pages look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, get_args

from doorward.api.bodies.flat import optional
from doorward.errors import Conflict, InvalidRequest
from doorward.model import Branding, Method, SecondFactor, SignUp, TenantPolicy
from doorward.rules.policy import value_of
from doorward_pages.admin_forms import ActForm, unknown_act, whole_number
from doorward_pages.administration import words


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyForm(ActForm):
    """POST /admin/t/{tenantId}/policy.

    An empty field gives the default back.
    """

    version: str | None = optional("of the policy that the page showed", most=None)
    sign_up: str | None = optional(most=None)
    domains: str | None = optional("with spaces, commas or lines between them", most=None)
    password: str | None = optional("present if people sign in with a password", most=None)
    email_code: str | None = optional("present if people sign in with a code by mail", most=None)
    second_factor: str | None = optional(most=None)
    second_factor_grace_days: str | None = optional(most=None)
    remember_device_days: str | None = optional(most=None)
    least_password_length: str | None = optional(most=None)
    session_seconds: str | None = optional(most=None)
    audit_retention_days: str | None = optional(most=None)
    locale: str | None = optional(most=None)
    mail_from_name: str | None = optional(most=None)
    mail_reply_to: str | None = optional(most=None)
    name: str | None = optional("of the branding", most=None)
    accent: str | None = optional(most=None)
    accent_dark: str | None = optional(most=None)
    support: str | None = optional(most=None)

    @classmethod
    def of(cls, policy: TenantPolicy) -> PolicyForm:
        """Return the form as it shows a policy."""
        return cls(
            version=str(policy.version),
            sign_up=policy.sign_up,
            domains="\n".join(policy.domains),
            second_factor=policy.sign_in.second_factor,
            password="on" if "password" in policy.sign_in.methods else None,
            email_code="on" if "email_code" in policy.sign_in.methods else None,
            **{name: str(value_of(policy, name) or "") for name in (*_NUMBERS, *_TEXTS)},
            **asdict(policy.branding or Branding()),
        )

    def over(self, policy: TenantPolicy) -> PolicyForm:
        """Return the form to be shown again: what was typed in one half of the page, and the policy in the other."""
        look = {field.name for field in fields(Branding)}
        half = look if self.act == "branding" else {field.name for field in fields(self)} - look - {"act"}
        return replace(self.of(policy), **{name: getattr(self, name) for name in half}, act=self.act)

    def changes(self, before: TenantPolicy) -> dict[str, Any]:
        """Return what the form changes of the policy that the page showed.

        Raises:
            Conflict: somebody changed the policy since then.
            InvalidRequest: a text is none that its field takes, or there is no such button.
        """
        if self.version != str(before.version):
            raise Conflict("Somebody changed this since the page was shown. Look at what it is now.")
        if self.act == "branding":
            return {"branding": {field.name: getattr(self, field.name) for field in fields(Branding)}}
        if self.act != "policy":
            raise unknown_act()
        wanted = self._policy()
        return {name: value for name, value in wanted.items() if _meant(name, value) != value_of(before, name)}

    def _policy(self) -> Mapping[str, Any]:
        methods: dict[Method, str | None] = {"password": self.password, "email_code": self.email_code}
        return {
            "sign_up": _one_of("sign_up", self.sign_up, SignUp),
            **self._second_factor(),
            "domains": words(self.domains),
            "methods": tuple(name for name, sent in methods.items() if sent),
            **{name: whole_number(name, getattr(self, name)) for name in _NUMBERS},
            **{name: (getattr(self, name) or "").strip() or None for name in _TEXTS},
        }

    def _second_factor(self) -> Mapping[str, str]:
        # A page from before this field was there says nothing of it, and must not switch it off.
        if self.second_factor is None:
            return {}
        return {"second_factor": _one_of("second_factor", self.second_factor, SecondFactor)}


def _meant(name: str, value: object) -> object:
    """Return what a member of a policy will be, if an empty field gives the default back."""
    return value_of(TenantPolicy(), name) if value is None else value


def _one_of(name: str, text: str | None, ways: object) -> str:
    """Return what somebody chose of the ways that there are.

    Raises:
        InvalidRequest: it is none of them.
    """
    if text is None or text not in get_args(ways):
        raise InvalidRequest(f"{name} is none of the ways that there are.")
    return text


_NUMBERS = (
    "second_factor_grace_days",
    "remember_device_days",
    "least_password_length",
    "session_seconds",
    "audit_retention_days",
)
_TEXTS = ("locale", "mail_from_name", "mail_reply_to")
