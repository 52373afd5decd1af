"""The commands of the key rotation.

The schedule gives them, or people with scripts/rotate_keys.py.
"""

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

_KID = re.compile(r"[A-Za-z0-9_-]{43}|(?:hs|mac)-[0-9a-f]{16}")
"""A key's id: a thumbprint (RFC 7638), or the id of a shared secret or a MAC key. Most misspellings match no form."""


def execute(signing: RotateSigningKeys, mac: RotateMacKeys, event: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a command, and return the keys after it.

    Args:
        signing: rotates the signing keys.
        mac: rotates the MAC keys of refresh tokens.
        event: has a `command`. `advance`, or no command, takes the steps that are due. `rotate` rotates now, if the
            next keys were announced long enough. `revoke` revokes the key `kid`. `end_everything` ends
            every session and refuses every token that is out.

    Returns:
        `{"signing": […], "mac": […]}`, each key with kid, state, and the times of its state in ISO 8601. Both lists
        are empty if the deployment has no key set yet.

    Raises:
        InvalidRequest: the command is none of these, `kid` is no id of a key, or there is no such MAC key.
        Conflict: other runs changed the keys first, in every try.
    """
    command = event.get("command", "advance")
    try:
        if command == "revoke":
            kid = _checked_kid(event.get("kid"))
            # The revocation comes first, so that a failure of the other step cannot prevent it.
            if kid.startswith("mac-"):
                mac_keys = mac.revoke(kid)
                signing_keys = signing.advance()
            else:
                signing_keys = signing.revoke(kid)
                mac_keys = mac.advance()
        elif command in ("advance", "rotate", "end_everything"):  # no set: a command may be anything
            if command == "end_everything":
                signing.end_everything()
            signing_keys = signing.advance(due=command == "rotate")
            mac_keys = mac.advance(due=command == "rotate")
        else:
            raise InvalidRequest("The command is advance, rotate, revoke or end_everything.")
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
    """Return when a key may leave its state, in milliseconds: when it may sign, retire or be removed."""
    spans = {
        "pending": policy.announce_ms,
        "active": policy.period_ms,
        "retiring": 2 * policy.cache_ms + key.signs_for_ms,
    }
    return key.since_ms + spans[key.state]


def _iso(time_ms: int) -> str:
    return dt.datetime.fromtimestamp(time_ms // 1000, dt.UTC).isoformat().replace("+00:00", "Z")
