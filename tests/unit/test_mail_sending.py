"""How mails leave: who takes them over, what SES is told and answers, and what comes back."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from doorward.aws.mail import SesMails
from doorward.aws.mail_events import feedback_of
from doorward.errors import Conflict, Unavailable
from doorward.keys.mac import MacKeyring
from doorward.mail.feedback import Feedback, MarkAddress
from doorward.mail.sender import Mail, MailRefused
from doorward.model import UserId
from doorward.rules.proofs import with_proved_address, without_older_proofs
from doorward.tokens.proofs import ProofTexts
from tests.support.deployment import event
from tests.support.post import Post

ANN = "ann@people.example"
MAIL = Mail(
    sender="Acme <doorward@id.example>",
    to=ANN,
    reply_to=None,
    subject="Ihre Adresse",
    text="Grüße\n",
    html="<p>Grüße</p>\n",
    tags={"kind": "sign_up", "tenant": "acme"},
)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    return boto3.client("sesv2", region_name="us-east-1")


class TestSes:
    @pytest.mark.parametrize("reply_to", [None, "help@acme.example"])
    def test_a_mail_is_handed_over_with_its_header_and_without_tracking(self, ses: Any, reply_to: str | None) -> None:
        wanted = {
            "FromEmailAddress": "Acme <doorward@id.example>",
            "Destination": {"ToAddresses": [ANN]},
            "ReplyToAddresses": [reply_to] if reply_to else [],
            "Content": {
                "Simple": {
                    "Subject": {"Data": "Ihre Adresse", "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": "Grüße\n", "Charset": "UTF-8"},
                        "Html": {"Data": "<p>Grüße</p>\n", "Charset": "UTF-8"},
                    },
                    "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
                }
            },
            "ConfigurationSetName": "mails",
            "EmailTags": [{"Name": "kind", "Value": "sign_up"}, {"Name": "tenant", "Value": "acme"}],
        }
        with Stubber(ses) as stub:
            stub.add_response("send_email", {"MessageId": "m"}, wanted)
            SesMails("mails", ses).send(replace(MAIL, reply_to=reply_to))
            stub.assert_no_pending_responses()

    @pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
    def test_what_ses_will_never_take_is_refused(self, ses: Any, code: str) -> None:
        with Stubber(ses) as stub:
            stub.add_client_error("send_email", code, f"Email address is not verified: {ANN}")
            with pytest.raises(MailRefused) as refused:
                SesMails("mails", ses).send(MAIL)
        assert refused.value.reason == f"ses:{code}"

    @pytest.mark.parametrize(
        "code",
        [
            "TooManyRequestsException",
            "LimitExceededException",
            "SendingPausedException",
            "AccountSuspendedException",
            "MailFromDomainNotVerifiedException",
            "NotFoundException",
            "AccessDeniedException",
            "InternalFailure",
        ],
    )
    def test_what_may_be_repaired_may_be_tried_again(self, ses: Any, code: str) -> None:
        with Stubber(ses) as stub:
            stub.add_client_error("send_email", code)
            with pytest.raises(Unavailable) as failed:
                SesMails("mails", ses).send(MAIL)
        assert failed.value.reason == f"ses:{code}"

    @pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url="x"), EndpointConnectionError(endpoint_url="x")])
    def test_a_lost_answer_may_be_tried_again(
        self, ses: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def fail(**_: Any) -> None:
            raise error

        monkeypatch.setattr(ses, "send_email", fail)
        with pytest.raises(Unavailable):
            SesMails("mails", ses).send(MAIL)

    def test_its_own_client_sends_each_request_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        config = SesMails("mails")._client.meta.config
        assert config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]
        assert config.connect_timeout + config.read_timeout < 60  # type: ignore[attr-defined]


class TestTakingOver:
    def test_a_mail_that_was_sent_is_not_sent_again(self, post: Post) -> None:
        proof = post.asked("sign_up", address=ANN)
        assert len(post.sent(proof)) == 1
        assert post.sent(proof) == []

    def test_a_failed_mail_is_free_at_once(self, post: Post) -> None:
        proof = post.asked("sign_up", address=ANN)
        post.outbox.failures = [Unavailable(reason="ses:TooManyRequestsException")]
        with pytest.raises(Unavailable):
            post.send(proof.id)
        assert len(post.sent(proof)) == 1

    def test_a_mail_that_somebody_sends_now_is_left_to_them_for_a_minute(self, post: Post) -> None:
        proof = post.asked("sign_up", address=ANN)
        post.proofs.begin_mail(proof.id, post.house.clock())
        with pytest.raises(Unavailable):
            post.send(proof.id)
        assert post.outbox.tried == 0
        post.house.clock.advance(61)
        assert len(post.sent(proof)) == 1

    def test_a_programming_error_keeps_no_mail(self, post: Post) -> None:
        proof = post.asked("sign_up", address=ANN)
        post.outbox.failures = [ZeroDivisionError()]
        with pytest.raises(ZeroDivisionError):
            post.send(proof.id)
        assert len(post.sent(proof)) == 1

    def test_an_unknown_proof_is_no_mail(self, post: Post) -> None:
        post.send(post.mint("sign_up", post.asked("sign_up").tenant_id).id)
        assert post.outbox.tried == 0

    @pytest.mark.parametrize("address", [ANN, "x<victim@people.example>"])
    def test_a_refused_mail_is_over_and_told_without_its_address(
        self, post: Post, caplog: pytest.LogCaptureFixture, address: str
    ) -> None:
        caplog.set_level(logging.INFO)
        proof = post.asked("sign_up", address=address)
        post.outbox.failures = [MailRefused("ses:MessageRejected")]
        assert post.sent(proof) == []
        post.outbox.failures = []
        assert post.sent(proof) == []
        logged = [getattr(line, "audit", {}) for line in caplog.records]
        (told,) = [each for each in logged if each.get("event") == "mail_refused"]
        assert told["reason"] in {"ses:MessageRejected", "unmailable_address"}
        assert "people.example" not in caplog.text + str(told)

    def test_a_key_that_is_gone_ends_the_mail(self, post: Post, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        proof = post.asked("sign_up", address=ANN, details={})
        post.house.world.proofs[proof.id] = replace(proof, mac_kid="gone")
        assert post.sent(proof) == []
        assert any(getattr(line, "audit", {}).get("reason") == "mac_key_gone" for line in caplog.records)

    def test_nothing_that_is_logged_says_link_code_or_address(
        self, post: Post, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        proof = post.asked("sign_up", address=ANN)
        post.sent(proof)
        logged = json.dumps([[line.getMessage(), getattr(line, "audit", None)] for line in caplog.records])
        assert "mail_sent" in logged
        for secret in (post.texts.token(proof), post.texts.code(proof), ANN):
            assert secret not in logged


class TestFeedback:
    def _mark(self, post: Post, **changes: Any) -> bool:
        user_id = next(iter(sorted(post.house.world.users, reverse=True)))
        feedback = Feedback(user_id, ANN, "bounced", post.house.clock())
        return MarkAddress(post.house.users, post.house.users, post.house.clock)(replace(feedback, **changes))

    @pytest.mark.parametrize("state", ["bounced", "complained"])
    def test_an_address_that_takes_no_mails_is_marked(self, post: Post, state: str) -> None:
        user_id = post.add_user("ann", "Ann@People.example", email_verified_at_ms=1)
        assert self._mark(post, state=state)
        user = post.house.world.users[user_id]
        assert (user.email_state, user.email_verified_at_ms) == (state, 1)
        assert not self._mark(post, state=state)

    @pytest.mark.parametrize(
        "changes", [{"user_id": UserId("gone")}, {"address": "old@people.example"}, {"sent_at_ms": 5}]
    )
    def test_an_address_is_not_marked_that_is_gone_or_was_proved_since(
        self, post: Post, changes: dict[str, Any]
    ) -> None:
        user_id = post.add_user("ann", ANN, email_verified_at_ms=6)
        assert not self._mark(post, **changes)
        assert post.house.world.users[user_id].email_state is None

    def test_who_loses_a_race_looks_again_and_gives_up_in_the_end(
        self, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        post.add_user("ann", ANN)
        change, lost = post.house.users.change, [Conflict()] * 4

        def racing(*arguments: Any, **rest: Any) -> None:
            if lost:
                raise lost.pop()
            change(*arguments, **rest)

        monkeypatch.setattr(post.house.users, "change", racing)
        assert self._mark(post)
        lost += [Conflict()] * 5
        with pytest.raises(Conflict):
            self._mark(post, state="complained")

    def test_a_new_address_and_a_proved_one_take_mails_again(self, post: Post) -> None:
        user = post.house.world.users[post.add_user("ann", ANN, email_state="bounced")]
        assert with_proved_address(user, 7, by_owner=True) == replace(user, email_verified_at_ms=7, email_state=None)
        moved = without_older_proofs(user, replace(user, email="kim@people.example"), password_changed=False)
        assert moved.email_state is None
        kept = without_older_proofs(user, replace(user, email=ANN.upper()), password_changed=True)
        assert kept.email_state == "bounced"

    @pytest.mark.parametrize("name", ["bounced", "complained"])
    def test_an_event_of_ses_is_read(self, name: str) -> None:
        sent = event(f"mail_feedback_{name}")
        user_id = UserId("01M81HV2TRPXK019YWDYF7T8BY")
        assert feedback_of(sent) == Feedback(user_id, ANN, name, 1_795_680_000_000)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("name", "path", "value"),
        [
            ("bounced", ("bounce", "bounceType"), "Transient"),
            ("bounced", ("eventType",), "Delivery"),
            ("bounced", ("mail", "tags"), {"kind": ["sign_up"]}),
            ("bounced", ("mail", "destination"), []),
            ("complained", ("complaint", "complaintFeedbackType"), "not-spam"),
        ],
    )
    def test_what_is_no_reason_is_none(self, name: str, path: tuple[str, ...], value: object) -> None:
        sent = event(f"mail_feedback_{name}")
        place = sent["detail"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        assert feedback_of(sent) is None


def test_a_keyring_without_keys_lets_the_stream_try_again(post: Post) -> None:
    proof = post.asked("sign_up", address=ANN)
    post.texts = ProofTexts(MacKeyring(lambda: None, post.house.clock))
    with pytest.raises(Unavailable):
        post.send(proof.id)
