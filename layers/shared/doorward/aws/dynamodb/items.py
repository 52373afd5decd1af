"""Keys and attribute values: the form of Doorward's data in its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doorward.model import SessionRef, TenantId, UserId
from doorward.rules.shards import LIST_SHARDS, MARKER_SHARDS, shard_of

Key = Mapping[str, str]
Item = dict[str, Any]

_MAX_NAME_BYTES = 900  # a sort key has at most 1,024 bytes


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of the tables that a function may use, and in how many copies markers are read."""

    users: str = ""
    refresh_tokens: str = ""
    revocations: str = ""
    login_attempts: str = ""
    proofs: str = ""
    marker_shards: int = MARKER_SHARDS
    webhooks: str = ""


def user_key(user_id: UserId) -> Key:
    """Return the key of a user."""
    return {"pk": f"user#{user_id}", "sk": "user"}


def credential_key(user_id: UserId) -> Key:
    """Return the key of a user's password hash.

    The hash has its own partition, so that an IAM role can exclude it.
    """
    return {"pk": f"credential#{user_id}", "sk": "credential"}


def username_key(folded: str) -> Key:
    """Return the key that makes a folded user name unique in the whole deployment."""
    return {"pk": f"username#{_bounded(folded)}", "sk": "username"}


def former_name_key(mac: str) -> Key:
    """Return the key that keeps a former user name from being given again. It says the MAC of the name alone."""
    return {"pk": f"former#{mac}", "sk": "former"}


def leaving_key(user_id: UserId) -> Key:
    """Return the key of what is still to be erased of a user who was removed."""
    return {"pk": f"user#{user_id}", "sk": "leaving"}


def tenant_key(tenant_id: TenantId) -> Key:
    """Return the key of a tenant."""
    return {"pk": f"tenant#{tenant_id}", "sk": "tenant"}


def policy_key(tenant_id: TenantId) -> Key:
    """Return the key of a tenant's policy."""
    return {"pk": f"tenant#{tenant_id}", "sk": "policy"}


def factors_key(user_id: UserId) -> Key:
    """Return the key of a user's second factors."""
    return {"pk": f"factors#{user_id}", "sk": "factors"}


def proof_key(proof_id: str) -> Key:
    """Return the key of a proof."""
    return {"pk": f"proof#{proof_id}"}


def answered_key(challenge_id: str) -> Key:
    """Return the key of the mark that a passkey's challenge was answered."""
    return {"pk": f"answered#{challenge_id}"}


def membership_key(tenant_id: TenantId, user_id: UserId) -> Key:
    """Return the key of a membership."""
    return {"pk": f"tenant#{tenant_id}", "sk": f"user#{user_id}"}


def email_key(tenant_id: TenantId, folded: str) -> Key:
    """Return the key that makes a folded e-mail address unique within a tenant."""
    return {"pk": f"tenant#{tenant_id}", "sk": f"email#{_bounded(folded)}"}


def address_part(folded: str) -> str:
    """Return in which partition of an index lie the tenants that know a folded e-mail address."""
    return f"address#{_bounded(folded)}"


def session_key(ref: SessionRef) -> Key:
    """Return the key of a session.

    All sessions of a user in a tenant share a partition.
    """
    return {"pk": f"tenant#{ref.tenant_id}#user#{ref.user_id}", "sk": f"session#{ref.session_id}"}


def service_token_key(tenant_id: TenantId, token_id: str) -> Key:
    """Return the key of a service token's record.

    All records of a tenant share a partition.
    """
    return {"pk": f"tenant#{tenant_id}#services", "sk": f"token#{token_id}"}


def invitation_key(tenant_id: TenantId, invitation_id: str) -> Key:
    """Return the key of an invitation.

    All invitations of a tenant share a partition.
    """
    return {"pk": f"tenant#{tenant_id}#invitations", "sk": f"invitation#{invitation_id}"}


def invited_key(tenant_id: TenantId, folded: str) -> Key:
    """Return the key of the item that says which invitation a folded address had last in a tenant."""
    return {"pk": f"tenant#{tenant_id}#invitations", "sk": f"address#{_bounded(folded)}"}


