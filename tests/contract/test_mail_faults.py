"""Every request of sending a mail fails in every way: the mail comes, and twice only where an answer was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from doorward.errors import Unavailable
from doorward.keys.mac import MacKeyring, encode_mac_keys, generate_mac_key
from doorward.mail.choose import ChooseLetter
from doorward.mail.send import Office, SendMail
from doorward.mail.sender import Mail, MailRefused
from doorward.model.proofs import Proof
from doorward.proofs.subjects import FindSubject
from doorward.tokens.proofs import MintProofs, ProofTexts
from tests.contract.conftest import Stores, on_dynamodb
from tests.support import faults
from tests.support.aws import make_tables
from tests.support.fakes import FakeClock
from tests.support.makers import ACME, NOW, record, tenant, user

ANN = "ann@people.example"
_MINUTE_SECONDS = 61
_STREAM_TRIES = 20


@dataclass
class Line:
    """Hands mails over, some of them badly.

    Args:
        fault: what becomes of the first mails: `lost before`, `lost after` or `refused`.
        times: of how many.
    """

    fault: str = ""
    times: int = 0
    taken: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        broken, self.times = self.times > 0, self.times - 1
        if broken and self.fault == "refused":
            raise MailRefused("ses:MessageRejected")
        if broken and self.fault == "lost before":
            raise Unavailable(reason="ses:TooManyRequestsException")
        self.taken.append(mail)
        if broken:
            raise Unavailable(reason="ses:ReadTimeoutError")


@dataclass
class Post:
    """The sending of mails over a DynamoDB that can be broken."""

    stores: Stores
    dynamodb: faults.Line
    clock: FakeClock
    line: Line
    texts: ProofTexts

    def asked(self) -> Proof:
        self.dynamodb.mend()
        proof = MintProofs(self.texts, self.clock)("password_reset", ACME, email=ANN)
        self.stores.proofs.add(proof)
        self.line.taken.clear()
        self.dynamodb.mend()
        return proof

    def tell(self, proof: Proof) -> None:
        """Tell of a proof once, as the stream does."""
        stores = self.stores
        choose = ChooseLetter(
            FindSubject(stores.directory, stores.reader), stores.reader, stores.tenants, stores.policies, "x"
        )
        office = Office("doorward@id.example", "", "https://id.example/links")
        SendMail(stores.proofs, choose, self.texts, self.line, office, self.clock)(proof.id)

    def stream(self, proof: Proof) -> int:
        """Tell of a proof until it is taken, and return how often that was."""
        for tries in range(1, _STREAM_TRIES):
            try:
                self.tell(proof)
            except Unavailable:
                self.clock.advance(_MINUTE_SECONDS)
            else:
                return tries
        raise AssertionError("given up")


@pytest.fixture(scope="module")
def _broken() -> Iterator[Post]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        dynamodb, clock = faults.Line(), FakeClock(NOW)
        stores = on_dynamodb(dynamodb.boto(), make_tables(boto3.client("dynamodb")))
        stores.tenants.add(tenant())
        stores.writer.add(record(user(email=ANN)), None)
        secret = encode_mac_keys([generate_mac_key(NOW, "active")])
        yield Post(stores, dynamodb, clock, Line(), ProofTexts(MacKeyring(lambda: secret, clock)))


@pytest.fixture
def post(_broken: Post) -> Iterator[Post]:
    _broken.line = Line()
    _broken.clock.now_ms = NOW
    yield _broken
    _broken.dynamodb.mend()


def _requests(post: Post) -> list[str]:
    post.stream(post.asked())
    return post.dynamodb.sent[:]


def test_what_sending_one_mail_asks_of_dynamodb(post: Post) -> None:
    asked = ["UpdateItem", "GetItem", "GetItem", "BatchGetItem", "GetItem", "BatchGetItem", "UpdateItem"]
    assert _requests(post) == asked


def test_a_mail_comes_once_whichever_request_fails_once(post: Post) -> None:
    for at, operation in enumerate(_requests(post)):
        for fault in faults.faults_of(operation):
            proof = post.asked()
            post.dynamodb.mend(fault, at, 1)
            assert post.stream(proof) == 1, (at, operation, fault)
            assert len(post.line.taken) == 1, (at, operation, fault)


def test_a_mail_comes_once_at_whichever_request_the_line_breaks_until_the_next_try(post: Post) -> None:
    requests = _requests(post)
    for at, operation in enumerate(requests):
        for fault in faults.faults_of(operation):
            proof = post.asked()
            post.dynamodb.mend(fault, at, 1000)
            if at == len(requests) - 1:
                post.tell(proof)  # it was sent, and only the mark is missing
            else:
                with pytest.raises(Unavailable):
                    post.tell(proof)
                post.dynamodb.mend()
                post.clock.advance(_MINUTE_SECONDS)
                assert post.stream(proof) == 1, (at, operation, fault)
            assert len(post.line.taken) == 1, (at, operation, fault)


@pytest.mark.parametrize(("fault", "mails"), [("lost before", 1), ("lost after", 2), ("refused", 0)])
def test_a_mail_comes_twice_only_if_the_answer_of_ses_was_lost(post: Post, fault: str, mails: int) -> None:
    proof = post.asked()
    post.line.fault, post.line.times = fault, 1
    assert post.stream(proof) == (1 if fault == "refused" else 2)
    assert len(post.line.taken) == mails
    assert post.stream(proof) == 1  # the stream may tell of it again
    assert len(post.line.taken) == mails


def test_a_mail_whose_mark_is_lost_comes_twice_if_the_stream_repeats_itself(post: Post) -> None:
    proof = post.asked()
    post.dynamodb.mend("lost before it was done", 6, 1000)
    assert post.stream(proof) == 1
    post.dynamodb.mend()
    assert post.stream(proof) == 2  # the first try finds that somebody has it
    assert len(post.line.taken) == 2


def test_a_sender_that_died_takes_no_mail_along(post: Post) -> None:
    proof = post.asked()
    assert post.stores.proofs.begin_mail(proof.id, post.clock()) is not None
    assert post.stream(proof) == 2
    assert len(post.line.taken) == 1


def _taken_by_many(post: Post, proofs: list[Proof]) -> list[Any]:
    return [post.stream(proof) for proof in proofs for _ in range(2)]


def test_a_stream_that_tells_everything_twice_sends_everything_once(post: Post) -> None:
    proofs = [post.asked() for _ in range(5)]
    post.line.taken.clear()
    assert _taken_by_many(post, proofs) == [1] * 10
    assert len(post.line.taken) == 5
