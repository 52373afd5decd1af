"""What can be asked of the key rotation: by the schedule, or by people through scripts/rotate_keys.py."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from doorward import audit
from doorward.errors import InvalidRequest, NotInitialised
from doorward.keys.life import Key, Policy
from doorward.keys.rotation import RotateMacKeys, RotateSigningKeys
from doorward.keys.signing import PublicKey

_KID = re.compile(r"[A-Za-z0-9_-]{43}|(?:hs|mac)-[0-9a-f]{16}|[0-9a-f]{8}")
"""A thumbprint, a shared secret's or a MAC key's name; a slip of the pen is mostly none of them."""


_OLD_MAC_KID = 8


def execute(signing: RotateSigningKeys, mac: RotateMacKeys, event: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a command, and return the keys as they are then.

    Args:
        signing: the signing keys.
        mac: the MAC keys of refresh tokens.
        event: `{"command": "advance"}` or anything without a command takes the steps that are due; `rotate` rotates
            now, as far as the next keys were announced long enough; `revoke` takes away the key `kid`.

    Returns:
        `{"signing": […], "mac": […]}`, each key with kid, state, and the times of its state in ISO 8601; a deployment
        without keys has two empty lists.

    Raises:
        InvalidRequest: the command is none of these.
        Conflict: others were faster, many times.
    """
    command = event.get("command", "advance")
    try:
        if command == "revoke":
            kid = _checked_kid(event.get("kid"))
            is_mac = kid.startswith("mac-") or len(kid) == _OLD_MAC_KID
            # What is revoked comes first: nothing else may keep it from being so.
            if is_mac:
                mac_keys = mac.revoke(kid)
                signing_keys = signing.advance()
            else:
                signing_keys = signing.revoke(kid)
                mac_keys = mac.advance()
        elif command in {"advance", "rotate"}:
            signing_keys = signing.advance(due=command == "rotate")
            mac_keys = mac.advance(due=command == "rotate")
        else:
            raise InvalidRequest("The command is advance, rotate or revoke.")
    except NotInitialised:
        audit.record("keys_not_initialised")
        return {"signing": [], "mac": []}
    return {"signing": _described(signing_keys, signing.policy), "mac": _described(mac_keys, mac.policy)}


def _checked_kid(kid: object) -> str:
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise InvalidRequest("kid is the id of a key.")
    return kid


def _described(keys: Sequence[Key], policy: Policy) -> list[dict[str, str]]:
    return [
        {
            "kid": key.kid,
            "state": key.state,
            **({"algorithm": key.algorithm} if isinstance(key, PublicKey) else {}),
            "since": _iso(key.since_ms),
            "until": _iso(_until_ms(key, policy)),
        }
        for key in keys
    ]


def _until_ms(key: Key, policy: Policy) -> int:
    """Return when a key can leave its state: sign, be followed by the next, or be forgotten."""
    spans = {
        "pending": policy.announce_ms,
        "active": policy.period_ms,
        "retiring": 2 * policy.cache_ms + key.signs_for_ms,
    }
    return key.since_ms + spans[key.state]


def _iso(time_ms: int) -> str:
    return dt.datetime.fromtimestamp(time_ms // 1000, dt.UTC).isoformat().replace("+00:00", "Z")