def notification_key(tenant_id: TenantId, user_id: UserId | None, notification_id: str) -> Key:
    """Return the key of a notification: in the user's partition, or in the tenant's."""
    pk = f"tenant#{tenant_id}" if user_id is None else f"tenant#{tenant_id}#user#{user_id}"
    return {"pk": pk, "sk": f"notification#{notification_id}"}


def read_mark_key(tenant_id: TenantId, user_id: UserId, notification_id: str) -> Key:
    """Return the key of the mark that a user read a notification."""
    return {"pk": f"tenant#{tenant_id}#user#{user_id}", "sk": f"read#{notification_id}"}


def demo_key(tenant_id: TenantId) -> Key:
    """Return the key of the record that says what the demo made in a tenant."""
    return {"pk": f"tenant#{tenant_id}", "sk": "demo"}


def webhook_key(tenant_id: TenantId, webhook_id: str) -> Key:
    """Return the key of a webhook.

    All webhooks of a tenant share a partition, with the item that counts them.
    """
    return {"pk": f"tenant#{tenant_id}", "sk": f"webhook#{webhook_id}"}


def delivery_key(tenant_id: TenantId, webhook_id: str, delivery_id: str) -> Key:
    """Return the key of a delivery.

    All deliveries of a tenant share a partition.
    """
    return {"pk": f"tenant#{tenant_id}#deliveries", "sk": f"webhook#{webhook_id}#delivery#{delivery_id}"}


def user_revocations_key(tenant_id: TenantId, user_id: UserId) -> Key:
    """Return the key of what is revoked for a user in a tenant."""
    return {"pk": f"tenant#{tenant_id}#user#{user_id}"}


def tenant_marker_key(tenant_id: TenantId, shard: int) -> Key:
    """Return the key of a copy of a tenant's marker: what is revoked for the tenant, and whether it is active."""
    return {"pk": f"tenant#{tenant_id}#{shard:02d}"}


def deployment_marker_key(shard: int) -> Key:
    """Return the key of a copy of the deployment's marker: what is revoked for everybody, and which keys."""
    return {"pk": f"deployment#{shard:02d}"}


def list_part(name: str, member: str) -> str:
    """Return in which partition of an index a list keeps a member."""
    return f"{name}#{shard_of(member, LIST_SHARDS):02d}"


def list_parts(name: str) -> list[str]:
    """Return all partitions in which an index keeps a list."""
    return [f"{name}#{shard:02d}" for shard in range(LIST_SHARDS)]


def encode(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return DynamoDB's typed form of a flat item.

    Members that are None are left out.
    """
    return {name: encode_value(value) for name, value in item.items() if value is not None}


def encode_value(value: object) -> dict[str, Any]:
    """Return the typed form of one attribute value: a text, a whole number, a truth value, or a list or map of these.

    Raises:
        TypeError: the value is of another type.
    """
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, list | tuple):
        return {"L": [encode_value(element) for element in value]}
    if isinstance(value, Mapping):
        return {"M": {name: encode_value(element) for name, element in value.items()}}
    raise TypeError(f"no attribute value for {type(value).__name__}")


def decode(item: Mapping[str, Any] | None) -> Item | None:
    """Return a flat item from DynamoDB's typed form."""
    return None if item is None else {name: _decode_value(value) for name, value in item.items()}


def pick(items: Sequence[Mapping[str, Any]], key: Key) -> Item | None:
    """Return the item that has the key, out of several typed items, in its flat form.

    Return None if there is none.
    """
    encoded = encode(key)
    return next((decode(item) for item in items if all(item[name] == value for name, value in encoded.items())), None)


def _decode_value(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the type is in the data
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    if kind == "L":
        return [_decode_value(element) for element in content]
    if kind == "M":
        return {name: _decode_value(element) for name, element in content.items()}
    return content


def _bounded(name: str) -> str:
    encoded = name.encode("utf-8")
    return name if len(encoded) <= _MAX_NAME_BYTES else f"sha256#{hashlib.sha256(encoded).hexdigest()}"
