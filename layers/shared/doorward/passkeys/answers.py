"""What browsers answer in WebAuthn's two ceremonies, read with bounds. Nothing here is proved, and nothing decides.

Whatever is sent, the only error is `InvalidSecondFactor`. Its reasons are words of ours: none repeats what was sent.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from doorward.errors import InvalidSecondFactor
from doorward.model import UserId
from doorward.model.factors import CredentialId

MAX_CHARACTERS = 8192
"""Of a whole answer as JSON. One with the longest credential id and an RSA key has 5,000."""

MAX_ID_BYTES = 1023
"""Of a credential id (WebAuthn Level 3 section 7.1, step 25)."""

TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})
"""The words for how a browser reaches an authenticator; others are not kept."""

_MAX_TRANSPORTS = 16
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_USER_HANDLE = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")  # a ULID


@dataclass(frozen=True, slots=True)
class ClientData:
    """What the browser says of itself, its page and the ceremony (`clientDataJSON`).

    Args:
        type: `webauthn.create` or `webauthn.get`.
        challenge: that it answers, as it was made.
        origin: of the page.
        framed: whether the page is in a frame of another origin, or the browser says something odd about that.
    """

    type: object
    challenge: str
    origin: object
    framed: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to either ceremony.

    Args:
        credential_id: of the passkey.
        client: what the browser says.
        members: of `response`, each as base64url.
        user_id: whose the passkey says that it is; None if it does not say it.
        transports: how the browser may reach the authenticator.
    """

    credential_id: CredentialId
    client: ClientData
    members: Mapping[str, str]
    user_id: UserId | None = None
    transports: tuple[str, ...] = ()

    @property
    def credential(self) -> dict[str, Any]:
        """Return the answer as py_webauthn reads it, without anything that was not looked at here."""
        return {
            "id": self.credential_id,
            "rawId": self.credential_id,
            "type": "public-key",
            "response": dict(self.members),
        }


def registration(answer: object) -> Answer:
    """Return what `navigator.credentials.create` answered (`RegistrationResponseJSON`).

    Raises:
        InvalidSecondFactor: the answer is malformed.
    """
    credential_id, response = _envelope(answer)
    members = {name: _base64url_text(response.get(name)) for name in ("clientDataJSON", "attestationObject")}
    return Answer(credential_id, _client_data(members), members, transports=_transports(response.get("transports")))


def assertion(answer: object) -> Answer:
    """Return what `navigator.credentials.get` answered (`AuthenticationResponseJSON`).

    Raises:
        InvalidSecondFactor: the answer is malformed.
    """
    credential_id, response = _envelope(answer)
    names = ("clientDataJSON", "authenticatorData", "signature")
    members = {name: _base64url_text(response.get(name)) for name in names}
    return Answer(credential_id, _client_data(members), members, user_id=_user_id(response.get("userHandle")))


def either(answer: object) -> Answer:
    """Return an answer of which nobody knows yet which ceremony it is of.

    Raises:
        InvalidSecondFactor: the answer is malformed.
    """
    _, response = _envelope(answer)
    return registration(answer) if "attestationObject" in response else assertion(answer)


def to_bytes(text: str) -> bytes:
    """Return the bytes of base64url without padding, in the one form that they have.

    Raises:
        InvalidSecondFactor: the text is none.
    """
    if not _BASE64URL.fullmatch(text):
        _refuse("malformed_base64url")
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        _refuse("malformed_base64url")
    return found if to_text(found) == text else _refuse("malformed_base64url")


def to_text(content: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _envelope(answer: object) -> tuple[CredentialId, Mapping[str, Any]]:
    """Return what both ceremonies have: the id of the passkey, and `response`."""
    if not isinstance(answer, Mapping):
        _refuse("malformed_answer")
    try:
        size = len(json.dumps(answer))
    except (TypeError, ValueError, RecursionError):
        _refuse("malformed_answer")
    if size > MAX_CHARACTERS:
        _refuse("large_answer")
    response = answer.get("response")
    if answer.get("type") != "public-key" or not isinstance(response, Mapping):
        _refuse("malformed_answer")
    if len(to_bytes(found := _base64url_text(answer.get("id")))) > MAX_ID_BYTES or answer.get("rawId") != found:
        _refuse("malformed_credential_id")
    return CredentialId(found), response


def _base64url_text(value: object) -> str:
    if not isinstance(value, str):
        _refuse("malformed_answer")
    to_bytes(value)
    return value


def _client_data(members: Mapping[str, str]) -> ClientData:
    try:
        # A byte order mark is to be passed over (WebAuthn Level 3 section 7.1, step 5).
        said = json.loads(to_bytes(members["clientDataJSON"]).decode("utf-8-sig"))
    except (ValueError, RecursionError):
        _refuse("malformed_client_data")
    if not isinstance(said, dict) or not isinstance(challenge := said.get("challenge"), str):
        _refuse("malformed_client_data")
    raw = to_bytes(challenge)
    if not raw.isascii():
        _refuse("malformed_challenge")
    framed = said.get("crossOrigin", False) is not False or "topOrigin" in said
    return ClientData(said.get("type"), raw.decode("ascii"), said.get("origin"), framed)


def _user_id(handle: object) -> UserId | None:
    """Return the user whom an authenticator names. Those without discoverable passkeys name none."""
    if handle is None or handle == "":
        return None
    text = to_bytes(_base64url_text(handle)).decode("latin-1")
    return UserId(text) if _USER_HANDLE.fullmatch(text) else _refuse("malformed_user_handle")


def _transports(listed: object) -> tuple[str, ...]:
    if listed is None:
        return ()
    if not isinstance(listed, list) or len(listed) > _MAX_TRANSPORTS:
        _refuse("malformed_transports")
    return tuple(sorted({word for word in listed if isinstance(word, str)} & TRANSPORTS))


def _refuse(reason: str) -> NoReturn:
    raise InvalidSecondFactor(reason=reason)
