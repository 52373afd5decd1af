"""Every request of an acceptance fails in every way: all of it happened or nothing did, and nobody is told wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from doorward.accounts.create import CreateUser
from doorward.accounts.invitations import AdministerInvitations, NewInvitation
from doorward.authorization import Authorize, RequestCredentials
from doorward.errors import DoorwardError, Unavailable
from doorward.model import PLATFORM_ADMIN, Authentication, Principal, SessionId, Subject, UserRecord
from doorward.proofs.check import CheckProof
from doorward.proofs.invitations import AcceptInvitation
from doorward.proofs.invited import NewMember
from doorward.sessions.begin import BeginSession, Client
from doorward.sessions.family import EndFamily
from doorward.tokens.proofs import MintProofs
from tests.contract.conftest import Stores, on_dynamodb
from tests.support import faults
from tests.support.aws import make_tables
from tests.support.makers import ACME, GLOBEX, membership, record, tenant, user
from tests.support.people import PASSWORD
from tests.support.world import AUDIENCE, ORIGIN, House

WAYS = ("somebody new", "a user who exists")


@dataclass
class Scene:
    """An invitation on DynamoDB, over a line that can be broken."""

    house: House
    stores: Stores
    line: faults.Line

    def __post_init__(self) -> None:
        house, stores = self.house, self.stores
        self.boss, self.kim = user(platform_admin=True), user((GLOBEX,), username="kim")
        stores.key_revocations.add_deployment()
        for tenant_id in (ACME, GLOBEX):
            stores.tenants.add(tenant(tenant_id))
        stores.writer.add(UserRecord(self.boss, (membership(self.boss, roles=("admin",)),)), None)
        stores.writer.add(record(self.kim), None)
        subject = Subject(self.boss.id, "boss", ACME, ("admin", PLATFORM_ADMIN), SessionId("s"))
        young = Authentication(house.clock() // 1000, ("pwd",), "1fa")
        self.principal = Principal(subject=subject, authentication=young)
        mint = MintProofs(house.proof_texts, house.clock)
        self.administer = AdministerInvitations(
            stores.invitations,
            stores.tenants,
            stores.directory,
            mint,
            stores.attempts,
            house.throttles,
            house.clock,
            mail_is_on=False,
        )
        end_family = EndFamily(stores.sessions, house.clock)
        self.accept = AcceptInvitation(
            CheckProof(stores.proofs, house.proof_texts, stores.attempts, house.throttles, house.clock),
            stores.invitations,
            stores.reader,
            stores.directory,
            stores.policies,
            CreateUser(stores.writer, house.hasher, house.judge, stores.policies, house.clock),
            house.clock,
            stores.writer,
            BeginSession(
                stores.sessions,
                house.devices,
                house.minter,
                end_family,
                house.clock,
                86_400,
                house.notices,
                house.ask_for_factor,
            ),
            Authorize(house.keyring, stores.revocation_reader, stores.session_reader, AUDIENCE, (ORIGIN,), house.clock),
        )
        self.sent = self.administer.make(self.principal, ACME, NewInvitation("ann@people.example"))

    def run(self, way: str) -> object:
        """Accept the invitation."""
        token = self.sent.token or ""
        if way == "somebody new":
            return self.accept.as_new_user(token, None, NewMember(Client("192.0.2.1"), PASSWORD, "ann"))
        return self.accept.as_user(token, None, RequestCredentials("POST", "/", authorization=("Bearer kim",)))

    def happened(self) -> tuple[bool, bool, bool]:
        """Return whether the invitation is accepted, whether its proof is used, and whether somebody entered."""
        invitation = self.stores.invitations.get(ACME, self.sent.invitation.id)
        proof = self.stores.proofs.get(self.sent.invitation.proof_id)
        assert invitation is not None
        assert proof is not None
        members = {one.user.id for one in self.stores.reader.list_by_tenant(ACME, 10, None).records} - {self.boss.id}
        assert members == ({invitation.accepted_by} if invitation.accepted_by else set())
        return invitation.status == "accepted", proof.used_at_ms is not None, bool(members)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """The scene on the client that the function has; `test_lost_answers` compares the clients."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        names = make_tables(boto3.client("dynamodb"))
        line = faults.Line()
        found = Scene(House(), on_dynamodb(line.signed(), names), line)

        def recognise(_: Authorize, __: RequestCredentials) -> Principal:
            found.stores.revocation_reader.get(GLOBEX, found.kim.id)
            return Principal(subject=Subject(found.kim.id, "kim", GLOBEX, ("user",), SessionId("s")))

        patch.setattr(Authorize, "__call__", recognise)
        yield found


def _cases(requests: Sequence[str]) -> Iterator[tuple[int, str, int]]:
    """Return which request fails, how, and how often: a write once too, and then passes."""
    for at, request in enumerate(requests):
        often = (3,) if request in {"GetItem", "BatchGetItem"} else (1, 3)
        yield from ((at, fault, times) for fault, times in itertools.product(faults.faults_of(request), often))


def _outcome(run: Callable[[], Any]) -> type[DoorwardError] | None:
    try:
        run()
    except DoorwardError as error:
        return type(error)
    return None


@pytest.mark.parametrize("way", WAYS)
def test_a_lost_answer_never_leaves_an_acceptance_half_done(scene: Scene, way: str) -> None:
    line = scene.line
    saved = faults.save()
    line.mend()
    assert _outcome(lambda: scene.run(way)) is None
    requests = tuple(line.sent)
    assert requests.count("TransactWriteItems") == 1
    line.mend()
    assert scene.happened() == (True, True, True)
    wrong = []
    for at, fault, times in _cases(requests):
        faults.restore(saved)
        line.mend(fault, at, times)
        outcome = _outcome(lambda: scene.run(way))
        line.mend()
        happened = scene.happened()
        # Where the session of somebody new could not be stored, the user is there, and signs in with the password.
        right = (
            happened == (True, True, True) if outcome is None else outcome is Unavailable and len(set(happened)) == 1
        )
        if not right:
            wrong.append(f"{requests[at]}, {fault}, {times} times: {outcome}, {happened}")
    faults.restore(saved)
    assert wrong == []
