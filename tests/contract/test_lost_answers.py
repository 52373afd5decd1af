"""Every request of every operation fails in every way: the answer is right or Unavailable, and nothing is half done."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from ulid import ULID

from doorward.aws.dynamodb.database import ConditionFailed
from doorward.aws.services import Refused
from doorward.errors import DoorwardError, Unavailable
from doorward.keys.signing import KeySet
from doorward.model import (
    Connection,
    Cutoff,
    Epochs,
    Notification,
    ServiceToken,
    SocketGrant,
    SocketTicket,
    Subject,
    TokenId,
    UserId,
    UserRecord,
)
from doorward.model.invitations import Invitation
from doorward.model.proofs import Proof
from doorward.model.webhooks import Webhook
from doorward.rules.finding import Search
from doorward.rules.throttles import Counter, Limit, Trust
from doorward.stores import SignInName
from tests.contract.conftest import Stores, on_dynamodb
from tests.contract.test_invitations import accepting, invitation, proof
from tests.contract.test_webhooks import delivery, webhook
from tests.support import faults
from tests.support.aws import make_tables
from tests.support.makers import ACME, GLOBEX, NOW, claims, membership, record, session, tenant, user

Run = Callable[[], Any]


@dataclass
class Broken:
    """Every store, over a line that can be broken."""

    stores: Stores
    line: faults.Line


@pytest.fixture(scope="module", params=["boto3", "signed"])
def broken(request: pytest.FixtureRequest) -> Iterator[Broken]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        names = make_tables(boto3.client("dynamodb"))
        line = faults.Line()
        yield Broken(on_dynamodb(line.boto() if request.param == "boto3" else line.signed(), names), line)


def _member(stores: Stores, **values: Any) -> UserRecord:
    for tenant_id in (ACME, GLOBEX):
        stores.tenants.add(tenant(tenant_id))
    # Two administrators, so that either may go.
    for _ in range(2):
        admin = user()
        stores.writer.add(UserRecord(admin, (membership(admin, roles=("admin",)),)), None)
    member = user(email="bob@people.example", **values)
    found = UserRecord(member, (membership(member, roles=("admin",)),))
    stores.writer.add(found, "hash")
    return found


def _changed(before: UserRecord, **values: Any) -> UserRecord:
    return replace(before, user=replace(before.user, version=before.user.version + 1, **values))


def _add_tenant(stores: Stores) -> Run:
    return lambda: stores.tenants.add(tenant())


def _add_tenant_again(stores: Stores) -> Run:
    stores.tenants.add(replace(tenant(), name="Another"))
    return lambda: stores.tenants.add(tenant())


def _add_the_same_tenant_again(stores: Stores) -> Run:
    stores.tenants.add(tenant())
    return lambda: stores.tenants.add(tenant())


def _disable_tenant(stores: Stores) -> Run:
    stores.tenants.add(tenant())
    return lambda: stores.tenants.change(tenant(), replace(tenant(), status="disabled", version=2), NOW)


def _read_tenants(stores: Stores) -> Run:
    stores.tenants.add(tenant())
    return lambda: (stores.tenants.get(ACME), stores.tenants.list_all(5, None))


def _add_user(stores: Stores) -> Run:
    _member(stores)
    added = record(user((ACME, GLOBEX), email="ann@people.example", username="ann"))
    return lambda: stores.writer.add(added, "hash")


def _add_user_of_a_taken_name(stores: Stores) -> Run:
    _member(stores, username="bob")
    added = record(user(username="Bob"))
    return lambda: stores.writer.add(added, "hash")


def _change_address(stores: Stores) -> Run:
    before = _member(stores)
    after = _changed(before, email="robert@people.example")
    return lambda: stores.writer.change(before, after)


def _change_password(stores: Stores) -> Run:
    before = _member(stores)
    begun = session(before.user)
    stores.sessions.add(begun)
    cutoff = Cutoff(ACME, before.user.id, 100, ends_sessions=True, spared=begun.ref.session_id)
    return lambda: stores.writer.change(before, _changed(before), password_hash="new", cutoffs=[cutoff])


def _assign(stores: Stores) -> Run:
    before = _member(stores)
    after = replace(
        _changed(before, tenant_ids=(ACME, GLOBEX)), memberships=(*before.memberships, membership(before.user, GLOBEX))
    )
    return lambda: stores.writer.change(before, after)


def _demote(stores: Stores) -> Run:
    before = _member(stores)
    after = replace(_changed(before), memberships=(membership(before.user),))
    return lambda: stores.writer.change(before, after, cutoffs=[Cutoff(ACME, before.user.id, 9, ends_sessions=False)])


def _change_an_old_version(stores: Stores) -> Run:
    before = _member(stores)
    stores.writer.change(before, _changed(before, display_name="B"))
    return lambda: stores.writer.change(before, _changed(before, display_name="C"))


def _remove_user(stores: Stores) -> Run:
    before = _member(stores)
    return lambda: stores.writer.remove(before, [Cutoff(ACME, before.user.id, 9, ends_sessions=True)])


def _read_users(stores: Stores) -> Run:
    found = _member(stores).user.id
    return lambda: (
        stores.reader.get(found),
        stores.reader.get_password_hash(found),
        stores.reader.list_by_tenant(ACME, 2, None),
    )


def _look_up(stores: Stores) -> Run:
    member = _member(stores, username="bob").user
    return lambda: (
        stores.directory.look_up(SignInName("bob"), ["one", "two"]),
        stores.directory.look_up(SignInName("bob@people.example", ACME), []),
        stores.directory.get_admission(ACME, member.id),
    )


def _rehash(stores: Stores) -> Run:
    member = _member(stores).user
    return lambda: stores.directory.change_password_hash(member.id, "hash", "new")


def _begin_session(stores: Stores) -> Run:
    begun = session(user())
    return lambda: stores.sessions.add(begun)


def _remember_an_address(stores: Stores) -> Run:
    return lambda: stores.attempts.add_trust(Trust("trust#x", NOW // 1000 + 60))


def _end_family(stores: Stores) -> Run:
    before = _member(stores)
    begun = session(before.user)
    stores.sessions.add(begun)
    return lambda: stores.sessions.end_family(begun.ref, NOW)


def _end_everything(stores: Stores) -> Run:
    return lambda: stores.key_revocations.cut_off_deployment(NOW)


def _forget_failures(stores: Stores) -> Run:
    member = user()
    stores.attempts.add_failure(f"failures#{member.id}", NOW // 1000 + 60)
    return lambda: stores.attempts.clear_failures(member.id)


def _rotate(stores: Stores) -> Run:
    begun = session(user())
    stores.sessions.add(begun)
    # Who meets his own rotation gets the same successor as who made it: `won` is not what decides.
    return lambda: stores.sessions.rotate(begun.ref, 0, NOW + 5).session


def _switch(stores: Stores) -> Run:
    member = user()
    old = session(member)
    new = replace(old, ref=replace(old.ref, tenant_id=GLOBEX))
    stores.sessions.add(old)
    return lambda: stores.sessions.switch(old, new, NOW + 1)


def _end_session(stores: Stores) -> Run:
    begun = session(user())
    stores.sessions.add(begun)
    return lambda: stores.sessions.revoke(begun.ref, NOW)


def _end_no_session(stores: Stores) -> Run:
    ref = session(user()).ref
    return lambda: stores.sessions.revoke(ref, NOW)


def _authorize(stores: Stores) -> Run:
    ref = session(user()).ref
    return lambda: (stores.session_reader.get_admission(ref), stores.revocation_reader.get(ACME, ref.user_id))


def _revoke_token(stores: Stores) -> Run:
    token = claims(user())
    return lambda: stores.revocations.revoke_token(token, NOW)


def _cut_off(stores: Stores) -> Run:
    owner = user()
    both = [Cutoff(realm, owner.id, 100, ends_sessions=True) for realm in (ACME, GLOBEX)]
    return lambda: stores.revocations.cut_off(both, NOW)


def _cut_off_all_but_one(stores: Stores) -> Run:
    owner = user()
    kept = session(owner)
    stores.sessions.add(kept)
    cutoff = Cutoff(ACME, owner.id, 100, ends_sessions=True, spared=kept.ref.session_id)
    return lambda: stores.revocations.cut_off([cutoff], NOW)


def _cut_off_before_another(stores: Stores) -> Run:
    owner = user()
    stores.revocations.cut_off([Cutoff(ACME, owner.id, 100, ends_sessions=True)], NOW)
    return lambda: stores.revocations.cut_off([Cutoff(ACME, owner.id, 100, ends_sessions=True)], NOW)


def _revoke_key(stores: Stores) -> Run:
    return lambda: stores.key_revocations.revoke_key("k1", NOW)


def _read_feed(stores: Stores) -> Run:
    stores.key_revocations.revoke_key("k1", NOW)
    return lambda: list(stores.source.list_all())


def _count(stores: Stores) -> Run:
    counter = Counter("one", {"s1": Limit(5, NOW), "in_all": Limit(5, NOW)})
    return lambda: stores.attempts.count(counter)


def _count_once_more_than_allowed(stores: Stores) -> Run:
    counter = Counter("one", {"s1": Limit(5, NOW), "in_all": Limit(1, NOW)})
    stores.attempts.count(counter)
    return lambda: stores.attempts.count(counter)


def _count_to_the_limit(stores: Stores) -> Run:
    counter = Counter("one", {"s1": Limit(1, NOW)})
    return lambda: stores.attempts.count(counter)


def _uncount(stores: Stores) -> Run:
    counter = Counter("one", {"s1": Limit(5, NOW)})
    stores.attempts.count(counter)
    return lambda: stores.attempts.uncount(counter)


def _store_first_keys(stores: Stores) -> Run:
    return lambda: stores.key_sets.change(KeySet("i", "", (), 1))


def _store_next_keys(stores: Stores) -> Run:
    stores.key_sets.change(KeySet("i", "", (), 1))
    return lambda: stores.key_sets.change(KeySet("i", "a", (), 2))


def _store_keys_of_a_version_that_is_past(stores: Stores) -> Run:
    stores.key_sets.change(KeySet("i", "", (), 1))
    return lambda: stores.key_sets.change(KeySet("i", "a", (), 1))


def _service_token() -> ServiceToken:
    return ServiceToken(ACME, TokenId(str(ULID())), "ci", UserId("u"), NOW, NOW // 1000 + 60)


def _add_service_token(stores: Stores) -> Run:
    token = _service_token()
    return lambda: stores.service_tokens.add(token)


def _revoke_service_token(stores: Stores) -> Run:
    token = _service_token()
    stores.service_tokens.add(token)
    return lambda: stores.service_tokens.revoke(ACME, token.id, NOW)


def _notify(stores: Stores) -> Run:
    one = Notification(ACME, "0" * 26, UserId("u"), "t", "b", NOW)
    return lambda: stores.notifications.add(one)


def _mark_read(stores: Stores) -> Run:
    one = Notification(ACME, "0" * 26, UserId("u"), "t", "b", NOW)
    stores.notifications.add(one)
    return lambda: stores.notifications.mark_read(ACME, UserId("u"), one.id, NOW)


def _keep_demo(stores: Stores) -> Run:
    return lambda: stores.notifications.add_demo(ACME, "one")


def _keep_another_demo(stores: Stores) -> Run:
    stores.notifications.add_demo(ACME, "one")
    return lambda: stores.notifications.add_demo(ACME, "two")


def _invited(stores: Stores) -> tuple[UserRecord, Invitation, Proof]:
    before = _member(stores)
    made = proof()
    found = invitation(made, before.user)
    stores.invitations.add(found, made, None)
    return before, found, made


def _invite(stores: Stores) -> Run:
    made = proof()
    found = invitation(made, _member(stores).user)
    return lambda: stores.invitations.add(found, made, None)


def _invite_again(stores: Stores) -> Run:
    before, last, _ = _invited(stores)
    made = proof()
    found = invitation(made, before.user)
    return lambda: stores.invitations.add(found, made, last)


def _invite_who_was_invited_meanwhile(stores: Stores) -> Run:
    before, _, _ = _invited(stores)
    made = proof()
    found = invitation(made, before.user)
    return lambda: stores.invitations.add(found, made, None)


def _renew_invitation(stores: Stores) -> Run:
    _, found, _ = _invited(stores)
    made = proof()
    return lambda: stores.invitations.renew(found, replace(found, proof_id=made.id), made)


def _revoke_invitation(stores: Stores) -> Run:
    _, found, _ = _invited(stores)
    return lambda: stores.invitations.revoke(ACME, found.id)


def _read_invitations(stores: Stores) -> Run:
    _, found, _ = _invited(stores)
    return lambda: (stores.invitations.find(ACME, found.folded), stores.invitations.list_by_tenant(ACME, 5, None))


def _accept_invitation_as_new_user(stores: Stores) -> Run:
    before, found, made = _invited(stores)
    added = user(email=found.email)
    changes = accepting(found, made, added, before.user)
    return lambda: stores.writer.add(record(added), "hash", proofs=changes)


def _accept_invitation_as_user(stores: Stores) -> Run:
    by, found, made = _invited(stores)
    member = record(user((GLOBEX,)))
    stores.writer.add(member, "hash")
    after = record(replace(member.user, tenant_ids=(GLOBEX, ACME), version=2))
    changes = accepting(found, made, member.user, by.user)
    cutoff = Cutoff(ACME, member.user.id, 9, ends_sessions=False)
    return lambda: stores.writer.change(member, after, cutoffs=[cutoff], proofs=changes)


def _accept_invitation_that_was_accepted(stores: Stores) -> Run:
    before, found, made = _invited(stores)
    first, second = user(), user()
    stores.writer.add(record(first), None, proofs=accepting(found, made, first, before.user))
    changes = accepting(found, made, second, before.user)
    return lambda: stores.writer.add(record(second), "hash", proofs=changes)


def _grant() -> SocketGrant:
    subject = Subject(UserId("u"), "kim", ACME, ("a",), session(user()).ref.session_id)
    return SocketGrant(subject=subject, epochs=Epochs(), ends_at_ms=NOW, token_id=TokenId("t"), kid="k")


def _take_ticket(stores: Stores) -> Run:
    stores.sockets.add_ticket(SocketTicket("h", _grant(), None, NOW, frozenset()))
    return lambda: stores.sockets.take_ticket("h")


def _open_socket(stores: Stores) -> Run:
    opened = Connection("c", _grant())
    return lambda: stores.sockets.add(opened)


def _close_socket(stores: Stores) -> Run:
    stores.sockets.add(Connection("c", _grant()))
    return lambda: stores.sockets.remove("c")


def _list_sockets(stores: Stores) -> Run:
    stores.sockets.add(Connection("c", _grant()))
    return lambda: (list(stores.sockets.list_by_tenant(ACME)), list(stores.sockets.list_ending(NOW + 1)))


def _find_users(stores: Stores) -> Run:
    _member(stores, username="bob", display_name="Bob")
    return lambda: (
        stores.reader.find(ACME, Search(name="bob"), 5, None),
        stores.reader.find(ACME, Search(email="bob@people.example"), 5, None),
    )


def _begin_to_remove_a_tenant(stores: Stores) -> Run:
    disabled = replace(tenant(), status="disabled", version=2)
    stores.tenants.add(tenant())
    stores.tenants.change(tenant(), disabled, NOW)
    return lambda: stores.tenants.begin_removal(disabled, NOW)


def _remove_a_tenant(stores: Stores) -> Run:
    _begin_to_remove_a_tenant(stores)()
    leaving = stores.tenants.get(ACME)
    assert leaving is not None
    return lambda: stores.tenants.end_removal(leaving)


def _hook(stores: Stores) -> Webhook:
    stores.tenants.add(tenant())
    made = webhook()
    stores.webhooks.add(made, 2)
    return made


def _make_a_webhook(stores: Stores) -> Run:
    _hook(stores)
    made = webhook()
    return lambda: stores.webhooks.add(made, 2)


def _make_one_webhook_too_many(stores: Stores) -> Run:
    _hook(stores)
    made = webhook()
    return lambda: stores.webhooks.add(made, 1)


def _change_a_webhook(stores: Stores) -> Run:
    after = replace(_hook(stores), url="https://hooks.example/b", version=2)
    return lambda: stores.webhooks.change(after)


def _remove_a_webhook(stores: Stores) -> Run:
    made = _hook(stores)
    return lambda: stores.webhooks.remove(ACME, made.id)


def _tell_a_webhook(stores: Stores) -> Run:
    made = delivery(_hook(stores))
    return lambda: stores.deliveries.add(made)


def _tell_a_webhook_again(stores: Stores) -> Run:
    made = delivery(_hook(stores))
    stores.deliveries.add(made)
    return lambda: stores.deliveries.add(made)


def _try_a_delivery(stores: Stores) -> Run:
    made = delivery(_hook(stores))
    stores.deliveries.add(made)
    return lambda: stores.deliveries.change(replace(made, attempts=1, version=2))


def _put_a_delivery_off(stores: Stores) -> Run:
    made = delivery(_hook(stores))
    stores.deliveries.add(made)
    return lambda: stores.deliveries.put_off(made.ref, NOW + 9000)


def _read_webhooks(stores: Stores) -> Run:
    made = delivery(_hook(stores))
    stores.deliveries.add(made)
    return lambda: (
        stores.webhooks.list_by_tenant(ACME),
        stores.deliveries.list_by_webhook(ACME, made.webhook_id, 5, None),
        list(stores.deliveries.list_due(NOW + 5000)),
    )


OPERATIONS = [
    operation
    for name, operation in list(globals().items())
    if getattr(operation, "__annotations__", {}) == {"stores": "Stores", "return": "Run"}
]


def _outcome(run: Run) -> Any:
    try:
        return run()
    except (DoorwardError, ClientError, Refused, ConditionFailed) as error:
        return type(error)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__.strip("_").replace("_", " "))
def test_a_lost_answer_is_never_a_wrong_one(broken: Broken, operation: Callable[[Stores], Run]) -> None:
    line = broken.line
    line.mend()
    for name in (saved := faults.save()):
        saved[name].clear()
    faults.restore(saved)
    broken.stores.key_revocations.add_deployment()
    run = operation(broken.stores)
    saved, before = faults.save(), faults.kept()
    line.mend()
    right, after, requests = _outcome(run), faults.kept(), tuple(line.sent)
    assert requests
    wrong = []
    cases = ((at, fault) for at, request in enumerate(requests) for fault in faults.faults_of(request))
    for (at, fault), times in itertools.product(cases, (1, 3)):
        faults.restore(saved)
        line.mend(fault, at, times)
        outcome, found = _outcome(run), faults.kept()
        passed = outcome == right and found == after
        if not passed and not (outcome is Unavailable and found in (before, after)):
            wrong.append(f"{requests[at]}, {fault}, {times} times: {outcome}")
    assert wrong == []


def test_two_calls_are_two_writes_although_they_say_the_same(broken: Broken) -> None:
    broken.line.mend()
    limit = Limit(2, NOW)
    counter = Counter("twice", {"s1": limit})
    assert [broken.stores.attempts.count(counter) for _ in range(3)] == [None, None, limit]
