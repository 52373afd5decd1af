"""The stores in memory: the second implementation that the contract tests hold to the same promises."""

from __future__ import annotations

import copy
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import itemgetter

from doorward.errors import (
    Conflict,
    EmailTaken,
    InvalidProof,
    LastAdmin,
    NotFound,
    NotInitialised,
    TenantTaken,
    Unavailable,
    UsernameTaken,
)
from doorward.keys.signing import FormerKey, KeySet
from doorward.keys.stores import Secret
from doorward.model import (
    NO_POLICY,
    PLATFORM,
    AccessTokenClaims,
    Admission,
    Clock,
    Connection,
    Cutoff,
    Epochs,
    Membership,
    Notification,
    Revocations,
    RevocationState,
    Revoked,
    SeenNotification,
    ServiceToken,
    Session,
    SessionRef,
    SocketTicket,
    Tenant,
    TenantId,
    TenantPolicy,
    TokenId,
    User,
    UserId,
    UserRecord,
    service_user_id,
)
from doorward.model.factors import Factors
from doorward.model.invitations import Invitation
from doorward.model.leaving import Belongings, Leaving, Remnant
from doorward.model.proofs import NO_PROOFS, Acceptance, InvitationId, Proof, ProofChanges, ProofId
from doorward.model.webhooks import Delivery, DeliveryId, Webhook, WebhookId
from doorward.rules.finding import Search, is_found, names_of
from doorward.rules.invitations import is_open
from doorward.rules.lifetimes import cutoff_end, session_entry_end
from doorward.rules.names import fold, fold_email
from doorward.rules.proofs import is_unused
from doorward.rules.revocation import next_epoch
from doorward.rules.tenancy import administers, changes_of_administrators
from doorward.rules.throttles import Counter, Limit, Trust, failures_name
from doorward.stores import NameLookup, Page, Rotation, SignInName, SignInTarget, StoredHead

Place = tuple[TenantId, UserId]


