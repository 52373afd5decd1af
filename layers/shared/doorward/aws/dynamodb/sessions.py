"""Sessions on DynamoDB, and the items that decide whether a session is let in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.attempts import uncount_actions
from doorward.aws.dynamodb.database import ConditionFailed, Database, Place, Reader
from doorward.aws.dynamodb.items import (
    KEYS_REVOCATIONS_KEY,
    Item,
    Tables,
    credential_key,
    email_key,
    membership_key,
    session_key,
    tenant_key,
    tenant_revocations_key,
    user_key,
    user_revocations_key,
    username_key,
)
from doorward.aws.dynamodb.revocations import RevocationWriter
from doorward.aws.dynamodb.shapes import (
    KID_PREFIX,
    session_attributes,
    suffixes,
    to_membership,
    to_revocation_state,
    to_session,
    to_tenant,
    to_user,
)
from doorward.errors import Conflict
from doorward.model import Admission, Epochs, Session, SessionRef, TenantId, UserId
from doorward.rules.throttles import Counter, Trust
from doorward.stores import Rotation, SignInTarget

_TRIES = 3


@dataclass(frozen=True, slots=True)
class DynamoDirectory:
    """Users as sign-in reads them, but never through an index: an index may be late."""

    database: Database
    tables: Tables

    def get_by_username(self, folded: str) -> SignInTarget | None:
        """Return the user who has this folded user name."""
        item = self.database.get((self.tables.users, username_key(folded)))
        return SignInTarget(item["user_id"], item["home_tenant_id"]) if item else None

    def get_by_email(self, tenant_id: TenantId, folded: str) -> UserId | None:
        """Return the id of the user who has this folded e-mail address in the tenant."""
        item = self.database.get((self.tables.users, email_key(tenant_id, folded)))
        return UserId(item["user_id"]) if item else None

    def get_admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        """Return everything that decides about a sign-in, and the password hash, as of one moment."""
        places = [*_admission_places(self.tables, tenant_id, user_id), (self.tables.users, credential_key(user_id))]
        *items, credential = self.database.transact_get(places)
        return _to_admission(items, password_hash=credential["password_hash"] if credential else None)

    def change_password_hash(self, user_id: UserId, old: str, new: str) -> None:
        """Store a hash of the same password with the present parameters, unless the password changed meanwhile."""
        action = actions.update(
            self.tables.users,
            credential_key(user_id),
            assign={"password_hash": new},
            when="password_hash = :old",
            values={"old": old},
        )
        try:
            self.database.write(action)
        except ConditionFailed:
            return


@dataclass(frozen=True, slots=True)
class DynamoSessions:
    """Sessions.

    Each session is one item.
    """

    database: Database
    tables: Tables
    writer: RevocationWriter

    def add(self, session: Session, *, counters: Sequence[Counter] = (), trust: Trust | None = None) -> None:
        """Store a new session, lower the counters, and store the trust key, all in one transaction.

        Raises:
            Conflict: there is a session with this id, or a counter is gone.
        """
        tables = self.tables
        steps = [
            actions.put(
                tables.refresh_tokens, session_key(session.ref), session_attributes(session), when=actions.ABSENT
            )
        ]
        steps += uncount_actions(tables.login_attempts, counters)
        if trust is not None:
            steps.append(actions.put(tables.login_attempts, {"pk": trust.key}, {"expires_at": trust.expires_at}))
        try:
            self.database.transact(steps)
        except ConditionFailed as failure:
            raise Conflict from failure

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and everything that decides whether it is still let in, as of one moment."""
        *items, session = self.database.transact_get(_with_session(self.tables, ref))
        return _to_admission(items, session=session)

    def rotate(self, ref: SessionRef, generation: int, now_ms: int) -> Rotation:
        """Move a live session from `generation` to the next one, unless another call did so already."""
        action = actions.update(
            self.tables.refresh_tokens,
            session_key(ref),
            assign={"generation": generation + 1, "rotated_at_ms": now_ms},
            when="generation = :expected AND attribute_not_exists(revoked_at_ms) AND expires_at_ms > :now",
            values={"expected": generation, "now": now_ms},
        )
        try:
            return Rotation(won=True, session=to_session(self.database.write(action)))
        except ConditionFailed as failed:
            found = failed.item or self.database.get((self.tables.refresh_tokens, session_key(ref)))
            return Rotation(won=False, session=to_session(found))

    def switch(self, old: Session, new: Session, now_ms: int) -> bool:
        """End a session, store the session that replaces it, and return whether this happened.

        Nothing happens if the old session has ended, or if it was refreshed since it was read.
        """
        table = self.tables.refresh_tokens
        end = actions.update(
            table,
            session_key(old.ref),
            assign={
                "revoked_at_ms": now_ms,
                "switched_tenant_id": new.ref.tenant_id,
                "switched_session_id": new.ref.session_id,
            },
            when="generation = :seen AND attribute_not_exists(revoked_at_ms) AND expires_at_ms > :now",
            values={"seen": old.generation, "now": now_ms},
        )
        begin = actions.put(table, session_key(new.ref), session_attributes(new), when=actions.ABSENT)
        try:
            self.database.transact([end, begin, self.writer.session_action(old.ref, now_ms)])
        except ConditionFailed:
            return False
        return True

    def revoke(self, ref: SessionRef, now_ms: int) -> bool:
        """End a session, refuse its access tokens, and return whether the session existed.

        One transaction writes both.

        Raises:
            Conflict: other revocations came first in all three tries.
        """
        end = actions.update(
            self.tables.refresh_tokens, session_key(ref), assign={"revoked_at_ms": now_ms}, when=actions.PRESENT
        )
        for _ in range(_TRIES):
            refuse = self.writer.session_action(ref, now_ms)
            try:
                self.database.transact([end, refuse])
            except ConditionFailed as failure:
                if failure.failed == (0,):
                    # DynamoDB deleted the expired session. Only its last access token can still be valid.
                    self.database.write(refuse)
                    return False
            else:
                return True
        raise Conflict


