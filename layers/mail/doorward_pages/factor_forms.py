"""The forms of second factors and passkeys.

The use cases say what is wrong with a code. What a browser made of a passkey comes as JSON in a field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from doorward.api.bodies.flat import FlatRequest, optional
from doorward.errors import InvalidSecondFactor
from doorward.factors.prove import PresentedFactor
from doorward.model import FactorKind
from doorward.passkeys.answers import MAX_CHARACTERS
from doorward_pages.sign_in_forms import NameForm

_LONGEST_CODE = 64
_KINDS: tuple[str, ...] = get_args(FactorKind)


def read_passkey(text: str | None) -> Mapping[str, Any]:
    """Return what a browser made of a passkey.

    Args:
        text: the field: JSON, as `PublicKeyCredential.toJSON` makes it.

    Raises:
        InvalidSecondFactor: it is no object, or longer than any browser's.
    """
    if not text or len(text) > MAX_CHARACTERS:
        raise InvalidSecondFactor(reason="malformed_passkey")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSecondFactor(reason="malformed_passkey") from error
    if not isinstance(found, dict):
        raise InvalidSecondFactor(reason="malformed_passkey")
    return found


def presented(totp: str | None, recovery_code: str | None, passkey: str | None) -> PresentedFactor:
    """Return the factor that a form presents.

    Raises:
        InvalidSecondFactor: the form presents none, or several, or something that no browser and nobody made.
    """
    given = [text for text in (totp, recovery_code, passkey) if text]
    if len(given) != 1 or len((totp or "") + (recovery_code or "")) > _LONGEST_CODE:
        raise InvalidSecondFactor(reason="malformed_form")
    return PresentedFactor(totp=totp, recovery_code=recovery_code, passkey=read_passkey(passkey) if passkey else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorForm(NameForm):
    """POST /sign-in/second-factor, also below /t/{tenantId}: one of the factors."""

    challenge_id: str | None = optional("of the sign-in that waits", most=None)
    ways: str | None = optional("the kinds of factors that the user has, with spaces between them", most=None)
    totp: str | None = optional("the code of an authenticator app", most=None)
    recovery_code: str | None = optional(most=None)
    passkey: str | None = optional("what the browser made, as JSON", most=None)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of factors to offer: those that the user has, or all if the form does not say it."""
        said = set((self.ways or "").split())
        return tuple(kind for kind in _KINDS if kind in said) or _KINDS

    @property
    def tried(self) -> str:
        """The field that was filled in; empty for none."""
        fields = {"totp": self.totp, "recovery_code": self.recovery_code, "passkey": self.passkey}
        return next((name for name, text in fields.items() if text), "")

    def presented(self) -> PresentedFactor:
        """Return the factor: see `presented`."""
        return presented(self.totp, self.recovery_code, self.passkey)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyForm(NameForm):
    """POST /sign-in/passkey, also below /t/{tenantId}."""

    passkey: str | None = optional("what the browser made, as JSON", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpForm(FlatRequest):
    """POST /account/step-up: one of the factors; `password` of who has none."""

    return_to: str | None = optional("the page that asked for it", most=None)
    totp: str | None = optional("the code of an authenticator app", most=None)
    recovery_code: str | None = optional(most=None)
    passkey: str | None = optional("what the browser made, as JSON", most=None)
    password: str | None = optional(most=None)

    @property
    def tried(self) -> str:
        """The field that was filled in; empty for none."""
        fields = ("totp", "recovery_code", "passkey", "password")
        return next((name for name in fields if getattr(self, name)), "")

    def presented(self) -> PresentedFactor:
        """Return the factor, which is none where the password is presented: see `presented`."""
        if self.password and self.tried == "password":
            return PresentedFactor()
        return presented(self.totp, self.recovery_code, self.passkey)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppForm(FlatRequest):
    """POST /account/factors/app: without a code it asks for a secret."""

    code: str | None = optional("the first one of the app", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskeyForm(FlatRequest):
    """POST /account/factors/passkey."""

    name: str | None = optional("as the user calls the passkey", most=None)
    passkey: str | None = optional("what the browser made, as JSON", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFactorForm(FlatRequest):
    """POST /account/factors/{factorId}: another name, or the end of it."""

    act: str | None = optional("`rename` or `remove`", most=None)
    name: str | None = optional("of a passkey", most=None)