class FakeClock:
    """A clock that tests move."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)


@dataclass
class World:
    """Everything that is stored."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    users: dict[UserId, User] = field(default_factory=dict)
    hashes: dict[UserId, str] = field(default_factory=dict)
    password_times: dict[UserId, int] = field(default_factory=dict)
    usernames: dict[str, SignInTarget] = field(default_factory=dict)
    emails: dict[tuple[TenantId, str], UserId] = field(default_factory=dict)
    memberships: dict[Place, Membership] = field(default_factory=dict)
    tenants: dict[TenantId, Tenant] = field(default_factory=dict)
    gone_tenants: set[TenantId] = field(default_factory=set)
    former_names: set[str] = field(default_factory=set)
    leaving: dict[UserId, Leaving] = field(default_factory=dict)
    sessions: dict[SessionRef, Session] = field(default_factory=dict)
    states: dict[Place, RevocationState] = field(default_factory=dict)
    tenant_epochs: dict[TenantId, int] = field(default_factory=dict)
    attempts: dict[str, dict[str, int]] = field(default_factory=dict)
    key_set: KeySet | None = None
    former_keys: dict[str, FormerKey] = field(default_factory=dict)
    tickets: dict[str, SocketTicket] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    revoked_kids: set[str] = field(default_factory=set)
    deployment_epoch: int = 0
    secrets: dict[str, str] = field(default_factory=dict)
    secret_versions: dict[str, int] = field(default_factory=dict)
    service_tokens: dict[tuple[TenantId, TokenId], ServiceToken] = field(default_factory=dict)
    notifications: dict[tuple[TenantId, UserId | None, str], Notification] = field(default_factory=dict)
    read: dict[tuple[TenantId, UserId, str], int] = field(default_factory=dict)
    webhooks: dict[tuple[TenantId, WebhookId], Webhook] = field(default_factory=dict)
    deliveries: dict[tuple[TenantId, WebhookId, DeliveryId], Delivery] = field(default_factory=dict)
    demos: dict[TenantId, str] = field(default_factory=dict)
    proofs: dict[ProofId, Proof] = field(default_factory=dict)
    mails: dict[ProofId, int | None] = field(default_factory=dict)
    factors: dict[UserId, Factors] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    policies: dict[TenantId, TenantPolicy] = field(default_factory=dict)
    invitations: dict[tuple[TenantId, InvitationId], Invitation] = field(default_factory=dict)
    invited: dict[tuple[TenantId, str], InvitationId] = field(default_factory=dict)

    def copy(self) -> World:
        """Return a world of its own that holds the same; what is held itself never changes."""
        held = {found.name: copy.copy(getattr(self, found.name)) for found in fields(self) if found.name != "lock"}
        return World(**held)

    def state(self, tenant_id: TenantId, user_id: UserId) -> RevocationState:
        return self.states.get((tenant_id, user_id), RevocationState())

    def revocations(self, tenant_id: TenantId, user_id: UserId) -> Revocations:
        return Revocations(
            self.state(tenant_id, user_id),
            self.tenant_epochs.get(tenant_id, 0),
            frozenset(self.revoked_kids),
            self.deployment_epoch,
            self.tenants[tenant_id].status if tenant_id in self.tenants else self.status_of_gone(tenant_id),
        )

    def status_of_gone(self, tenant_id: TenantId) -> str | None:
        return "disabled" if tenant_id in self.gone_tenants else None

    def is_open(self, tenant_id: TenantId) -> bool:
        tenant = self.tenants.get(tenant_id)
        return tenant is not None and tenant.deletion_began_at_ms is None

    def admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        found = self.revocations(tenant_id, user_id)
        return Admission(
            user=self.users.get(user_id),
            membership=self.memberships.get((tenant_id, user_id)),
            tenant_status=found.tenant_status,
            epochs=Epochs(found.user.min_epoch, found.tenant_min_epoch, found.deployment_min_epoch),
            sessions_from=found.user.sessions_min_epoch,
            revoked_kids=found.revoked_kids,
            policy=self.policies[tenant_id].sign_in if tenant_id in self.policies else NO_POLICY,
        )

    def require_proof(self, changes: ProofChanges) -> None:
        """Raise unless the proof that allows a change can still be used."""
        if changes.used is not None:
            proof = self.proofs.get(changes.used.id)
            if proof is None or not is_unused(proof, changes.used.at_ms):
                raise InvalidProof
        if changes.accepts is not None:
            self._require_invitation(changes.accepts)
        if changes.factors is not None:
            change = changes.factors
            if self.factors.get(change.user_id, Factors()).version != change.after.version - 1:
                raise InvalidProof
            if change.challenge_id in self.answered:
                raise InvalidProof

    def _require_invitation(self, acceptance: Acceptance) -> None:
        invitation = self.invitations.get((acceptance.tenant_id, acceptance.invitation_id))
        if invitation is None or not is_open(invitation, acceptance.proof_id, acceptance.at_ms):
            raise InvalidProof
        made_by = self.users.get(acceptance.made_by)
        if made_by is None or made_by.version != acceptance.made_by_version:
            raise Conflict

    def apply_proofs(self, changes: ProofChanges) -> None:
        """Use a proof, and store those that come of a change."""
        if changes.used is not None:
            used = self.proofs[changes.used.id]
            self.proofs[used.id] = replace(used, used_at_ms=changes.used.at_ms)
        if changes.accepts is not None:
            place = (changes.accepts.tenant_id, changes.accepts.invitation_id)
            by = changes.accepts.accepted_by
            self.invitations[place] = replace(self.invitations[place], status="accepted", accepted_by=by)
        if changes.factors is not None:
            self.factors[changes.factors.user_id] = changes.factors.after
            if changes.factors.challenge_id is not None:
                self.answered.add(changes.factors.challenge_id)
        self.proofs.update({proof.id: proof for proof in changes.made})

    def record(self, user: User) -> UserRecord:
        return UserRecord(user, tuple(self.memberships[tenant, user.id] for tenant in user.tenant_ids))

    def apply(self, cutoffs: Sequence[Cutoff]) -> None:
        for cutoff in cutoffs:
            epoch = self.state(cutoff.tenant_id, cutoff.user_id).min_epoch
            if epoch >= cutoff.at or (cutoff.spared is not None and epoch != cutoff.seen):
                raise Conflict
            if cutoff.spared is not None:
                session = self.sessions.get(SessionRef(cutoff.tenant_id, cutoff.user_id, cutoff.spared))
                if session is None or session.revoked_at_ms or session.epochs.user < cutoff.sessions_from:
                    raise Conflict
        for cutoff in cutoffs:
            self._apply(cutoff)

    def _apply(self, cutoff: Cutoff) -> None:
        place = (cutoff.tenant_id, cutoff.user_id)
        state = self.state(*place)
        self.states[place] = replace(
            state,
            min_epoch=cutoff.at,
            sessions_min_epoch=cutoff.at if cutoff.ends_sessions else state.sessions_min_epoch,
            spared_session_id=cutoff.spared,
            spared_min_epoch=cutoff.spared_from if cutoff.spared else 0,
        )
        if cutoff.spared is not None:
            ref = SessionRef(cutoff.tenant_id, cutoff.user_id, cutoff.spared)
            session = self.sessions[ref]
            self.sessions[ref] = replace(session, epochs=replace(session.epochs, user=cutoff.at))


