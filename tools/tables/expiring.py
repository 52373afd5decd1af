"""The rules of sessions, service tokens, invitations and proofs: what ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from doorward.aws.dynamodb.items import (
    Item,
    invitation_key,
    invited_key,
    proof_key,
    session_key,
    user_revocations_key,
)
from doorward.aws.dynamodb.proofs import to_proof
from doorward.aws.dynamodb.shapes import to_revocation_state, to_session
from doorward.model import Session, TenantId, UserId
from doorward.model.proofs import InvitationId
from doorward.rules.proofs import is_unused, life_seconds
from tools.tables.found import LEAVES, Found, Seen

_TABLE = "RefreshTokensTable"

_MOMENT_MS = 60_000
"""A proof that comes of a change has the time of the change, which began a moment before the proof was minted."""


def session(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a session."""
    held = to_session(seen.item)
    if held is None or (held.ref.tenant_id, held.ref.user_id) != (seen.tenant_id, seen.user_id):
        yield "names another session"
        return
    wrong = seen.found.missing_user(seen.user_id) or seen.found.missing_tenant(seen.tenant_id)
    if wrong is not None:
        yield wrong
        return
    owner = seen.found.user(seen.user_id)
    if owner is not None and held.ref.tenant_id not in owner.realms and lives(seen.found, seen.item):
        yield f"lives, but the user is not in {seen.tenant_id}"
    yield from _links(seen.found, held)


def lives(found: Found, item: Item) -> bool:
    """Return whether a session was neither ended nor cut off, as far as its user goes."""
    key = user_revocations_key(TenantId(item["tenant_id"]), UserId(item["user_id"]))
    state = to_revocation_state(found.get("RevocationsTable", key))
    unended = "revoked_at_ms" not in item and item["expires_at_ms"] > found.now_ms
    return unended and bool(item["epoch"] >= state.sessions_min_epoch)


def _links(found: Found, held: Session) -> Iterator[str]:
    """Say what is wrong with the count of switches, which ending a family relies on."""
    if held.switched_to is not None:
        if held.links < 1:
            yield "was switched, but counts no switch"
        there = replace(held.ref, tenant_id=held.switched_to)
        if found.get(_TABLE, session_key(there)) is None and found.missing_tenant(there.tenant_id) is None:
            yield f"was switched to {held.switched_to}, where the family has no session"
    family = found.families[held.ref.user_id, held.ref.session_id]
    first = min(family, key=lambda each: str(each["tenant_id"]))
    # Each session but the first was entered by a switch. A tenant that is deleted takes its sessions along.
    counted = sum(each.get("links", 0) for each in family)
    if first["tenant_id"] == held.ref.tenant_id and counted < len(family) - 1 and not found.some_tenant_left:
        yield f"is of a family that counts {counted} switches, but has {len(family)} sessions"


def service_token(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the record of a service token. Who made it may have left."""
    if seen.item["tenant_id"] != seen.tenant_id or seen.item["sk"] != f"token#{seen.item['token_id']}":
        yield "names another token"
    if (wrong := seen.found.missing_tenant(seen.tenant_id)) is not None:
        yield wrong


def invitation(seen: Seen) -> Iterator[str]:
    """Say what is wrong with an invitation. Who made or accepted it may have left."""
    if (wrong := seen.found.missing_tenant(seen.tenant_id)) is not None:
        yield wrong
        return
    status, accepted = seen.item["invitation_status"], "accepted_by" in seen.item
    if accepted != (status == "accepted"):
        yield f"is {status}, but {'somebody' if accepted else 'nobody'} accepted it"
    proof = to_proof(seen.found.get("ProofsTable", proof_key(seen.item["proof_id"])))
    if status == "accepted" and proof is not None and proof.used_at_ms is None:
        yield "was accepted, but its proof was not used"
    if status != "pending" or seen.item["expires_at_ms"] <= seen.found.now_ms:
        return
    if proof is None:
        yield "is pending, but its proof is gone"
    elif proof.used_at_ms is not None:
        yield "is pending, but its proof was used"
    claim = seen.found.get(_TABLE, invited_key(seen.tenant_id, seen.item["folded"]))
    if claim is None or claim["invitation_id"] != seen.item["invitation_id"]:
        yield "is pending, but is not the last one of its address"


def invited_address(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the item that names the last invitation of an address."""
    if (wrong := seen.found.missing_tenant(seen.tenant_id)) is not None:
        yield wrong
    key = invitation_key(seen.tenant_id, InvitationId(seen.item["invitation_id"]))
    if seen.found.get(_TABLE, key) is None and wrong is None:
        yield f"there is no invitation {seen.item['invitation_id']}"


def proof(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a proof.

    Whoever uses one is looked up first. So the proof of a user or a tenant that left proves nothing, and ends by
    itself; the mail that tells of a deletion is one too.
    """
    held = to_proof(seen.item)
    if held is None or held.id != seen.parts["proof_id"]:
        yield "names another proof"
        return
    if held.expires_at_ms - held.made_at_ms > life_seconds(held.kind) * 1000 + _MOMENT_MS:
        yield f"lives longer than a proof of the kind {held.kind} may"
    gone = held.user_id is not None and seen.found.user(held.user_id) is None
    if is_unused(held, seen.found.now_ms) and (gone or seen.found.missing_tenant(held.tenant_id) is not None):
        yield LEAVES
