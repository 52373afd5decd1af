"""The forms of who is not signed in.

The use cases say what is wrong with a text, so that the form can be shown again.
"""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.bodies.flat import FlatRequest, optional
from doorward.errors import InvalidRequest
from doorward.model import TenantId
from doorward.rules.names import check_tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NameForm(FlatRequest):
    """Who somebody says to be: a user name or an e-mail address, in an organisation."""

    name: str | None = optional("a user name or an e-mail address", most=None)
    organisation: str | None = optional("the tenant's id, where the page is not the tenant's own", most=None)
    return_to: str | None = optional("where the sign-in leads back to", most=None)

    @property
    def email(self) -> str | None:
        """The name, if it is an e-mail address: behind the `@` of a user name is a tenant's id, which has no dot."""
        name = (self.name or "").strip()
        return name if "." in name.rpartition("@")[2] and "@" in name else None

    @property
    def username(self) -> str | None:
        """The name, if it is a user name."""
        return None if self.email else (self.name or "").strip()

    def tenant_id(self, page: TenantId | None) -> TenantId | None:
        """Return the tenant that the page or the form names.

        Raises:
            InvalidRequest: what the form names is no tenant's id.
        """
        text = (self.organisation or "").strip().lower()
        return page or (check_tenant_id(text) if text else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInForm(NameForm):
    """POST /sign-in."""

    password: str | None = optional(most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeForm(NameForm):
    """POST /sign-in/code, first with an address, and then with the code."""

    challenge_id: str | None = optional("of the code that was asked for", most=None)
    code: str | None = optional("of the mail", most=None)

    @property
    def digits(self) -> str:
        """The code without the spaces and dashes that people copy along."""
        return "".join(sign for sign in self.code or "" if sign.isalnum())[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpForm(FlatRequest):
    """POST /t/{tenantId}/sign-up."""

    email: str | None = optional(most=None)
    display_name: str | None = optional(most=None)

    def given(self) -> str:
        """Return the address.

        Raises:
            InvalidRequest: there is none.
        """
        if not self.email:
            raise InvalidRequest("Say your e-mail address.")
        return self.email


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieWishes:
    """What a page wishes of the session that it begins: the cookie alone renews."""

    client_id: str | None = "doorward-pages"
    device_token: str | None = None
    refresh: str | None = "cookie"
