"""What the use cases need of WebAuthn; `doorward.passkeys.webauthn` does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from doorward.model import User, UserId
from doorward.model.factors import CredentialId, Passkey


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an answer to a challenge says of itself. Nothing of it is proved yet.

    Args:
        challenge: the challenge that it answers, as it was made (`doorward.tokens.challenges`).
        credential_id: of the passkey.
        user_id: whose the passkey says that it is (`userHandle`); None if it does not say it.
    """

    challenge: str
    credential_id: CredentialId
    user_id: UserId | None


class Ceremonies(Protocol):
    """Makes the options of both ceremonies, and verifies what comes back (WebAuthn Level 3, sections 7.1 and 7.2)."""

    def registration_options(self, user: User, challenge: str, held: Sequence[Passkey]) -> Mapping[str, Any]:
        """Return what `navigator.credentials.create` takes, as `parseCreationOptionsFromJSON` reads it.

        Args:
            user: whose passkey.
            challenge: that is to be answered; its ASCII bytes are WebAuthn's challenge.
            held: the passkeys that the user has. No authenticator makes a second one.
        """

    def challenge_of(self, response: Mapping[str, Any]) -> str:
        """Return the challenge that an answer says it answers.

        Raises:
            InvalidSecondFactor: the answer is malformed.
        """

    def register(self, response: Mapping[str, Any], challenge: str, name: str, now_ms: int) -> Passkey:
        """Return the new passkey of an answer that is right.

        Raises:
            InvalidSecondFactor: it is not: another challenge, origin or domain, no verified user, another algorithm.
        """

    def sign_in_options(self, challenge: str, allowed: Sequence[Passkey]) -> Mapping[str, Any]:
        """Return what `navigator.credentials.get` takes, as `parseRequestOptionsFromJSON` reads it.

        Args:
            challenge: that is to be answered.
            allowed: the passkeys that may answer; none for any passkey of this domain.
        """

    def read(self, response: Mapping[str, Any]) -> Assertion:
        """Return what an answer says of itself.

        Raises:
            InvalidSecondFactor: the answer is malformed.
        """

    def verify(self, response: Mapping[str, Any], challenge: str, passkey: Passkey, now_ms: int) -> Passkey:
        """Return a passkey as it is after it answered.

        Raises:
            InvalidSecondFactor: the answer is not right: another challenge, origin or domain, no verified user, a bad
                signature, or a counter that did not rise, as that of a copy does.
        """
