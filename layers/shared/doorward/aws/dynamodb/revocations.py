"""Revocations on DynamoDB: one item for each user in each tenant, and the markers of tenants and of the deployment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.aws.dynamodb.items import (
    Item,
    Tables,
    session_key,
    user_revocations_key,
)
from doorward.aws.dynamodb.markers import MarkerWriter, of_deployment
from doorward.aws.dynamodb.shapes import KID_PREFIX, SESSION_PREFIX, TOKEN_PREFIX, to_revocation_state
from doorward.errors import Conflict, NotInitialised
from doorward.model import (
    AccessTokenClaims,
    Cutoff,
    RevocationState,
    SessionRef,
    TenantId,
    TokenId,
    UserId,
)
from doorward.rules.lifetimes import cutoff_end, session_entry_end, token_entry_end
from doorward.rules.revocation import most_entries, next_epoch, plan_entry

TRIES = 10
"""How often a change that others may come before is tried: with many at one moment, some of them win each time."""

_Change = tuple[dict[str, Any], list[str]]  # attributes to set, and attributes to remove
_LATER = "attribute_not_exists(min_epoch) OR min_epoch < :at"
_UNCOUNTED = "attribute_not_exists(entries)"


@dataclass(frozen=True, slots=True)
class RevocationWriter:
    """Makes the actions that revoke.

    The caller puts the actions into a transaction.
    """

    database: Database
    tables: Tables

    @property
    def table(self) -> str:
        """The table of revocations."""
        return self.tables.revocations

    @property
    def markers(self) -> MarkerWriter:
        """What writes the markers."""
        return MarkerWriter(self.database, self.table)

    def session_action(self, ref: SessionRef, now_ms: int, *, tried: int) -> Action:
        """Return the action that refuses the access tokens of one session; see `_entry` for `tried`."""
        expires_at = session_entry_end(ref.user_id, now_ms)
        return self._entry(
            ref.tenant_id, ref.user_id, f"{SESSION_PREFIX}{ref.session_id}", expires_at, now_ms, tried=tried
        )

    def token_action(self, claims: AccessTokenClaims, now_ms: int, *, tried: int) -> Action:
        """Return the action that refuses one access token; see `_entry` for `tried`."""
        return self.entry_action(
            claims.tenant_id, claims.user_id, claims.token_id, claims.expires_at, now_ms, tried=tried
        )

    def cutoff_action(self, cutoff: Cutoff, now_ms: int) -> Action:
        """Return the action that applies a general revocation.

        The action fails if a later one was applied already.
        """
        assign: dict[str, int | str | None] = {
            "min_epoch": cutoff.at,
            "spared_session_id": cutoff.spared,
            "spared_min_epoch": cutoff.spared_from if cutoff.spared else None,
            "expires_at": cutoff_end(now_ms),
        }
        if cutoff.ends_sessions:
            assign["sessions_min_epoch"] = cutoff.at
        when, values = _LATER, {"at": cutoff.at}
        if cutoff.spared is not None:
            # The caller decided on this state which session is spared. A later cutoff may have ended that session.
            when = "min_epoch = :seen" if cutoff.seen else "attribute_not_exists(min_epoch)"
            values = {"seen": cutoff.seen} if cutoff.seen else {}
        key = user_revocations_key(cutoff.tenant_id, cutoff.user_id)
        return actions.update(self.table, key, assign=assign, when=when, values=values)

    def entry_action(
        self, tenant_id: TenantId, user_id: UserId, token_id: TokenId, expires_at: int, now_ms: int, *, tried: int
    ) -> Action:
        """Return the action that refuses the token with this id until the token expires; see `_entry` for `tried`."""
        name, end = f"{TOKEN_PREFIX}{token_id}", token_entry_end(expires_at)
        return self._entry(tenant_id, user_id, name, end, now_ms, tried=tried)

    def spare_action(self, table: str, cutoff: Cutoff) -> Action | None:
        """Return the action that moves the spared session to the cutoff's epoch; None if no session is spared.

        The action fails if the session has ended.
        """
        if cutoff.spared is None:
            return None
        return actions.update(
            table,
            session_key(SessionRef(cutoff.tenant_id, cutoff.user_id, cutoff.spared)),
            assign={"epoch": cutoff.at},
            when="attribute_exists(pk) AND attribute_not_exists(revoked_at_ms) AND epoch >= :sessions_from",
            values={"sessions_from": cutoff.sessions_from},
        )

    def _entry(self, tenant_id: TenantId, user_id: UserId, name: str, end: int, now_ms: int, *, tried: int) -> Action:
        """Return the action that adds a single revocation to those of a user in a realm.

        Most users have few of them, so the first try looks at nothing: the item counts its entries, and refuses one
        too many. Whoever meets that bound looks, and makes room. Of those who do so at one moment all but one fail,
        and begin again: so the tries alternate.

        Args:
            tenant_id: the realm.
            user_id: whose item.
            name: the entry.
            end: when it can be forgotten, in epoch seconds.
            now_ms: the time, in milliseconds.
            tried: how often such an action failed before.
        """
        if tried % 2:
            return self._planned(tenant_id, user_id, name, end, now_ms)
        return actions.update(
            self.table,
            user_revocations_key(tenant_id, user_id),
            assign={name: end, "expires_at": cutoff_end(now_ms)},
            add={"entries": 1},
            when=f"{_UNCOUNTED} OR entries < :most",
            values={"most": most_entries(user_id)},
        )

    def _planned(self, tenant_id: TenantId, user_id: UserId, name: str, end: int, now_ms: int) -> Action:
        """Return the action that makes room for a single revocation among those that are there."""
        key = user_revocations_key(tenant_id, user_id)
        item = self.database.get((self.table, key)) or {}
        entries = {entry: until for entry, until in item.items() if entry.startswith((SESSION_PREFIX, TOKEN_PREFIX))}
        plan = plan_entry(entries, name, item.get("min_epoch", 0), now_ms, most_entries(user_id))
        when, values = ("entries = :seen", {"seen": item["entries"]}) if "entries" in item else (_UNCOUNTED, {})
        assign: dict[str, Any] = {"expires_at": cutoff_end(now_ms)}
        if plan.cutoff_at is None:
            assign |= {name: end, "entries": len({*entries, name}.difference(plan.removed))}
        else:
            assign |= {"min_epoch": plan.cutoff_at, "spared_session_id": None, "spared_min_epoch": None, "entries": 0}
            when, values = f"({_LATER}) AND {when}", {"at": plan.cutoff_at, **values}
        return actions.update(self.table, key, assign=assign, remove=plan.removed, when=when, values=values)


@dataclass(frozen=True, slots=True)
class DynamoRevocations:
    """Revocations as the use cases write them."""

    database: Database
    writer: RevocationWriter

    def revoke_token(self, claims: AccessTokenClaims, now_ms: int) -> None:
        """Refuse one access token until it expires.

        Raises:
            Conflict: other revocations came first in every try.
        """
        for tried in range(TRIES):
            with contextlib.suppress(ConditionFailed):
                self.database.transact([self.writer.token_action(claims, now_ms, tried=tried)])
                return
        raise Conflict

    def add_deployment(self) -> None:
        """Store the deployment's marker, unless there is one."""
        markers = self.writer.markers
        if markers.head(of_deployment) is None:
            with contextlib.suppress(ConditionFailed):
                self.database.transact(markers.first(of_deployment, self.writer.tables.marker_shards, {}))

    def revoke_key(self, kid: str, now_ms: int) -> None:
        """Refuse everything that a key signed.

        Raises:
            NotInitialised: the deployment has no marker.
            Conflict: others changed the marker first, in every try.
        """
        name, now = f"{KID_PREFIX}{kid}", now_ms // 1000

        def revoked(head: Item) -> _Change:
            dead = [one for one, end in head.items() if one.startswith(KID_PREFIX) and end < now and one != name]
            return {name: cutoff_end(now_ms)}, dead

        self._change_deployment(revoked)

    def cut_off_deployment(self, now_ms: int) -> None:
        """Refuse everything that began before: sessions, cookies, and tokens of every kind.

        Raises:
            NotInitialised: the deployment has no marker.
            Conflict: others changed the marker first, in every try.
        """
        self._change_deployment(lambda head: ({"min_epoch": next_epoch(head["min_epoch"], now_ms)}, []))

    def _change_deployment(self, change: Callable[[Item], _Change]) -> None:
        markers = self.writer.markers
        for _ in range(TRIES):
            head = markers.head(of_deployment)
            if head is None:
                raise NotInitialised(reason="no_marker")
            steps = markers.change(of_deployment, head, *change(head))
            with contextlib.suppress(ConditionFailed):
                self.database.transact(steps)
                return
        raise Conflict

    def cut_off(self, cutoffs: Sequence[Cutoff], now_ms: int) -> None:
        """Apply general revocations in one transaction; a session that one spares goes on.

        Raises:
            Conflict: another cutoff came first, and one of these epochs is too early now; or a spared session ended.
        """
        table = self.writer.tables.refresh_tokens
        spares = [spare for cutoff in cutoffs if (spare := self.writer.spare_action(table, cutoff)) is not None]
        try:
            self.database.transact([*(self.writer.cutoff_action(cutoff, now_ms) for cutoff in cutoffs), *spares])
        except ConditionFailed as error:
            raise Conflict from error

    def get_states(self, tenant_ids: Iterable[TenantId], user_id: UserId) -> Mapping[TenantId, RevocationState]:
        """Return what is revoked for the user in each realm, from a consistent read."""
        realms = list(dict.fromkeys(tenant_ids))
        if not realms:
            return {}
        table = self.writer.table
        items = self.database.batch_get([(table, user_revocations_key(realm, user_id)) for realm in realms])
        return {realm: to_revocation_state(item) for realm, item in zip(realms, items, strict=True)}