@dataclass
class MemoryDirectory:
    world: World

    def look_up(self, name: SignInName, counter_keys: Sequence[str]) -> NameLookup:
        with self.world.lock:
            target = next(filter(None, map(self.world.usernames.get, name.usernames)), None)
            if name.realm is not None:
                user_id = self.world.emails.get((name.realm, name.folded))
                target = SignInTarget(user_id, name.realm) if user_id else None
            counts = {key: dict(self.world.attempts.get(key, {})) for key in counter_keys}
            return NameLookup(target, counts)

    def get_admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        with self.world.lock:
            failures = self.world.attempts.get(failures_name(user_id), {}).get("failures", 0)
            admission = self.world.admission(tenant_id, user_id)
            return replace(
                admission,
                password_hash=self.world.hashes.get(user_id),
                password_set_at_ms=self.world.password_times.get(user_id, 0),
                failures=failures,
            )

    def change_password_hash(self, user_id: UserId, old: str, new: str) -> None:
        with self.world.lock:
            if self.world.hashes.get(user_id) == old:
                self.world.hashes[user_id] = new


@dataclass
class MemorySessions:
    world: World

    def add(self, session: Session, proofs: ProofChanges = NO_PROOFS) -> None:
        with self.world.lock:
            self.world.require_proof(proofs)
            self.world.sessions[session.ref] = session
            self.world.apply_proofs(proofs)

    def get_admission(self, ref: SessionRef) -> Admission:
        with self.world.lock:
            admission = self.world.admission(ref.tenant_id, ref.user_id)
            return replace(admission, session=self.world.sessions.get(ref))

    def list_by_user(self, tenant_id: TenantId, user_id: UserId, limit: int, after: str | None) -> Page[Session]:
        with self.world.lock:
            every = sorted(self.world.sessions.values(), key=lambda one: one.ref.session_id, reverse=True)
            own = [one for one in every if (one.ref.tenant_id, one.ref.user_id) == (tenant_id, user_id)]
            rest = [one for one in own if after is None or one.ref.session_id < after]
            return Page(tuple(rest[:limit]), rest[limit - 1].ref.session_id if len(rest) > limit else None)

    def rotate(self, ref: SessionRef, generation: int, now_ms: int) -> Rotation:
        with self.world.lock:
            session = self.world.sessions.get(ref)
            live = session is not None and session.revoked_at_ms is None and session.expires_at_ms > now_ms
            if session is None or not live or session.generation != generation:
                return Rotation(won=False, session=session)
            session = replace(session, generation=generation + 1, rotated_at_ms=now_ms, switched_to=None)
            self.world.sessions[ref] = session
            return Rotation(won=True, session=session)

    def switch(
        self, old: Session, new: Session, now_ms: int, *, replaced: int | None = None, spends: bool = True
    ) -> bool:
        with self.world.lock:
            stored, there = self.world.sessions.get(old.ref), self.world.sessions.get(new.ref)
            live = stored is not None and stored.revoked_at_ms is None and stored.expires_at_ms > now_ms
            if stored is None or not live or stored.generation != old.generation:
                return False
            if (there.generation if there else None) != replaced or (there and there.revoked_at_ms is not None):
                return False
            spent = replace(
                stored, generation=stored.generation + 1, rotated_at_ms=now_ms, switched_to=new.ref.tenant_id
            )
            self.world.sessions[old.ref] = replace(spent if spends else stored, links=stored.links + 1)
            self.world.sessions[new.ref] = new
            return True

    def step_up(self, before: Session, after: Session, proofs: ProofChanges = NO_PROOFS) -> bool:
        with self.world.lock:
            stored = self.world.sessions.get(before.ref)
            live = stored is not None and stored.revoked_at_ms is None and stored.expires_at_ms > after.rotated_at_ms
            if stored is None or not live or stored.generation != before.generation:
                return False
            try:
                self.world.require_proof(proofs)
            except InvalidProof:
                return False
            self.world.sessions[before.ref] = replace(after, links=stored.links, epochs=stored.epochs)
            self.world.apply_proofs(proofs)
            return True

    def end_family(self, ref: SessionRef, now_ms: int) -> bool:
        with self.world.lock:
            user = self.world.users.get(ref.user_id)
            realms = dict.fromkeys([ref.tenant_id, *(user.realms if user else ())])
            refs = [SessionRef(realm, ref.user_id, ref.session_id) for realm in realms]
            stored = [each for each in refs if each in self.world.sessions]
            live = [each for each in stored if self.world.sessions[each].revoked_at_ms is None]
            for each in [*live, *([] if ref in stored else [ref])]:
                self.revoke(each, now_ms)
            return bool(live)

    def revoke(self, ref: SessionRef, now_ms: int) -> bool:
        with self.world.lock:
            place = (ref.tenant_id, ref.user_id)
            state = self.world.state(*place)
            self.world.states[place] = replace(state, sessions=state.sessions | {ref.session_id})
            session = self.world.sessions.get(ref)
            if session is None:
                return False
            self.world.sessions[ref] = replace(session, revoked_at_ms=now_ms)
            return True


