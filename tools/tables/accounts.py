"""The rules of the table of users: users, tenants, and what makes them unique and found."""

from __future__ import annotations

from collections.abc import Iterator

from doorward.aws.dynamodb.factors import to_factors
from doorward.aws.dynamodb.finding import entries_of
from doorward.aws.dynamodb.items import (
    Item,
    address_part,
    email_key,
    factors_key,
    list_part,
    membership_key,
    policy_key,
    tenant_key,
    tenant_marker_key,
    user_key,
    username_key,
)
from doorward.model import PLATFORM, User
from doorward.rules.addresses import addresses_of
from doorward.rules.names import fold, fold_email
from tools.tables.found import LEAVES, Found, Seen, place_of

_TABLE = "UsersTable"


def user(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a user."""
    record = seen.found.record(seen.user_id)
    if record is None or record.user.id != seen.user_id:
        yield "names another user"
        return
    if seen.item.get("listing") != list_part("users", seen.user_id):
        yield "is in the wrong list"
    yield from _claims(seen.found, record.user)
    for tenant_id in record.user.tenant_ids:
        if seen.found.get(_TABLE, membership_key(tenant_id, record.user.id)) is None:
            yield f"has no membership in {tenant_id}"
    for place in sorted(entries_of(record) - seen.found.tables[_TABLE].keys()):
        yield f"is not seen.found by {' '.join(place)} (scripts/tend_users.py writes it)"
    kept = to_factors(seen.found.get(_TABLE, factors_key(record.user.id)))
    # The last recovery code is used without a word to the user's item.
    if (set(record.user.factors) ^ set(kept.kinds)) - {"recovery_code"}:
        yield f"says of its factors {sorted(record.user.factors)}, but has {sorted(kept.kinds)}"


def _claims(found: Found, owner: User) -> Iterator[str]:
    name = found.get(_TABLE, username_key(fold(owner.username)))
    if name is None or name["user_id"] != owner.id:
        yield "does not own its user name"
    elif name["home_tenant_id"] != owner.sign_in_realm:
        yield f"signs in to {owner.sign_in_realm}, but its user name leads to {name['home_tenant_id']}"
    if owner.email is not None and owner.home_tenant_id != PLATFORM:
        claim = found.get(_TABLE, email_key(owner.home_tenant_id, fold_email(owner.email)))
        if claim is None or claim["user_id"] != owner.id:
            yield f"does not own its address in {owner.home_tenant_id}"


def leaving(seen: Seen) -> Iterator[str]:
    """Say what is wrong with what is still to be erased of a user."""
    yield LEAVES if seen.found.user(seen.user_id) is None else "is to be erased, but the user is there"


def of_user(seen: Seen) -> Iterator[str]:
    """Say what is wrong with an item that goes in the transaction in which its user goes."""
    if seen.found.user(seen.user_id) is None:
        yield f"there is no user {seen.user_id}"


def factors(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the factors of a user; the user's own rule compares the kinds."""
    yield from of_user(seen)
    if seen.item.get("version", 0) < 1:
        yield "has no version"


def username(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the claim of a user name."""
    owner = seen.found.user(seen.item["user_id"])
    if owner is None:
        yield f"there is no user {seen.item['user_id']} (scripts/tend_users.py forgets the names of earlier versions)"
    elif username_key(fold(owner.username))["pk"] != seen.item["pk"]:
        yield f"is not the name of {owner.id}"


def tenant(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a tenant; of a tenant that was deleted, the id alone is kept."""
    found, item = seen.found, seen.item
    marker = found.get("RevocationsTable", tenant_marker_key(seen.tenant_id, 0))
    if marker is None:
        yield "has no marker"
        return
    leaves = "created_at_ms" not in item or "deletion_began_at_ms" in item
    if bool(marker.get("leaving")) != leaves:
        yield f"{'is' if leaves else 'is not'} being deleted, but its marker says otherwise"
    if "created_at_ms" in item:
        yield from _living_tenant(seen, marker)
    if leaves:
        yield LEAVES


def _living_tenant(seen: Seen, marker: Item) -> Iterator[str]:
    counted, there = seen.item.get("administrators", 0), seen.found.administrators[seen.tenant_id]
    if counted != there:
        yield f"counts {counted} administrators, but has {there}"
    if seen.item["status"] != marker.get("status"):
        yield f"is {seen.item['status']}, but its marker says {marker.get('status')}"
    if seen.item.get("listing") != list_part("tenants", seen.tenant_id):
        yield "is in the wrong list"
    decides = seen.found.get(_TABLE, policy_key(seen.tenant_id)) is not None
    if marker.get("policy") and not decides and "deletion_began_at_ms" not in seen.item:
        yield "has a policy in its marker alone"


def policy(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a policy."""
    wrong = seen.found.missing_tenant(seen.tenant_id)
    if wrong is not None:
        yield wrong
        return
    marker = seen.found.get("RevocationsTable", tenant_marker_key(seen.tenant_id, 0)) or {}
    if seen.item.get("sign_in") != marker.get("policy"):
        yield "says of sign-ins something else than the tenant's marker"


def membership(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a membership."""
    member = seen.found.user(seen.user_id)
    if member is None:
        yield f"there is no user {seen.user_id}"
    elif seen.tenant_id not in member.tenant_ids:
        yield f"the user does not know to be in {seen.tenant_id}"
    if (wrong := seen.found.missing_tenant(seen.tenant_id)) is not None:
        yield wrong


def address(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the claim of an address in a tenant."""
    if (wrong := seen.found.missing_tenant(seen.tenant_id)) is not None:
        yield wrong
    owner = seen.found.user(seen.item["user_id"])
    if owner is None:
        yield f"there is no user {seen.item['user_id']}"
        return
    claims = {place_of(email_key(*claim)) for claim in addresses_of(owner)}
    if place_of({"pk": seen.item["pk"], "sk": seen.item["sk"]}) not in claims:
        yield f"is no address that {owner.id} has in {seen.tenant_id}"
    elif seen.item.get("listing") != address_part(fold_email(owner.email or "")):
        yield "is in the wrong list (scripts/tend_users.py writes the lists)"


def entry(seen: Seen) -> Iterator[str]:
    """Say what is wrong with an entry by which a user is found."""
    place = place_of({"pk": seen.item["pk"], "sk": seen.item["sk"]})
    if place in seen.found.entries:
        return
    if place in seen.found.erasing:
        yield LEAVES
    elif seen.found.get(_TABLE, user_key(seen.user_id)) is None:
        yield f"there is no user {seen.user_id}"
    elif seen.found.get(_TABLE, tenant_key(seen.tenant_id)) is None:
        yield f"there is no tenant {seen.tenant_id}"
    else:
        yield f"does not follow from the user {seen.user_id}"
