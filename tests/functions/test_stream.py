"""What streams tell functions: revocations the one that closes sockets, new proofs the one that sends mails."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from doorward.aws.mail import SesMails
from doorward.bootstrap.clock import clock
from doorward.bootstrap.sdk import SdkParts
from doorward.errors import Unavailable
from doorward.mail.sender import Mail
from doorward.model import TenantId
from doorward.settings import Settings
from doorward.tokens.proofs import MintProofs
from functions.close_sockets import app
from functions.send_mail import app as send_mail
from tests.support.deployment import Deployment, event
from tests.support.people import PASSWORD


def _record(kind: str, pk: str) -> dict[str, Any]:
    return {"eventName": kind, "dynamodb": {"Keys": {"pk": {"S": pk}}}}


@pytest.mark.parametrize(
    ("event", "keys"),
    [
        ({"detail-type": "Scheduled Event"}, None),
        ({"Records": []}, []),
        ({"Records": [_record("INSERT", "a"), _record("MODIFY", "b"), _record("REMOVE", "c")]}, ["a", "b"]),
    ],
)
def test_what_was_removed_is_over_already_and_changes_nothing(event: dict[str, Any], keys: list[str] | None) -> None:
    assert app._changed(event) == keys


class Post:
    """Sends the mails of proofs, and fails for some."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.asked: list[str] = []

    def __call__(self, proof_id: str) -> None:
        self.asked.append(proof_id)
        if proof_id in self.failing:
            raise Unavailable(reason="ses:TooManyRequestsException")


def _proof(number: int, kind: str = "INSERT") -> dict[str, Any]:
    keys = {"pk": {"S": f"proof#{number}"}}
    return {"eventName": kind, "dynamodb": {"Keys": keys, "SequenceNumber": f"s{number}"}}


def test_each_new_proof_is_one_mail_and_what_failed_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post("2", "4")
    monkeypatch.setattr(send_mail, "services", lambda: send_mail.Services(post))  # type: ignore[arg-type]
    records = [*map(_proof, range(1, 6)), _proof(6, "MODIFY"), _proof(7, "REMOVE")]
    answer = send_mail.handler({"Records": records}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "s2"}, {"itemIdentifier": "s4"}]}
    assert post.asked == ["1", "2", "3", "4", "5"]


def test_a_failure_that_is_a_bug_fails_the_batch_which_the_stream_then_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(send_mail, "services", lambda: SimpleNamespace(send=broken))
    with pytest.raises(ZeroDivisionError):
        send_mail.handler({"Records": [_proof(1)]}, None)


def test_a_mail_leaves_through_ses_once_however_often_the_stream_tells_of_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Mail] = []
    monkeypatch.setattr(SesMails, "send", lambda _, mail: sent.append(mail))
    parts = SdkParts(Settings.from_environment(os.environ))
    proof = MintProofs(parts.proof_texts, clock)("sign_up", TenantId("acme"), address="ann@people.example", locale="de")
    parts.proofs.add(proof)
    records = {"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": f"proof#{proof.id}"}}}}] * 2}
    for _ in range(2):
        assert deployment.raw("send_mail", records) == {"batchItemFailures": []}
    (mail,) = sent
    assert (mail.to, mail.sender) == ("ann@people.example", "acme <doorward@id.example>")
    assert f"https://id.example/links/sign-up?token={parts.proof_texts.token(proof)}&tenant=acme" in mail.text
    assert parts.proof_texts.code(proof) in mail.text


def test_what_comes_back_marks_the_users_address(deployment: Deployment) -> None:
    admin = deployment.context()
    wanted = {"username": "ann", "email": "ann@people.example", "password": PASSWORD, "tenant_id": "acme"}
    made = deployment.call("users", "POST", "/users", wanted, context=admin)["json"]
    told = event("mail_feedback_bounced")
    told["detail"]["mail"]["tags"]["user"] = [made["id"]]
    told["detail"]["mail"]["timestamp"] = "2099-01-01T00:00:00.000Z"
    assert [deployment.raw("mail_feedback", told)["marked"] for _ in range(2)] == [True, False]
    shown = deployment.call("users", "GET", f"/users/{made['id']}", context=admin)["json"]
    assert shown["email_state"] == "bounced"
    changed = {"email": "ann.new@people.example"}
    shown = deployment.call("users", "PATCH", f"/users/{made['id']}", changed, context=admin)["json"]
    assert "email_state" not in shown
