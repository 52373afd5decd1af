"""Sessions on DynamoDB, and the items that decide whether a session is let in."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.admissions import read_admission
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.aws.dynamodb.items import (
    Tables,
    session_key,
    user_key,
)
from doorward.aws.dynamodb.proofs import proof_actions
from doorward.aws.dynamodb.revocations import TRIES, RevocationWriter
from doorward.aws.dynamodb.shapes import (
    session_attributes,
    to_session,
    to_user,
)
from doorward.errors import Conflict, InvalidProof
from doorward.model import Admission, Session, SessionId, SessionRef, TenantId, UserId
from doorward.model.proofs import NO_PROOFS, ProofChanges
from doorward.stores import Page, Rotation

_REPLACEABLE = "generation = :replaced AND attribute_not_exists(revoked_at_ms)"
_ROTATABLE = "generation = :expected AND attribute_not_exists(revoked_at_ms) AND expires_at_ms > :now"


@dataclass(frozen=True, slots=True)
class DynamoSessions:
    """Sessions.

    Each session is one item.
    """

    database: Database
    tables: Tables
    writer: RevocationWriter

    def add(self, session: Session, proofs: ProofChanges = NO_PROOFS) -> None:
        """Store a new session, whose id nobody had before, and use the proof that allows it.

        Raises:
            InvalidProof: the proof was used or has ended. Nothing is stored then.
        """
        put = actions.put(self.tables.refresh_tokens, session_key(session.ref), session_attributes(session))
        if proofs == NO_PROOFS:
            self.database.write(put)
            return
        used, made = proof_actions(self.tables, proofs)
        try:
            self.database.transact([*used, put, *made])
        except ConditionFailed as failure:
            raise InvalidProof(reason="used_or_ended") from failure

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and all that decides whether it is still let in."""
        more = [(self.tables.refresh_tokens, session_key(ref))]
        admission, (session,) = read_admission(self.database, self.tables, ref.tenant_id, ref.user_id, more)
        return replace(admission, session=to_session(session))

    def list_by_user(self, tenant_id: TenantId, user_id: UserId, limit: int, after: str | None) -> Page[Session]:
        """Return sessions of a user in a realm, the newest sign-in first: their ids are in the order of time."""
        first = session_key(SessionRef(tenant_id, user_id, SessionId("")))
        items, last = self.database.query(
            self.tables.refresh_tokens,
            partition=first["pk"],
            prefix=first["sk"],
            limit=limit,
            after=session_key(SessionRef(tenant_id, user_id, SessionId(after))) if after else None,
            newest_first=True,
        )
        sessions = tuple(session for item in items if (session := to_session(item)) is not None)
        return Page(sessions, sessions[-1].ref.session_id if last and sessions else None)

    def rotate(self, ref: SessionRef, generation: int, now_ms: int) -> Rotation:
        """Move a live session from `generation` to the next one, unless another call did so already."""
        action = actions.update(
            self.tables.refresh_tokens,
            session_key(ref),
            assign={"generation": generation + 1, "rotated_at_ms": now_ms, "switched_to": None},
            when=_ROTATABLE,
            values={"expected": generation, "now": now_ms},
        )
        try:
            return Rotation(won=True, session=to_session(self.database.write(action)))
        except ConditionFailed as failed:
            found = failed.item or self.database.get((self.tables.refresh_tokens, session_key(ref)))
            return Rotation(won=False, session=to_session(found))

    def switch(
        self, old: Session, new: Session, now_ms: int, *, replaced: int | None = None, spends: bool = True
    ) -> bool:
        """Store the family's session in another tenant, and count that in the session that it comes from."""
        spent = {"generation": old.generation + 1, "rotated_at_ms": now_ms, "switched_to": new.ref.tenant_id}
        table = self.tables.refresh_tokens
        leave = actions.update(
            table,
            session_key(old.ref),
            assign=spent if spends else {},
            add={"links": 1},
            when=_ROTATABLE,
            values={"expected": old.generation, "now": now_ms},
        )
        when, values = (actions.ABSENT, {}) if replaced is None else (_REPLACEABLE, {"replaced": replaced})
        enter = actions.put(table, session_key(new.ref), session_attributes(new), when=when, values=values)
        try:
            self.database.transact([leave, enter])
        except ConditionFailed:
            return False
        return True

    def step_up(self, before: Session, after: Session, proofs: ProofChanges = NO_PROOFS) -> bool:
        """Replace a live session by itself as somebody proved more in it, and use what was proved."""
        used, made = proof_actions(self.tables, proofs)
        raised = actions.update(
            self.tables.refresh_tokens,
            session_key(before.ref),
            assign={
                "generation": after.generation,
                "rotated_at_ms": after.rotated_at_ms,
                "switched_to": None,
                "cookie_hash": after.cookie_hash,
                "amr": after.amr,
                "authenticated_at_ms": after.authenticated_at_ms,
            },
            when=_ROTATABLE,
            values={"expected": before.generation, "now": after.rotated_at_ms},
        )
        try:
            self.database.transact([*used, raised, *made])
        except ConditionFailed:
            return False
        return True

    def end_family(self, ref: SessionRef, now_ms: int) -> bool:
        """End the sessions of a family in all realms of its user, in one transaction, and return whether one lived.

        Raises:
            Conflict: the family changed at the same moment, many times.
        """
        if self._end_alone(ref, now_ms):
            return True
        for tried in range(1, TRIES + 1):
            family = self._family(ref)
            live = [session for session in family if session.revoked_at_ms is None]
            steps = [self._end(session, now_ms) for session in live]
            steps += [self.writer.session_action(session.ref, now_ms, tried=tried) for session in live]
            if all(session.ref != ref for session in family):
                # The table's TTL removed it: only its last access token can be left.
                steps.append(self.writer.session_action(ref, now_ms, tried=tried))
            try:
                if steps:
                    self.database.transact(steps)
            except ConditionFailed:
                continue
            return bool(live)
        raise Conflict

    def _end_alone(self, ref: SessionRef, now_ms: int) -> bool:
        """End a live session that is all of its family, as most are, without a look at anything before."""
        end = self._end_linked(ref, now_ms, "links = :links", 0)
        try:
            self.database.transact([end, self.writer.session_action(ref, now_ms, tried=0)])
        except ConditionFailed:
            return False
        return True

    def _family(self, ref: SessionRef) -> list[Session]:
        table = self.tables.refresh_tokens
        own, user_item = self.database.batch_get(
            [(table, session_key(ref)), (self.tables.users, user_key(ref.user_id))]
        )
        user = to_user(user_item)
        realms = [realm for realm in (user.realms if user else ()) if realm != ref.tenant_id]
        others = [SessionRef(realm, ref.user_id, ref.session_id) for realm in realms]
        items = self.database.batch_get([(table, session_key(other)) for other in others]) if others else []
        return [session for item in (own, *items) if (session := to_session(item)) is not None]

    def _end(self, session: Session, now_ms: int) -> Action:
        # A switch that came first shows in `links`, so that no session of the family is overlooked. Sessions of version
        # 0.1.0 lack it until their first switch.
        linked = "links = :links OR attribute_not_exists(links)"
        return self._end_linked(session.ref, now_ms, linked, session.links)

    def _end_linked(self, ref: SessionRef, now_ms: int, linked: str, links: int) -> Action:
        return actions.update(
            self.tables.refresh_tokens,
            session_key(ref),
            assign={"revoked_at_ms": now_ms},
            when=f"attribute_not_exists(revoked_at_ms) AND ({linked})",
            values={"links": links},
        )

    def revoke(self, ref: SessionRef, now_ms: int) -> bool:
        """End a session, refuse its access tokens, and return whether the session existed.

        One transaction writes both.

        Raises:
            Conflict: other revocations came first in every try.
        """
        end = actions.update(
            self.tables.refresh_tokens, session_key(ref), assign={"revoked_at_ms": now_ms}, when=actions.PRESENT
        )
        for tried in range(TRIES):
            refuse = self.writer.session_action(ref, now_ms, tried=tried)
            try:
                self.database.transact([end, refuse])
            except ConditionFailed as failure:
                if failure.failed != (0,):
                    continue
            else:
                return True
            with contextlib.suppress(ConditionFailed):
                # DynamoDB deleted the expired session. Only its last access token can still be valid.
                self.database.transact([refuse])
                return False
        raise Conflict
