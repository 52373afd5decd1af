"""Secrets of webhooks: made, sealed and opened; and the signatures that they make."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from doorward.errors import Misconfigured
from doorward.model.webhooks import Webhook, WebhookId

_NONCE_BYTES = 12
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """Makes secrets, and seals them, so that a dump of the table signs nothing.

    Args:
        root: returns the deployment's key that never changes (docs/decisions/0024), from which one is derived for
            this alone (RFC 5869).
    """

    root: Callable[[], bytes]

    def mint(self) -> str:
        """Return a new secret, as receivers configure it (Standard Webhooks 1.0, "Signature scheme")."""
        return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")

    def seal(self, webhook_id: WebhookId, secret: str) -> str:
        """Return a secret that only this deployment opens, and only for this webhook."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(_derived(self.root())).encrypt(nonce, secret.encode("ascii"), webhook_id.encode("ascii"))
        return base64.urlsafe_b64encode(nonce + sealed).decode("ascii")

    def open(self, webhook_id: WebhookId, sealed: str) -> str:
        """Return the secret that was sealed for a webhook.

        Raises:
            Misconfigured: another key sealed it, or for another webhook.
        """
        raw = base64.urlsafe_b64decode(sealed)
        try:
            key = AESGCM(_derived(self.root()))
            return key.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], webhook_id.encode("ascii")).decode("ascii")
        except InvalidTag as error:
            raise Misconfigured(reason="a webhook's sealed secret does not open") from error

    def signing(self, webhook: Webhook, now_ms: int) -> list[str]:
        """Return the secrets that sign now: the webhook's, and the one before while it lasts."""
        sealed = [webhook.secret]
        if webhook.former_secret is not None and now_ms < webhook.former_until_ms:
            sealed.append(webhook.former_secret)
        return [self.open(webhook.id, each) for each in sealed]


def signature(keys: Iterable[str], message_id: str, seconds: int, payload: str) -> str:
    """Return the header `webhook-signature`: one signature for each secret.

    Args:
        keys: the secrets.
        message_id: the header `webhook-id`.
        seconds: the header `webhook-timestamp`.
        payload: what is sent.
    """
    # Only what sends, or tries, a webhook pays for the import.
    from standardwebhooks import Webhook as Signer  # noqa: PLC0415

    at = datetime.fromtimestamp(seconds, UTC)
    return " ".join(Signer(key).sign(message_id, at, payload) for key in keys)


@cache
def _derived(root: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"doorward webhooks").derive(root)
