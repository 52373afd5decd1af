"""The key that keeps user names of deleted users from being given again, without keeping the names.

The key never changes: the MACs that it made are all that is left of the names (docs/decisions/0024).
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import secrets
from collections.abc import Callable
from functools import cached_property

from doorward import audit
from doorward.errors import Conflict, NotInitialised
from doorward.keys.stores import SecretStore


class FormerNames:
    """Returns what is kept of a user name. The secret is read at first use."""

    def __init__(self, load: Callable[[], str | None]) -> None:
        """Take the function that reads the secret's text."""
        self._load = load

    def __call__(self, folded: str) -> str:
        """Return the MAC of a folded user name, 43 characters of base64url.

        Raises:
            NotInitialised: the deployment has no such key. No other key may take its place.
        """
        made = hmac.digest(self.root, b"former-name\0" + folded.encode("utf-8"), "sha256")
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")

    @cached_property
    def root(self) -> bytes:
        """The key itself, for what else is derived from a key that never changes (`doorward.factors.secrets`).

        Raises:
            NotInitialised: the deployment has no such key.
        """
        text = self._load()
        if not text:
            raise NotInitialised(reason="no key of former names")
        return base64.urlsafe_b64decode(json.loads(text)["key"])


def ensure_name_key(store: SecretStore, secret_id: str) -> None:
    """Make the key of former names, unless there is one. It is never replaced."""
    seen = store.get(secret_id)
    if not seen.text:  # an emulator gives a secret without a value an empty one
        fresh = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
        with contextlib.suppress(Conflict):  # somebody else was first, and that key counts
            store.change(secret_id, json.dumps({"key": fresh}), seen)
            audit.record("name_key_made")