@dataclass
class MemoryRevocations:
    world: World

    def get(self, tenant_id: TenantId, user_id: UserId) -> Revocations:
        with self.world.lock:
            found = self.world.revocations(tenant_id, user_id)
            if found.tenant_status is None and tenant_id != PLATFORM:
                raise NotInitialised(reason="no_marker")
            return found

    def revoke_token(self, claims: AccessTokenClaims, now_ms: int) -> None:
        with self.world.lock:
            place = (claims.tenant_id, claims.user_id)
            state = self.world.state(*place)
            self.world.states[place] = replace(state, tokens=state.tokens | {claims.token_id})

    def add_deployment(self) -> None:
        """A world has a deployment from the beginning."""

    def cut_off_deployment(self, now_ms: int) -> None:
        self.world.deployment_epoch = next_epoch(self.world.deployment_epoch, now_ms)

    def revoke_key(self, kid: str, now_ms: int) -> None:
        with self.world.lock:
            self.world.revoked_kids.add(kid)

    def cut_off(self, cutoffs: Sequence[Cutoff], now_ms: int) -> None:
        with self.world.lock:
            self.world.apply(cutoffs)

    def get_states(self, tenant_ids: Iterable[TenantId], user_id: UserId) -> Mapping[TenantId, RevocationState]:
        with self.world.lock:
            return {tenant_id: self.world.state(tenant_id, user_id) for tenant_id in tenant_ids}


@dataclass
class MemoryRevocationSource:
    """What is revoked, as the table would say it now.

    The world of the tests does not keep when an entry ends: each ends as if it had been made now.
    """

    world: World
    clock: Clock

    def list_all(self) -> Iterator[list[Revoked]]:
        yield self.now()

    def now(self) -> list[Revoked]:
        with self.world.lock:
            found = [self._user(*place) for place in self.world.states]
            found += [Revoked(tenant_id, min_epoch=epoch) for tenant_id, epoch in self.world.tenant_epochs.items()]
            kids = dict.fromkeys(self.world.revoked_kids, cutoff_end(self.clock()))
            return [*found, Revoked(min_epoch=self.world.deployment_epoch, kids=kids)]

    def _user(self, tenant_id: TenantId, user_id: UserId) -> Revoked:
        state, end = self.world.states[tenant_id, user_id], session_entry_end(user_id, self.clock())
        return Revoked(
            tenant_id,
            user_id,
            state.min_epoch,
            state.spared_session_id,
            state.spared_min_epoch,
            dict.fromkeys(state.sessions, end),
            dict.fromkeys(state.tokens, end),
        )


class MemoryFeedStore:
    """The head and the parts of the feed."""

    def __init__(self) -> None:
        self.head: StoredHead | None = None
        self.parts: dict[str, str] = {}
        self.written = 0
        self.lock = threading.Lock()

    def get_head(self) -> StoredHead | None:
        return self.head

    def put_head(self, text: str, version: str | None) -> bool:
        with self.lock:
            if (self.head.version if self.head else None) != version:
                return False
            self.written += 1
            self.head = StoredHead(text, f'"{self.written}"')
            return True

    def get_part(self, name: str) -> str | None:
        return self.parts.get(name)

    def put_part(self, name: str, text: str) -> None:
        self.parts[name] = text

    def read_head(self, seen: str | None) -> tuple[str, str | None]:
        if self.head is None:
            raise Unavailable(reason="feed:no_head")
        tag = self.head.version.strip('"')
        return tag, None if seen is not None and tag in seen else self.head.text


