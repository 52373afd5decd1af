"""Known devices: a signed memory, kept by a client, that one user signed in there.

A device token lets nobody in. It only says that this client is none of the strangers who fill counters, and that the
account may take a password from it after many failures (NIST SP 800-63B-4 section 3.2.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from doorward.keys.mac import MacKeyring
from doorward.model import UserId
from doorward.tokens.ids import mint_ulid
from doorward.tokens.macs import mac, proving_key

DEVICE_COOKIE_NAME = "__Host-doorward-device"
DEVICE_COOKIE_SECONDS = 31_536_000

_ULID = "[0-9A-HJKMNP-TV-Z]{26}"
_DEVICE = re.compile(rf"(dwd1\.({_ULID})\.({_ULID})(?:\.([1-9][0-9]{{0,14}}))?)\.([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class Device:
    """A device on which a user signed in.

    `proved_at_ms` is when the user proved a second factor on it; None for never.
    """

    user_id: UserId
    id: str
    proved_at_ms: int | None = None


class Devices:
    """Mints and reads device tokens."""

    def __init__(self, keyring: MacKeyring) -> None:
        """Take the keys whose MAC proves device tokens."""
        self._keyring = keyring

    def mint(self, user_id: UserId, known: Device | None = None, proved_at_ms: int | None = None) -> str:
        """Return a device token, of the device that is known already or of a new one.

        Args:
            user_id: who signed in on it.
            known: the device that the client proved; it keeps when a second factor was proved on it.
            proved_at_ms: when a second factor was proved on it now.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        proved = proved_at_ms or (known.proved_at_ms if known else None)
        body = f"dwd1.{user_id}.{known.id if known else mint_ulid()}" + (f".{proved}" if proved else "")
        return f"{body}.{mac(self._keyring.keys()[0], body)}"

    def read(self, text: str | None) -> Device | None:
        """Return the device that a text proves, or None for any other text.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        match = _DEVICE.fullmatch(text or "")
        if match is None or proving_key(self._keyring.keys(), match[1], match[5]) is None:
            return None
        return Device(UserId(match[2]), match[3], int(match[4]) if match[4] else None)
