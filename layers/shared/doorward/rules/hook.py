"""What a deployment's own function is asked before a token is minted, and which of its answers count."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from doorward.model import PLATFORM, Extras, Subject, User

MAX_ANSWER_BYTES = 2048
MAX_CLAIMS_BYTES = 1024
"""Of the claim `ext`, so that an access token stays below 4 KB."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What the function says: claims for the token, or with which code it denies the token."""

    claims: Extras = field(default_factory=dict)
    deny: str | None = None


def hook_question(user: User, subject: Subject) -> dict[str, Any]:
    """Return what the function is told; nothing of it is a secret.

    Args:
        user: who gets the token.
        subject: as whom, where, and with which session.
    """
    return {
        "event": "token",
        "user": {
            "id": user.id,
            "username": user.username,
            "email": user.email,
            "email_verified": user.email_verified_at_ms is not None,
            "display_name": user.display_name,
            "locale": user.locale,
            "platform_admin": user.platform_admin,
            "home_tenant_id": None if user.home_tenant_id == PLATFORM else user.home_tenant_id,
        },
        "tenant_id": None if subject.tenant_id == PLATFORM else subject.tenant_id,
        "session_id": subject.session_id,
        "roles": list(subject.roles),
        "metadata": dict(user.metadata or {}),
    }


def read_hook_answer(content: bytes) -> HookAnswer:
    """Return the answer in a function's JSON: an object with either `claims` or `deny`, and nothing else.

    An answer that says something else is none: a word that is spelled wrongly must let nobody in.

    Raises:
        ValueError: it is none.
    """
    if len(content) > MAX_ANSWER_BYTES:
        raise ValueError("too long")
    try:
        said = json.loads(content, object_pairs_hook=_distinct, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    match said:
        case {"claims": dict(claims), **rest} if not rest:
            return HookAnswer(claims=_checked(claims))
        case {"deny": str(code), **rest} if not rest and _CODE.fullmatch(code):
            return HookAnswer(deny=code)
    raise ValueError("neither claims nor deny")


def _checked(claims: dict[str, Any]) -> Extras:
    for name, value in claims.items():
        if not _NAME.fullmatch(name) or type(value) not in {str, int, float, bool}:
            raise ValueError("a claim is no plain value")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("a number is none")
    if len(json.dumps(claims, separators=(",", ":"))) > MAX_CLAIMS_BYTES:
        raise ValueError("too many claims")
    return claims


def _distinct(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