@dataclass
class MemorySockets:
    world: World

    def add_ticket(self, ticket: SocketTicket) -> None:
        self.world.tickets[ticket.ticket_hash] = ticket

    def take_ticket(self, ticket_hash: str) -> SocketTicket | None:
        with self.world.lock:
            return self.world.tickets.pop(ticket_hash, None)

    def add(self, connection: Connection) -> None:
        self.world.connections[connection.id] = connection

    def remove(self, connection_id: str) -> None:
        self.world.connections.pop(connection_id, None)

    def list_by_tenant(self, tenant_id: TenantId, user_id: UserId | None = None) -> list[Connection]:
        found = [one for one in self.world.connections.values() if one.grant.tenant_id == tenant_id]
        return [one for one in found if user_id in {None, one.grant.user_id}]

    def list_ending(self, time_ms: int) -> list[Connection]:
        found = [one for one in self.world.connections.values() if one.grant.ends_at_ms < time_ms]
        return sorted(found, key=lambda one: one.grant.ends_at_ms)


@dataclass
class MemorySocketCloser:
    """Open sockets, and what each was told last."""

    told: dict[str, str] = field(default_factory=dict)

    def close(self, connection_id: str, message: str) -> None:
        self.told[connection_id] = message


@dataclass
class MemoryAttempts:
    world: World

    def count(self, counter: Counter) -> Limit | None:
        with self.world.lock:
            counts = self.world.attempts.setdefault(counter.key, {})
            limit = counter.reached(counts)
            if limit is None:
                counts.update({name: counts.get(name, 0) + 1 for name in counter.limits})
            return limit

    def uncount(self, counter: Counter) -> None:
        with self.world.lock:
            counts = self.world.attempts.get(counter.key)
            if counts is not None:
                counts.update({name: counts.get(name, 0) - 1 for name in counter.limits})

    def add_failure(self, key: str, expires_at: int) -> int:
        with self.world.lock:
            counts = self.world.attempts.setdefault(key, {})
            counts["failures"] = counts.get("failures", 0) + 1
            return counts["failures"]

    def add_trust(self, trust: Trust) -> None:
        self.world.attempts[trust.key] = {"expires_at": trust.expires_at}

    def clear_failures(self, user_id: UserId) -> None:
        self.world.attempts.pop(failures_name(user_id), None)


