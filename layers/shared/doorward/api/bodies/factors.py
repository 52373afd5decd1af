"""The bodies of requests and answers that prove and manage second factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from doorward.api.bodies.flat import FlatRequest, FlatResponse, needed, needed_object, optional, optional_object
from doorward.api.bodies.sign_in import client_id, refresh
from doorward.api.bodies.times import iso_time
from doorward.factors.enrol import Enrolled, NewTotp
from doorward.factors.prove import PresentedFactor
from doorward.model import TokenPair
from doorward.model.factors import Factors, Passkey
from doorward.rules.names import check_tenant_id

_LONGEST_CODE = 64
_LONGEST_PASSWORD = 1024
_ASSERTION = "what `navigator.credentials.get` gave, as `toJSON` writes it"
_DEVICE = "of an earlier sign-in of the user on this device; strangers cannot lock it out"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Factor(FlatRequest):
    totp: str | None = optional("six digits of an authenticator app", most=_LONGEST_CODE)
    recovery_code: str | None = optional("one of the user's recovery codes", most=_LONGEST_CODE)
    passkey: Mapping[str, Any] | None = optional_object(_ASSERTION)

    def presented(self) -> PresentedFactor:
        """Return what somebody presents."""
        return PresentedFactor(totp=self.totp, recovery_code=self.recovery_code, passkey=self.passkey)

    def _count(self, *more: object) -> int:
        return sum(member is not None for member in (self.totp, self.recovery_code, self.passkey, *more))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorRequest(_Factor):
    """POST /auth/second-factor, also below /api/{tenantId}: one of `totp`, `recovery_code` and `passkey`."""

    challenge_id: str = needed()
    client_id: str | None = client_id()
    device_token: str | None = optional(_DEVICE)
    refresh: str | None = refresh()

    def require_sense(self) -> None:
        """Make sure that there is one factor.

        Raises:
            ValueError: there is none, or there are several.
        """
        if self._count() != 1:
            raise ValueError("send one of totp, recovery_code and passkey")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPasskeyRequest(FlatRequest):
    """POST /api/{tenantId}/auth/passkey."""

    passkey: Mapping[str, Any] = needed_object(_ASSERTION)
    client_id: str | None = client_id()
    device_token: str | None = optional(_DEVICE)
    refresh: str | None = refresh()


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRequest(TenantPasskeyRequest):
    """POST /auth/passkey."""

    tenant_id: str | None = optional("the home tenant if absent", check_tenant_id, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpRequest(_Factor):
    """POST /auth/step-up: one of the factors; `password` for who has no factor."""

    password: str | None = optional("of a user without a second factor", most=_LONGEST_PASSWORD)
    device_token: str | None = optional(_DEVICE)
    refresh: str | None = refresh()

    def require_sense(self) -> None:
        """Make sure that one thing is proved.

        Raises:
            ValueError: there is nothing, or there is more.
        """
        if self._count(self.password) != 1:
            raise ValueError("send one of totp, recovery_code, passkey and password")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmTotpRequest(FlatRequest):
    """POST /users/{id}/factors/totp/confirm."""

    code: str = needed(_LONGEST_CODE)
    refresh: str | None = refresh()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskeyRequest(FlatRequest):
    """POST /users/{id}/factors/passkeys."""

    passkey: Mapping[str, Any] = needed_object("what `navigator.credentials.create` gave, as `toJSON` writes it")
    name: str = needed()
    refresh: str | None = refresh()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameFactorRequest(FlatRequest):
    """PATCH /users/{id}/factors/{factorId}: the new name of a passkey."""

    name: str = needed()


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorResponse(FlatResponse):
    """A second factor. Passkeys alone have a name; `codes_left` counts the recovery codes that still work."""

    id: str
    kind: Literal["totp", "passkey", "recovery_codes"]
    name: str | None = None
    created_at: str
    last_used_at: str | None = None
    backed_up: bool | None = None
    codes_left: int | None = None

    @classmethod
    def of_passkey(cls, passkey: Passkey) -> Self:
        """Return the body for a passkey."""
        return cls(
            id=passkey.id,
            kind="passkey",
            name=passkey.name,
            created_at=iso_time(passkey.created_at_ms),
            last_used_at=_time(passkey.last_used_at_ms),
            backed_up=passkey.backed_up,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorListResponse(FlatResponse):
    """The second factors of the caller."""

    items: list[FactorResponse]

    @classmethod
    def of(cls, held: Factors) -> Self:
        """Return the body for all factors of a user."""
        items = [FactorResponse.of_passkey(passkey) for passkey in held.passkeys]
        if held.totp is not None:
            made, used = iso_time(held.totp.created_at_ms), _time(held.totp.last_used_at_ms)
            items.append(FactorResponse(id="totp", kind="totp", created_at=made, last_used_at=used))
        if held.recovery is not None:
            made, left = iso_time(held.recovery.created_at_ms), len(held.recovery.macs)
            items.append(FactorResponse(id="recovery_codes", kind="recovery_codes", created_at=made, codes_left=left))
        return cls(items=items)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTotpResponse(FlatResponse):
    """The secret for an authenticator app, shown only now; `uri` is what a QR code holds."""

    id: Literal["totp"] = "totp"
    secret: str
    uri: str

    @classmethod
    def of(cls, new: NewTotp) -> Self:
        """Return the body for a new secret."""
        return cls(secret=new.secret, uri=new.uri)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesResponse(FlatResponse):
    """Ten recovery codes, shown only now."""

    recovery_codes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyOptionsResponse(FlatResponse):
    """What the browser needs: `parseRequestOptionsFromJSON` or `parseCreationOptionsFromJSON` reads `options`."""

    options: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedResponse(FlatResponse):
    """The session after something was proved in it: its tokens from before are as they were, or are spent.

    There is no `refresh_token` for a session whose cookie renews. `recovery_codes` come with the first factor alone.
    """

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750
    expires_in: int
    refresh_token: str | None = None
    refresh_expires_in: int
    session_id: str
    recovery_codes: list[str] | None = None

    @classmethod
    def of_enrolled(cls, enrolled: Enrolled, *, with_refresh_token: bool) -> Self:
        """Return the body for a session in which a factor was enrolled."""
        tokens = _tokens(enrolled.raised.tokens, with_refresh_token=with_refresh_token)
        return cls(**tokens, recovery_codes=list(enrolled.recovery_codes) or None)

    @classmethod
    def of_raised(cls, tokens: TokenPair, *, with_refresh_token: bool) -> Self:
        """Return the body for a session that was raised."""
        return cls(**_tokens(tokens, with_refresh_token=with_refresh_token))


def _tokens(tokens: TokenPair, *, with_refresh_token: bool) -> dict[str, Any]:
    return {
        "access_token": tokens.access_token,
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh_token if with_refresh_token else None,
        "refresh_expires_in": tokens.refresh_expires_in,
        "session_id": tokens.session_id,
    }


def _time(time_ms: int | None) -> str | None:
    return None if time_ms is None else iso_time(time_ms)
