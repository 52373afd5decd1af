"""The caller, as the authorizer's context describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.errors import MissingCredentials
from doorward.model import PLATFORM, Authentication, Principal, SessionId, Subject, TenantId, TokenId, UserId


def principal_of(context: Mapping[str, Any]) -> Principal:
    """Return the caller whom the authorizer described; `doorward.authorizer.answers.context_of` wrote the context.

    Raises:
        MissingCredentials: another authorizer wrote it, in another form, so it describes nobody.
    """
    try:
        return _read(context)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MissingCredentials from error


def _read(context: Mapping[str, Any]) -> Principal:
    return Principal(
        subject=Subject(
            user_id=UserId(context["user_id"]),
            username=context["sub"],
            tenant_id=TenantId(context.get("tenant_id") or PLATFORM),
            roles=tuple(context["roles"].split()),
            session_id=SessionId(context["sid"]),
        ),
        token_id=TokenId(context["jti"]) if context.get("jti") else None,
        restriction=context.get("restriction"),
        authentication=_authentication(context),
    )


def _authentication(context: Mapping[str, Any]) -> Authentication | None:
    if not context.get("auth_time"):
        return None
    return Authentication(int(context["auth_time"]), tuple(context["amr"].split()), context["acr"])