@dataclass
class MemoryUsers:
    world: World

    def get(self, user_id: UserId) -> UserRecord | None:
        with self.world.lock:
            user = self.world.users.get(user_id)
            return None if user is None else self.world.record(user)

    def get_password_hash(self, user_id: UserId) -> str | None:
        return self.world.hashes.get(user_id)

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[UserRecord]:
        with self.world.lock:
            return self._page([user for tenant, user in self.world.memberships if tenant == tenant_id], limit, after)

    def list_all(self, limit: int, after: str | None) -> Page[UserRecord]:
        with self.world.lock:
            return self._page(list(self.world.users), limit, after)

    def find(self, tenant_id: TenantId, search: Search, limit: int, after: str | None) -> Page[UserRecord]:
        with self.world.lock:
            places = []
            for tenant, user_id in self.world.memberships:
                record = self.world.record(self.world.users[user_id])
                if tenant == tenant_id and is_found(record, tenant_id, search):
                    prefix = search.name
                    names = [name for name in names_of(record.user, tenant_id) if prefix and name.startswith(prefix)]
                    places.append((min((f"{name}#{user_id}" for name in names), default=user_id), record))
            rest = sorted((one for one in places if after is None or one[0] > after), key=itemgetter(0))
            shown = rest[:limit]
            return Page(tuple(record for _, record in shown), shown[-1][0] if len(rest) > limit else None)

    def list_by_address(self, folded: str) -> list[tuple[TenantId, UserId]]:
        with self.world.lock:
            found = [(tenant, user) for (tenant, address), user in self.world.emails.items() if address == folded]
            return sorted(found)[:100]

    def _page(self, ids: list[UserId], limit: int, after: str | None) -> Page[UserRecord]:
        rest = sorted(user_id for user_id in ids if after is None or user_id > after)
        shown = rest[:limit]
        records = tuple(self.world.record(self.world.users[user_id]) for user_id in shown)
        return Page(records, shown[-1] if len(rest) > limit else None)

    def add(self, record: UserRecord, password_hash: str | None, *, proofs: ProofChanges = NO_PROOFS) -> None:
        with self.world.lock:
            user = record.user
            self.world.require_proof(proofs)
            if fold(user.username) in self.world.usernames or fold(user.username) in self.world.former_names:
                raise UsernameTaken
            if not all(self.world.is_open(member.tenant_id) for member in record.memberships):
                raise NotFound
            self._claim_email(user, None)
            self.world.usernames[fold(user.username)] = SignInTarget(user.id, user.sign_in_realm)
            self.world.users[user.id] = user
            for member in record.memberships:
                self.world.memberships[member.tenant_id, user.id] = member
            if password_hash is not None:
                self.world.hashes[user.id] = password_hash
                self.world.password_times[user.id] = user.updated_at_ms
            self.world.apply_proofs(proofs)

    def change(
        self,
        before: UserRecord,
        after: UserRecord,
        *,
        password_hash: str | None = None,
        cutoffs: Sequence[Cutoff] = (),
        keep_admin_in: Collection[TenantId] | None = None,
        proofs: ProofChanges = NO_PROOFS,
    ) -> None:
        with self.world.lock:
            self.world.require_proof(proofs)
            self._require_version(before)
            if not all(map(self.world.is_open, set(after.user.tenant_ids) - set(before.user.tenant_ids))):
                raise NotFound
            self._require_administrators(before, after, keep_admin_in)
            self._claim_email(after.user, before.user)
            self.world.apply(cutoffs)
            self.world.users[after.user.id] = after.user
            self.world.usernames[fold(after.user.username)] = SignInTarget(after.user.id, after.user.sign_in_realm)
            for membership in before.memberships:
                del self.world.memberships[membership.tenant_id, before.user.id]
            for membership in after.memberships:
                self.world.memberships[membership.tenant_id, after.user.id] = membership
            if password_hash is not None:
                self.world.hashes[after.user.id] = password_hash
                self.world.password_times[after.user.id] = after.user.updated_at_ms
            self.world.apply_proofs(proofs)

    def remove(
        self,
        before: UserRecord,
        cutoffs: Sequence[Cutoff],
        *,
        keep_admin_in: Collection[TenantId] | None = None,
        proofs: ProofChanges = NO_PROOFS,
        erased: bool = False,
    ) -> None:
        with self.world.lock:
            self.world.require_proof(proofs)
            self._require_version(before)
            self._require_administrators(before, None, keep_admin_in)
            self.world.apply(cutoffs)
            del self.world.users[before.user.id]
            self.world.hashes.pop(before.user.id, None)
            self.world.factors.pop(before.user.id, None)
            self.world.password_times.pop(before.user.id, None)
            for membership in before.memberships:
                del self.world.memberships[membership.tenant_id, before.user.id]
            self._release_email(before.user)
            del self.world.usernames[fold(before.user.username)]
            self.world.former_names.add(fold(before.user.username))
            user = before.user
            if not erased:
                self.world.leaving[user.id] = Leaving(user.id, user.home_tenant_id, user.realms)
            self.world.apply_proofs(proofs)

    def _require_version(self, before: UserRecord) -> None:
        stored = self.world.users.get(before.user.id)
        if stored is None or stored.version != before.user.version:
            raise Conflict

    def _require_administrators(
        self, before: UserRecord, after: UserRecord | None, keep_admin_in: Collection[TenantId] | None
    ) -> None:
        for tenant_id, change in changes_of_administrators(before, after).items():
            others = (self.world.record(user) for user in self.world.users.values() if user.id != before.user.id)
            guards = change < 0 and (keep_admin_in is None or tenant_id in keep_admin_in)
            if guards and not any(administers(other, tenant_id) for other in others):
                raise LastAdmin

    def _claim_email(self, user: User, before: User | None) -> None:
        address, claims = fold_email(user.email or ""), _tenants_to_claim(user, before)
        if any(self.world.emails.get((tenant_id, address), user.id) != user.id for tenant_id in claims):
            raise EmailTaken
        if before is not None:
            self._leave_email(user, before)
        self.world.emails.update({(tenant_id, address): user.id for tenant_id in claims})

    def _leave_email(self, user: User, before: User) -> None:
        """Give up an address where the user had it, and has it no longer."""
        old = fold_email(before.email or "")
        kept = set(user.tenant_ids) if old == fold_email(user.email or "") else set()
        for tenant_id in set(before.tenant_ids) - kept:
            if self.world.emails.get((tenant_id, old)) == user.id:
                del self.world.emails[tenant_id, old]

    def _release_email(self, user: User) -> None:
        for place in [place for place, owner in self.world.emails.items() if owner == user.id]:
            del self.world.emails[place]


