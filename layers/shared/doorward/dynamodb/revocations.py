"""Revocations on DynamoDB: one item a user and tenant, one a tenant, one for keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from doorward.dynamodb import actions
from doorward.dynamodb.gateway import Action, ConditionFailed, Gateway, Reads
from doorward.dynamodb.items import (
    KEYS_REVOCATIONS_KEY,
    Item,
    session_key,
    tenant_revocations_key,
    user_revocations_key,
)
from doorward.dynamodb.shapes import (
    KID_PREFIX,
    SESSION_PREFIX,
    TOKEN_PREFIX,
    suffixes,
    to_revocation_state,
)
from doorward.errors import Conflict
from doorward.model import AccessTokenClaims, Cutoff, Revocations, SessionId, SessionRef, TenantId, UserId
from doorward.revocation import next_epoch

MAX_ENTRIES = 1000
"""Single revocations in one item (about 60 bytes each; an item has 400 KB) before they become a cutoff."""

_SLACK_SECONDS = 120  # clocks differ


@dataclass(frozen=True, slots=True)
class DynamoRevocationReader:
    """What the authorizer asks, in one batch read."""

    gateway: Reads
    table: str

    def read(self, tenant_id: TenantId, user_id: UserId) -> Revocations:
        """Return what is revoked, in one strongly consistent read."""
        user, tenant, keys = self.gateway.batch_get(
            [
                (self.table, user_revocations_key(tenant_id, user_id)),
                (self.table, tenant_revocations_key(tenant_id)),
                (self.table, KEYS_REVOCATIONS_KEY),
            ]
        )
        return Revocations(
            user=to_revocation_state(user),
            tenant_min_epoch=(tenant or {}).get("min_epoch", 0),
            revoked_kids=suffixes(keys or {}, KID_PREFIX),
        )


@dataclass(frozen=True, slots=True)
class RevocationWriter:
    """Makes the actions that revoke, for whichever transaction they belong to.

    Args:
        access_ttl_seconds: how long an access token lives: so long is a single revocation kept.
        session_ttl_seconds: how long a session lives: so long is a general one kept.
    """

    gateway: Gateway
    table: str
    access_ttl_seconds: int
    session_ttl_seconds: int

    def session_action(self, ref: SessionRef, now_ms: int) -> Action:
        """Return the action that refuses the access tokens of one session."""
        expires_at = now_ms // 1000 + self.access_ttl_seconds + _SLACK_SECONDS
        return self._entry(ref.tenant_id, ref.user_id, f"{SESSION_PREFIX}{ref.session_id}", expires_at, now_ms)

    def token_action(self, claims: AccessTokenClaims, now_ms: int) -> Action:
        """Return the action that refuses one access token."""
        expires_at = claims.expires_at + _SLACK_SECONDS
        return self._entry(claims.tenant_id, claims.user_id, f"{TOKEN_PREFIX}{claims.token_id}", expires_at, now_ms)

    def cutoff_action(self, cutoff: Cutoff, now_ms: int) -> Action:
        """Return the action that applies a general revocation, if no later one was applied before."""
        assign: dict[str, int | str | None] = {
            "min_epoch": cutoff.at,
            "spared_session_id": cutoff.spared,
            "spared_min_epoch": cutoff.spared_from if cutoff.spared else None,
            "expires_at": self._horizon(now_ms),
        }
        if cutoff.ends_sessions:
            assign["sessions_min_epoch"] = cutoff.at
        return actions.update(
            self.table,
            user_revocations_key(cutoff.tenant_id, cutoff.user_id),
            assign=assign,
            when="attribute_not_exists(min_epoch) OR min_epoch < :at",
            values={"at": cutoff.at},
        )

    def spare_action(self, table: str, cutoff: Cutoff) -> Action | None:
        """Return the action that lifts the spared session over the cutoff, if one is spared."""
        if cutoff.spared is None:
            return None
        ref = SessionRef(cutoff.tenant_id, cutoff.user_id, SessionId(cutoff.spared))
        return actions.update(table, session_key(ref), assign={"epoch": cutoff.at}, when=actions.PRESENT)

    def _entry(self, tenant_id: TenantId, user_id: UserId, name: str, expires_at: int, now_ms: int) -> Action:
        key = user_revocations_key(tenant_id, user_id)
        item = self.gateway.get((self.table, key)) or {}
        entries = {entry: end for entry, end in item.items() if entry.startswith((SESSION_PREFIX, TOKEN_PREFIX))}
        dead = [entry for entry, end in entries.items() if end < now_ms // 1000 and entry != name]
        if len(entries) - len(dead) >= MAX_ENTRIES:
            return self._collapse(key, item, entries, now_ms)
        return actions.update(
            self.table, key, assign={name: expires_at, "expires_at": self._horizon(now_ms)}, remove=dead
        )

    def _collapse(self, key: Mapping[str, str], item: Item, entries: Iterable[str], now_ms: int) -> Action:
        # The user's other sessions lose their access tokens once, and refresh into new ones.
        at = next_epoch(item.get("min_epoch", 0), now_ms)
        assign = {
            "min_epoch": at,
            "spared_session_id": None,
            "spared_min_epoch": None,
            "expires_at": self._horizon(now_ms),
        }
        when = "attribute_not_exists(min_epoch) OR min_epoch < :at"
        return actions.update(self.table, key, assign=assign, remove=entries, when=when, values={"at": at})

    def _horizon(self, now_ms: int) -> int:
        return now_ms // 1000 + max(self.access_ttl_seconds, self.session_ttl_seconds) + _SLACK_SECONDS


@dataclass(frozen=True, slots=True)
class DynamoRevocations:
    """Revocations as those who revoke write them."""

    gateway: Gateway
    writer: RevocationWriter

    def revoke_token(self, claims: AccessTokenClaims, now_ms: int) -> None:
        """Refuse one access token until it expires."""
        self.gateway.write(self.writer.token_action(claims, now_ms))

    def cut_off(self, cutoffs: Sequence[Cutoff], now_ms: int) -> None:
        """Apply general revocations in one transaction.

        Raises:
            Conflict: an epoch was overtaken by another cutoff.
        """
        try:
            self.gateway.transact([self.writer.cutoff_action(cutoff, now_ms) for cutoff in cutoffs])
        except ConditionFailed as error:
            raise Conflict from error

    def epochs(self, tenant_ids: Iterable[TenantId], user_id: UserId) -> Mapping[TenantId, int]:
        """Return the user's present epoch in each realm, consistently."""
        realms = list(dict.fromkeys(tenant_ids))
        if not realms:
            return {}
        table = self.writer.table
        items = self.gateway.batch_get([(table, user_revocations_key(realm, user_id)) for realm in realms])
        return {realm: (item or {}).get("min_epoch", 0) for realm, item in zip(realms, items, strict=True)}
