"""The forms of who is signed in.

The use cases say what is wrong with a text, so that the form can be shown again.
"""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.bodies.flat import FlatRequest, optional
from doorward.model.changes import UserChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonForm(FlatRequest):
    """A form of a button alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileForm(FlatRequest):
    """POST /account. What is left empty is removed."""

    display_name: str | None = optional(most=None)
    locale: str | None = optional(most=None)

    def changes(self) -> UserChanges:
        """Return what to change."""
        return UserChanges({"display_name": self.display_name, "locale": self.locale})


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordForm(FlatRequest):
    """POST /account/password."""

    current_password: str | None = optional(most=None)
    password: str | None = optional("the new one", most=None)

    def changes(self) -> UserChanges:
        """Return what to change. An empty password is a wrong one."""
        return UserChanges({"password": self.password or ""}, self.current_password or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionForm(FlatRequest):
    """POST /account/sessions: one session, or all but this one."""

    session_id: str | None = optional("of the session to end; all others if absent", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailForm(FlatRequest):
    """POST /account/email."""

    email: str | None = optional("the new address", most=None)
    current_password: str | None = optional(most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveForm(FlatRequest):
    """POST /account/leave."""

    current_password: str | None = optional(most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutForm(FlatRequest):
    """POST /account/sign-out."""

    everywhere: str | None = optional("`true` ends all sessions", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationForm(FlatRequest):
    """POST /account/invitation."""

    token: str | None = optional("of the link", most=None)