def _tenants_to_claim(user: User, before: User | None) -> set[TenantId]:
    """Return the tenants whose uses of an address a change may collide with: where the user joins, and the home."""
    if not user.email:
        return set()
    if before is None:
        return set(user.tenant_ids)
    home = {user.home_tenant_id} & set(user.tenant_ids)
    joined = set(user.tenant_ids) - set(before.tenant_ids)
    as_before = (fold_email(before.email or ""), before.home_tenant_id) == (fold_email(user.email), user.home_tenant_id)
    return joined if as_before else joined | home


@dataclass
class MemoryBelongings:
    world: World

    def list_of(self, user_id: UserId, realms: Sequence[TenantId]) -> Belongings:
        with self.world.lock:
            sessions = [one for ref, one in self.world.sessions.items() if ref.user_id == user_id]
            told = [one for one in self.world.notifications.values() if one.user_id == user_id]
            return Belongings(
                tuple(one for one in sessions if one.ref.tenant_id in realms),
                tuple(one for one in told if one.tenant_id in realms),
                complete=True,
            )

    def get_leaving(self, user_id: UserId) -> Leaving | None:
        return self.world.leaving.get(user_id)

    def erase(self, user_id: UserId) -> None:
        with self.world.lock:
            leaving = self.world.leaving.get(user_id)
            for realm in leaving.realms if leaving else ():
                self.erase_in(realm, user_id)
            self.world.leaving.pop(user_id, None)

    def erase_in(self, tenant_id: TenantId, user_id: UserId) -> None:
        with self.world.lock:
            place = (tenant_id, user_id)
            for ref in [ref for ref in self.world.sessions if (ref.tenant_id, ref.user_id) == place]:
                del self.world.sessions[ref]
            for told in [key for key in self.world.notifications if key[:2] == place]:
                del self.world.notifications[told]
            for mark in [key for key in self.world.read if key[:2] == place]:
                del self.world.read[mark]

    def erase_tenant(self, tenant_id: TenantId) -> Remnant | None:
        with self.world.lock:
            for token in [key for key in self.world.service_tokens if key[0] == tenant_id]:
                del self.world.service_tokens[token]
            for told in [key for key in self.world.notifications if key[0] == tenant_id]:
                del self.world.notifications[told]
            for place in [place for place in self.world.invitations if place[0] == tenant_id]:
                del self.world.invitations[place]
            for address in [address for address in self.world.invited if address[0] == tenant_id]:
                del self.world.invited[address]
            for hook in [key for key in self.world.webhooks if key[0] == tenant_id]:
                del self.world.webhooks[hook]
            for delivery in [key for key in self.world.deliveries if key[0] == tenant_id]:
                del self.world.deliveries[delivery]
            self.world.demos.pop(tenant_id, None)
            self.world.policies.pop(tenant_id, None)
        return None


@dataclass
class MemoryTenants:
    world: World

    def add(self, tenant: Tenant) -> None:
        with self.world.lock:
            if tenant.id in self.world.tenants or tenant.id in self.world.gone_tenants:
                raise TenantTaken
            self.world.tenants[tenant.id] = tenant

    def get(self, tenant_id: TenantId) -> Tenant | None:
        return self.world.tenants.get(tenant_id)

    def list_all(self, limit: int, after: str | None) -> Page[Tenant]:
        rest = sorted(tenant_id for tenant_id in self.world.tenants if after is None or tenant_id > after)
        shown = tuple(self.world.tenants[tenant_id] for tenant_id in rest[:limit])
        return Page(shown, shown[-1].id if len(rest) > limit else None)

    def change(self, before: Tenant, after: Tenant, now_ms: int) -> None:
        with self.world.lock:
            if self.world.tenants.get(before.id) != before:
                raise Conflict
            self.world.tenants[after.id] = after
            if after.status == "disabled" and before.status != "disabled":
                self.world.tenant_epochs[after.id] = next_epoch(self.world.tenant_epochs.get(after.id, 0), now_ms)

    def begin_removal(self, before: Tenant, now_ms: int) -> Tenant:
        after = replace(before, version=before.version + 1, deletion_began_at_ms=now_ms)
        with self.world.lock:
            self.change(before, after, now_ms)
            self.world.tenant_epochs[after.id] = next_epoch(self.world.tenant_epochs.get(after.id, 0), now_ms)
        return after

    def end_removal(self, tenant: Tenant) -> None:
        with self.world.lock:
            if self.world.tenants.get(tenant.id) != tenant or tenant.deletion_began_at_ms is None:
                raise Conflict
            del self.world.tenants[tenant.id]
            self.world.gone_tenants.add(tenant.id)


