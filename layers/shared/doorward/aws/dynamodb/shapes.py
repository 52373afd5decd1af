"""Turn the model's objects into items of the tables, and items into objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar

from doorward.aws.dynamodb.items import Item, list_part
from doorward.model import (
    NO_POLICY,
    Epochs,
    Membership,
    RevocationState,
    Session,
    SessionRef,
    SignInPolicy,
    Tenant,
    User,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")

SESSION_PREFIX = "sid:"
TOKEN_PREFIX = "jti:"  # noqa: S105 - the prefix of an attribute name
KID_PREFIX = "kid:"


def user_attributes(user: User) -> dict[str, Any]:
    """Return the attributes of a user's item, without its key."""
    return {**attributes_of(user, "user_id"), "listing": list_part("users", user.id)}


def to_user(item: Item | None) -> User | None:
    """Return the user of an item."""
    return None if item is None else read_record(User, item, "user_id")


def membership_attributes(membership: Membership) -> dict[str, Any]:
    """Return the attributes of a membership's item, without its key."""
    return attributes_of(membership)


def to_membership(item: Item | None) -> Membership | None:
    """Return the membership of an item."""
    return None if item is None else read_record(Membership, item)


def tenant_attributes(tenant: Tenant) -> dict[str, Any]:
    """Return the attributes of a tenant's item, without its key."""
    return {**attributes_of(tenant, "tenant_id"), "listing": list_part("tenants", tenant.id)}


def to_tenant(item: Item | None) -> Tenant | None:
    """Return the tenant of an item; None for a tenant that was deleted, whose item keeps the id alone."""
    return None if item is None or "created_at_ms" not in item else read_record(Tenant, item, "tenant_id")


def session_attributes(session: Session) -> dict[str, Any]:
    """Return the attributes of a session's item, without its key.

    `expires_at` is the table's TTL.
    """
    return {
        "tenant_id": session.ref.tenant_id,
        "user_id": session.ref.user_id,
        "session_id": session.ref.session_id,
        "generation": session.generation,
        "epoch": session.epochs.user,
        "tenant_epoch": session.epochs.tenant,
        "deployment_epoch": session.epochs.deployment,
        "created_at_ms": session.created_at_ms,
        "rotated_at_ms": session.rotated_at_ms,
        "expires_at_ms": session.expires_at_ms,
        "expires_at": session.expires_at_ms // 1000 + 1,
        "cookie_hash": session.cookie_hash,
        "revoked_at_ms": session.revoked_at_ms,
        "client_id": session.client_id,
        "links": session.links,
        "switched_to": session.switched_to,
        "method": session.method,
        "amr": session.amr or None,
        "authenticated_at_ms": session.authenticated_at_ms,
        "source": session.source,
        "user_agent": session.user_agent,
    }


def to_session(item: Item | None) -> Session | None:
    """Return the session of an item."""
    if item is None:
        return None
    return Session(
        ref=SessionRef(item["tenant_id"], item["user_id"], item["session_id"]),
        generation=item["generation"],
        # Sessions of version 0.1.0 lack what it did not know; they began when nothing had ended yet.
        epochs=Epochs(item["epoch"], item["tenant_epoch"], item.get("deployment_epoch", 0)),
        created_at_ms=item["created_at_ms"],
        rotated_at_ms=item["rotated_at_ms"],
        expires_at_ms=item["expires_at_ms"],
        cookie_hash=item.get("cookie_hash"),
        revoked_at_ms=item.get("revoked_at_ms"),
        client_id=item.get("client_id"),
        links=item.get("links", 0),
        switched_to=item.get("switched_to"),
        method=item.get("method", "password"),
        amr=tuple(item.get("amr", ())),
        authenticated_at_ms=item.get("authenticated_at_ms"),
        source=item.get("source"),
        user_agent=item.get("user_agent"),
    )


def to_revocation_state(item: Item | None) -> RevocationState:
    """Return what a user's revocation item says.

    Without an item, nothing is revoked.
    """
    if item is None:
        return RevocationState()
    return RevocationState(
        min_epoch=item.get("min_epoch", 0),
        sessions_min_epoch=item.get("sessions_min_epoch", 0),
        spared_session_id=item.get("spared_session_id"),
        spared_min_epoch=item.get("spared_min_epoch", 0),
        sessions=suffixes(item, SESSION_PREFIX),
        tokens=suffixes(item, TOKEN_PREFIX),
    )


def to_sign_in_policy(text: str | None) -> SignInPolicy:
    """Return what a marker says of the policy; without a text, the defaults."""
    if text is None:
        return NO_POLICY
    said: Mapping[str, Any] = json.loads(text)
    names = {field.name for field in fields(SignInPolicy)}
    return SignInPolicy(**{name: frozen(value) for name, value in said.items() if name in names})


def frozen(value: Any) -> Any:  # noqa: ANN401 - the type is in the data
    """Return a value of an item as the model has it: a list as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def suffixes(item: Item, prefix: str) -> frozenset[str]:
    """Return the names after a prefix: each revoked thing is an attribute, its value the expiry."""
    return frozenset(name.removeprefix(prefix) for name in item if name.startswith(prefix))


def attributes_of(record: DataclassInstance, id_name: str = "id") -> dict[str, Any]:
    """Return the fields of a dataclass as attributes.

    The field `id` gets another name in some items.
    """
    return {id_name if field.name == "id" else field.name: getattr(record, field.name) for field in fields(record)}


def read_record(kind: type[R], item: Item, id_name: str = "id") -> R:
    """Return the dataclass of an item.

    A field without an attribute gets its default.

    Raises:
        KeyError: the item lacks an attribute whose field has no default.
    """
    values = {}
    for field in fields(kind):
        value = item.get(id_name if field.name == "id" else field.name, field.default)
        if value is MISSING:
            raise KeyError(field.name)
        values[field.name] = frozen(value)
    return kind(**values)
