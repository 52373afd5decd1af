"""Factors: by what people prove who they are, beside a password or in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from doorward.model.identities import FactorKind, UserId

CredentialId = NewType("CredentialId", str)


@dataclass(frozen=True, slots=True)
class Totp:
    """What is kept of an authenticator app (RFC 6238).

    Args:
        sealed_secret: the secret, sealed for its user.
        created_at_ms: when the secret was made.
        last_step: the time step of the last code that was used. No code of that step or an earlier one works again.
        last_used_at_ms: when that was.
    """

    sealed_secret: str
    created_at_ms: int
    last_step: int = 0
    last_used_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """What is kept of the recovery codes that are left: the MAC of each."""

    macs: tuple[str, ...]
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """What is kept of a passkey: nothing of it is secret (WebAuthn Level 3 section 4, "credential record").

    Args:
        id: the credential id, as base64url.
        rp_id: the domain that it works on.
        public_key: as base64url of its COSE form.
        sign_count: the authenticator's counter when it was used last; 0 for one that does not count.
        transports: how the browser may reach the authenticator.
        aaguid: the kind of authenticator.
        name: as the user calls it.
        backed_up: whether it is kept on several devices.
        created_at_ms: when it was registered.
        last_used_at_ms: when it was used last.
    """

    id: CredentialId
    rp_id: str
    public_key: str
    sign_count: int
    name: str
    backed_up: bool
    created_at_ms: int
    transports: tuple[str, ...] = ()
    aaguid: str = ""
    last_used_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Factors:
    """All factors of a user, the passkeys in the order of their making; `version` counts the changes.

    `pending_totp` becomes `totp` when a code proves that the user's app has its secret.
    """

    totp: Totp | None = None
    pending_totp: Totp | None = None
    recovery: RecoveryCodes | None = None
    passkeys: tuple[Passkey, ...] = ()
    version: int = 0

    @property
    def kinds(self) -> tuple[FactorKind, ...]:
        """Return the kinds that can be asked for. Recovery codes alone are no factor."""
        found: list[FactorKind] = []
        if self.passkeys:
            found.append("passkey")
        if self.totp is not None:
            found.append("totp")
        if found and self.recovery is not None and self.recovery.macs:
            found.append("recovery_code")
        return tuple(found)

    def passkey(self, credential_id: str) -> Passkey | None:
        """Return the passkey with a credential id, or None."""
        return next((passkey for passkey in self.passkeys if passkey.id == credential_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorChange:
    """A change of a user's factors: also every use of one, because a factor is used once.

    What is written with it happens only if the factors still were as they were read.

    Args:
        user_id: whose factors.
        after: the factors after it, with the next version.
        at_ms: when.
        challenge_id: of the challenge that a passkey answered. It is remembered, so that it works once.
    """

    user_id: UserId
    after: Factors
    at_ms: int
    challenge_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProvenFactor:
    """A factor that was proved: by which methods, in the words of RFC 8176, and what its use changes."""

    amr: tuple[str, ...]
    change: FactorChange