@dataclass
class MemoryServiceTokens:
    world: World

    def get_admission(self, tenant_id: TenantId, name: str) -> Admission:
        with self.world.lock:
            found = self.world.revocations(tenant_id, service_user_id(name))
            epochs = Epochs(found.user.min_epoch, found.tenant_min_epoch, found.deployment_min_epoch)
            return Admission(tenant_status=found.tenant_status, epochs=epochs, revoked_kids=found.revoked_kids)

    def add(self, token: ServiceToken) -> None:
        self.world.service_tokens[token.tenant_id, token.id] = token

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[ServiceToken]:
        tokens = sorted(self.world.service_tokens.values(), key=lambda token: token.id)
        rest = [token for token in tokens if token.tenant_id == tenant_id and (after is None or token.id > after)]
        shown = tuple(rest[:limit])
        return Page(shown, shown[-1].id if len(rest) > limit else None)

    def get_revocations(self, tenant_id: TenantId, names: Iterable[str]) -> Mapping[str, Revocations]:
        return {name: self.world.revocations(tenant_id, service_user_id(name)) for name in names}

    def revoke(self, tenant_id: TenantId, token_id: TokenId, now_ms: int) -> bool:
        with self.world.lock:
            token = self.world.service_tokens.get((tenant_id, token_id))
            if token is None:
                return False
            self.world.service_tokens[tenant_id, token_id] = replace(token, revoked_at_ms=now_ms)
            place = (tenant_id, service_user_id(token.name))
            state = self.world.state(*place)
            self.world.states[place] = replace(state, tokens=state.tokens | {token_id})
            return True


@dataclass
class MemoryNotifications:
    world: World

    def add(self, notification: Notification) -> None:
        self.world.notifications[notification.tenant_id, notification.user_id, notification.id] = notification

    def list_by_user(
        self, tenant_id: TenantId, user_id: UserId, limit: int, after: str | None
    ) -> Page[SeenNotification]:
        every = sorted(self.world.notifications.values(), key=lambda one: one.id, reverse=True)
        mine = [one for one in every if one.tenant_id == tenant_id and one.user_id in {None, user_id}]
        rest = [one for one in mine if after is None or one.id < after]
        shown = tuple(SeenNotification(one, self.world.read.get((tenant_id, user_id, one.id))) for one in rest[:limit])
        return Page(shown, shown[-1].notification.id if len(rest) > limit else None)

    def mark_read(self, tenant_id: TenantId, user_id: UserId, notification_id: str, now_ms: int) -> bool:
        if not any((tenant_id, owner, notification_id) in self.world.notifications for owner in (None, user_id)):
            return False
        self.world.read.setdefault((tenant_id, user_id, notification_id), now_ms)
        return True

    def remove(self, notification: Notification) -> None:
        self.world.notifications.pop((notification.tenant_id, notification.user_id, notification.id), None)

    def get_demo(self, tenant_id: TenantId) -> str | None:
        return self.world.demos.get(tenant_id)

    def add_demo(self, tenant_id: TenantId, record: str) -> bool:
        return self.world.demos.setdefault(tenant_id, record) is record

    def remove_demo(self, tenant_id: TenantId) -> None:
        self.world.demos.pop(tenant_id, None)


@dataclass
class MemoryKeySets:
    world: World

    def get(self) -> KeySet:
        if self.world.key_set is None:
            raise NotInitialised
        return self.world.key_set

    def change(self, key_set: KeySet, former: Sequence[FormerKey] = ()) -> None:
        with self.world.lock:
            stored = self.world.key_set.version if self.world.key_set else 0
            if key_set.version != stored + 1:
                raise Conflict
            self.world.key_set = key_set
            self.world.former_keys |= {each.key.kid: each for each in former}

    def revoke_former(self, kid: str) -> None:
        with self.world.lock:
            if kid in self.world.former_keys:
                self.world.former_keys[kid] = replace(self.world.former_keys[kid], revoked=True)

    def former(self) -> list[FormerKey]:
        return list(self.world.former_keys.values())


@dataclass
class MemorySecrets:
    world: World

    def get(self, secret_id: str) -> Secret:
        with self.world.lock:
            if secret_id not in self.world.secrets:
                return Secret()
            return Secret(self.world.secrets[secret_id], str(self.world.secret_versions.get(secret_id, 0)))

    def change(self, secret_id: str, text: str, seen: Secret) -> None:
        with self.world.lock:
            if self.get(secret_id).version != seen.version:
                raise Conflict
            self.world.secrets[secret_id] = text
            self.world.secret_versions[secret_id] = self.world.secret_versions.get(secret_id, 0) + 1
