"""Whoever leaves is gone in the end, whichever request of whichever step is lost: the call is repeated, and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from doorward.accounts.delete import DeleteUser, RemoveUser
from doorward.accounts.membership import AssignTenants
from doorward.accounts.remove_tenant import RemoveTenant
from doorward.errors import NotFound, Unavailable
from doorward.model import Notification, Principal, ServiceToken, SessionId, Subject, TokenId, UserId, UserRecord
from doorward.tokens.proofs import Notices
from tests.contract.conftest import Stores, on_dynamodb
from tests.support import faults
from tests.support.aws import make_tables
from tests.support.fakes import FakeClock
from tests.support.makers import ACME, GLOBEX, NOW, membership, record, session, tenant, user

ROOT = Principal(subject=Subject(UserId("0" * 26), "root", ACME, ("platform_admin",), SessionId("s")))


@dataclass
class Leaving:
    """What removes users and tenants, over a line that can be broken."""

    stores: Stores
    line: faults.Line

    def remove_user(self) -> RemoveUser:
        stores, clock = self.stores, FakeClock(NOW + 10)
        notices = Notices(clock, mail_is_on=False)  # the ids of mails are new each time
        return RemoveUser(stores.writer, stores.revocations, stores.belongings, notices, clock)

    def delete_user(self, user_id: UserId) -> Callable[[], Any]:
        unused: Any = None
        return lambda: DeleteUser(self.stores.reader, self.remove_user(), unused)(ROOT, user_id)

    def delete_tenant(self) -> Callable[[], Any]:
        stores, clock = self.stores, FakeClock(NOW + 10)
        assign = AssignTenants(stores.reader, stores.writer, stores.revocations, clock)
        remove = RemoveTenant(stores.tenants, stores.reader, self.remove_user(), assign, clock)
        return lambda: remove(ROOT, ACME)


@pytest.fixture(scope="module")
def leaving() -> Iterator[Leaving]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        names = make_tables(boto3.client("dynamodb"))
        line = faults.Line()
        yield Leaving(on_dynamodb(line.boto(), names), line)


def _people(stores: Stores) -> UserId:
    """Store a user of one tenant and one of two, with all that users and tenants have; return the first."""
    for tenant_id in (ACME, GLOBEX):
        stores.tenants.add(tenant(tenant_id))
    bob, kim = user(username="bob", email="bob@acme.example"), user((ACME, GLOBEX), username="kim")
    stores.writer.add(record(bob), "hash")
    stores.writer.add(UserRecord(kim, (membership(kim), membership(kim, GLOBEX))), "hash")
    for begun in (session(bob), session(kim), session(kim, GLOBEX)):
        stores.sessions.add(begun)
    for number, owner in enumerate((bob.id, kim.id, None)):
        stores.notifications.add(Notification(ACME, f"{number:026}", owner, "t", "b", NOW))
    stores.service_tokens.add(ServiceToken(ACME, TokenId("0" * 26), "ci", bob.id, NOW, NOW // 1000 + 60))
    return bob.id


def _begin(leaving: Leaving) -> UserId:
    leaving.line.mend()
    for name in (saved := faults.save()):
        saved[name].clear()
    faults.restore(saved)
    leaving.stores.key_revocations.add_deployment()
    return _people(leaving.stores)


def _kept() -> dict[str, Any]:
    """Return what is kept, without the times at which access was cut off: a repetition cuts off later."""
    return {name: items for name, items in faults.kept().items() if name != "RevocationsTable"}


def _until_gone(run: Callable[[], Any], line: faults.Line) -> int:
    """Repeat a call until nothing is left, mend the line after the first one, and return how often it was sent."""
    for times in range(1, 6):
        try:
            left = run()
        except Unavailable:
            left = "something"
        except NotFound:
            left = None
        line.mend()
        if left is None:
            return times
    raise AssertionError("something is left")


def _hold(leaving: Leaving, run: Callable[[], Any]) -> None:
    saved = faults.save()
    leaving.line.mend()
    assert run() is None
    right, requests = _kept(), tuple(leaving.line.sent)
    wrong = []
    for at, request in enumerate(requests):
        # What else can become of a request is one of these two, as test_lost_answers.py shows.
        for fault in {"lost before it was done", "lost after it was done"} & {*faults.faults_of(request)}:
            faults.restore(saved)
            leaving.line.mend(fault, at, 3)
            _until_gone(run, leaving.line)
            if _kept() != right:
                wrong.append(f"{request} {at}, {fault}")
    assert wrong == []


def test_a_user_is_gone_in_the_end_whatever_was_lost(leaving: Leaving) -> None:
    _hold(leaving, leaving.delete_user(_begin(leaving)))


def test_a_tenant_is_gone_in_the_end_whatever_was_lost(leaving: Leaving) -> None:
    _begin(leaving)
    leaving.stores.tenants.change(tenant(), replace(tenant(), status="disabled", version=2), NOW)
    _hold(leaving, leaving.delete_tenant())
    assert leaving.stores.tenants.get(ACME) is None