@dataclass(frozen=True, slots=True)
class DynamoSessionReader:
    """Sessions as the authorizer reads them, in one batch."""

    database: Reader
    tables: Tables

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and everything that decides whether it is let in.

        The read of each item is consistent.
        """
        *items, session = self.database.batch_get(_with_session(self.tables, ref))
        return _to_admission(items, session=session)


def _admission_places(tables: Tables, tenant_id: TenantId, user_id: UserId) -> list[Place]:
    return [
        (tables.users, user_key(user_id)),
        (tables.users, membership_key(tenant_id, user_id)),
        (tables.users, tenant_key(tenant_id)),
        (tables.revocations, user_revocations_key(tenant_id, user_id)),
        (tables.revocations, tenant_revocations_key(tenant_id)),
        (tables.revocations, KEYS_REVOCATIONS_KEY),
    ]


def _with_session(tables: Tables, ref: SessionRef) -> list[Place]:
    return [*_admission_places(tables, ref.tenant_id, ref.user_id), (tables.refresh_tokens, session_key(ref))]


def _to_admission(
    items: Sequence[Item | None], *, password_hash: str | None = None, session: Item | None = None
) -> Admission:
    user, membership, tenant, user_revocations, tenant_revocations, keys = items
    state = to_revocation_state(user_revocations)
    return Admission(
        user=to_user(user),
        password_hash=password_hash,
        membership=to_membership(membership),
        tenant=to_tenant(tenant),
        session=to_session(session),
        epochs=Epochs(state.min_epoch, (tenant_revocations or {}).get("min_epoch", 0)),
        sessions_from=state.sessions_min_epoch,
        revoked_kids=suffixes(keys or {}, KID_PREFIX),
    )
