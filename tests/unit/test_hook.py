"""A deployment's own function, which is asked before a user's access token is minted."""

from __future__ import annotations

import datetime as dt
import json
import logging
import runpy
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from doorward.aws.endpoints import Credentials, Endpoint
from doorward.aws.signature import Signer
from doorward.aws.token_hook import LambdaTokenHook
from doorward.errors import InvalidCredentials, InvalidGrant, Misconfigured, TooManyAttempts, Unavailable
from doorward.model import Session
from doorward.model.changes import NewUser
from doorward.rules.hook import MAX_ANSWER_BYTES, MAX_CLAIMS_BYTES, read_hook_answer
from doorward.sessions.hook import AskHook, HookFailed
from doorward.settings import Settings
from tests.support.people import PASSWORD
from tests.support.wire import CLOSE, HANG, Wire, http, wire
from tests.support.world import ACME, GLOBEX, House
from tests.unit.test_architecture import ROOT

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:claims:live"
PATH = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Aclaims%3Alive/invocations"
NOTHING = b'{"claims": {}}'


@dataclass
class MemoryHook:
    """A function in memory: it answers what it is told to, and remembers what it was asked."""

    answer: bytes | str = NOTHING
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def ask(self, question: Mapping[str, Any]) -> bytes:
        self.asked.append(json.loads(json.dumps(question)))
        if isinstance(self.answer, str):
            raise HookFailed(self.answer)
        return self.answer


@pytest.fixture
def hook() -> MemoryHook:
    return MemoryHook()


def _hooked(house: House, hook: MemoryHook, on_failure: Literal["deny", "skip"] = "deny") -> House:
    """Return the same deployment, with a hook."""
    found = House(house.clock, house.world)
    found.minter = replace(found.minter, ask=AskHook(hook, on_failure))
    return found


@pytest.fixture
def hooked(house: House, hook: MemoryHook) -> House:
    house.add_user("kim")
    return _hooked(house, hook)


def _session(house: House, name: str) -> list[Session]:
    user_id = next(user.id for user in house.world.users.values() if user.username == name)
    return [session for ref, session in house.world.sessions.items() if ref.user_id == user_id]


def test_signing_in_refreshing_and_switching_ask_once_each_and_say_who_gets_the_token(
    house: House, hook: MemoryHook
) -> None:
    wanted = NewUser(PASSWORD, username="kim", tenant_id=ACME, profile={"email": "Kim@acme.example", "locale": "de"})
    kim = house.create_user(house.caller(), wanted).user
    house.change(house.caller("acme-admin"), kim.id, metadata={"plan": "gold"})
    house.assign.put(house.caller(), kim.id, GLOBEX, ("auditor",))
    hooked = _hooked(house, hook)
    pair = hooked.refresh(hooked.sign_in("kim", PASSWORD).tokens.refresh_token)
    hooked.switch(pair.refresh_token, GLOBEX)
    asked = {
        "event": "token",
        "user": {
            "id": kim.id,
            "username": "kim",
            "email": "Kim@acme.example",
            "email_verified": False,
            "display_name": None,
            "locale": "de",
            "platform_admin": False,
            "home_tenant_id": "acme",
        },
        "tenant_id": "acme",
        "session_id": pair.session_id,
        "roles": ["user"],
        "metadata": {"plan": "gold"},
    }
    assert hook.asked == [asked, asked, {**asked, "tenant_id": "globex", "roles": ["auditor"]}]


def test_a_platform_administrator_is_in_no_tenant(house: House, hook: MemoryHook) -> None:
    _hooked(house, hook).sign_in("admin")
    assert (hook.asked[0]["tenant_id"], hook.asked[0]["user"]["home_tenant_id"]) == (None, None)


def test_what_the_function_adds_is_under_ext_and_changes_nothing_else(hooked: House, hook: MemoryHook) -> None:
    added = {"tier": 2, "share": 0.5, "beta": True, "user_id": "somebody", "tenant_id": "globex", "roles": "admin"}
    hook.answer = json.dumps({"claims": added}).encode()
    pair = hooked.sign_in("kim", PASSWORD).tokens
    claims = hooked.claims(pair)
    assert claims.ext == added
    assert (claims.username, claims.tenant_id, claims.roles) == ("kim", ACME, {"user"})
    assert hooked.principal(pair).ext == added
    hook.answer = NOTHING
    assert hooked.claims(hooked.refresh(pair.refresh_token)).ext == {}


def test_service_tokens_ask_nobody(hooked: House, hook: MemoryHook) -> None:
    admin = hooked.caller("acme-admin")
    hook.asked.clear()
    hooked.service_tokens.mint(admin, ACME, "ci", None)
    assert hook.asked == []


def test_a_denied_sign_in_is_wrong_credentials_and_leaves_no_session(
    hooked: House, hook: MemoryHook, caplog: pytest.LogCaptureFixture
) -> None:
    before = _session(hooked, "kim")
    hook.answer = b'{"deny": "subscription_ended"}'
    caplog.set_level(logging.INFO)
    with pytest.raises(InvalidCredentials) as caught:
        hooked.sign_in("kim", PASSWORD)
    assert caught.value.detail == InvalidCredentials.default_detail
    assert "subscription" not in caught.value.detail
    assert _session(hooked, "kim") == before
    events = {line.audit["event"]: line.audit for line in caplog.records if hasattr(line, "audit")}
    assert events["token_denied"]["reason"] == "subscription_ended"
    assert "signed_in" not in events


def test_denied_sign_ins_count_as_guesses_do(hooked: House, hook: MemoryHook) -> None:
    hook.answer = b'{"deny": "subscription_ended"}'
    stranger = "198.51.100.7"
    for _ in range(10):
        with pytest.raises(InvalidCredentials):
            hooked.sign_in("kim", PASSWORD, source=stranger)
    with pytest.raises(TooManyAttempts):
        hooked.sign_in("kim", PASSWORD, source=stranger)


def test_a_denied_refresh_spends_nothing(hooked: House, hook: MemoryHook) -> None:
    pair = hooked.sign_in("kim", PASSWORD).tokens
    hook.answer = b'{"deny": "subscription_ended"}'
    for _ in range(2):
        hooked.clock.advance(60)
        with pytest.raises(InvalidGrant) as caught:
            hooked.refresh(pair.refresh_token)
        assert (caught.value.reason, caught.value.detail) == ("denied_by_hook", InvalidGrant.default_detail)
    hook.answer = NOTHING
    assert hooked.refresh(pair.refresh_token).refresh_token != pair.refresh_token


def test_a_denied_switch_spends_nothing(house: House, hook: MemoryHook) -> None:
    kim = house.add_user("kim")
    house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
    hooked = _hooked(house, hook)
    pair = hooked.sign_in("kim", PASSWORD).tokens
    hook.answer = b'{"deny": "not_there"}'
    with pytest.raises(InvalidGrant):
        hooked.switch(pair.refresh_token, GLOBEX)
    hooked.clock.advance(60)
    hook.answer = NOTHING
    assert hooked.refresh(pair.refresh_token)


WRONG: Mapping[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "neither": b"{}",
    "both": b'{"claims": {}, "deny": "x"}',
    "another word": b'{"claims": {}, "denied": "x"}',
    "a reason in words": b'{"deny": "No, thank you."}',
    "an empty reason": b'{"deny": ""}',
    "a nested claim": b'{"claims": {"a": {"b": 1}}}',
    "a list as claim": b'{"claims": {"a": ["b"]}}',
    "null as claim": b'{"claims": {"a": null}}',
    "claims in a list": b'{"claims": []}',
    "no number": b'{"claims": {"a": NaN}}',
    "too large a number": b'{"claims": {"a": 1e999}}',
    "a name that is none": b'{"claims": {"a b": 1}}',
    "a name twice": b'{"claims": {"a": 1, "a": 2}}',
    "a member twice": b'{"claims": {}, "claims": {}}',
    "too many claims": json.dumps({"claims": {"a": "x" * MAX_CLAIMS_BYTES}}).encode(),
    "too long an answer": json.dumps({"deny": "x"}).encode() + b" " * MAX_ANSWER_BYTES,
    "too deep": b"[" * 2000,
    "no text": b'{"deny": "\xff"}',
}


@pytest.mark.parametrize("name", WRONG)
def test_an_answer_that_is_none_lets_nobody_in_and_ends_nothing(hooked: House, hook: MemoryHook, name: str) -> None:
    pair = hooked.sign_in("kim", PASSWORD).tokens
    hook.answer = WRONG[name]
    with pytest.raises(Unavailable) as caught:
        hooked.sign_in("kim", PASSWORD)
    assert caught.value.reason == "token_hook:malformed_answer"
    with pytest.raises(Unavailable):
        hooked.refresh(pair.refresh_token)
    hooked.clock.advance(60)
    hook.answer = NOTHING
    assert hooked.refresh(pair.refresh_token)


def test_a_function_that_fails_is_logged_and_counts_no_guess(
    hooked: House, hook: MemoryHook, caplog: pytest.LogCaptureFixture
) -> None:
    hook.answer = "TimeoutError"
    caplog.set_level(logging.INFO)
    for _ in range(12):
        with pytest.raises(Unavailable):
            hooked.sign_in("kim", PASSWORD)
    failed = [line.audit for line in caplog.records if hasattr(line, "audit")]
    assert {(found["event"], found["reason"], found["decided"]) for found in failed} == {
        ("token_hook_failed", "TimeoutError", "deny")
    }


@pytest.mark.parametrize("answer", ["TimeoutError", b"null"])
def test_a_deployment_can_do_without_what_a_failing_function_would_have_added(
    house: House, hook: MemoryHook, answer: bytes | str
) -> None:
    hook.answer = answer
    hooked = _hooked(house, hook, "skip")
    assert hooked.claims(hooked.sign_in("acme-admin").tokens).ext == {}
    hook.answer = b'{"deny": "no"}'
    with pytest.raises(InvalidCredentials):
        hooked.sign_in("acme-admin")


def test_claims_at_the_bound_are_taken() -> None:
    claims = {"a": "x" * (MAX_CLAIMS_BYTES - len('{"a":""}'))}
    assert read_hook_answer(json.dumps({"claims": claims}).encode()).claims == claims
    with pytest.raises(ValueError, match="too many"):
        read_hook_answer(json.dumps({"claims": {"a": claims["a"] + "x"}}).encode())


@pytest.fixture
def server() -> Iterator[Wire]:
    with wire() as found:
        yield found


def _over(server: Wire, timeout_seconds: float = 20) -> LambdaTokenHook:
    endpoint = Endpoint("lambda", "eu-central-1", server.url)
    return LambdaTokenHook(ARN, endpoint, lambda: Credentials("AKID", "secret", "t"), timeout_seconds=timeout_seconds)


def test_the_function_is_asked_by_one_signed_request_on_a_connection_that_stays(server: Wire) -> None:
    server.script = [http(200, {"claims": {"a": 1}}), http(200, {"deny": "no"})]
    hook = _over(server)
    assert json.loads(hook.ask({"event": "token", "user": {"username": "zoë"}})) == {"claims": {"a": 1}}
    assert json.loads(hook.ask({})) == {"deny": "no"}
    hook.close()
    first, _ = server.asked
    assert first.head == f"POST {PATH} HTTP/1.1"
    assert first.body == {"event": "token", "user": {"username": "zoë"}}
    assert "x-amz-target" not in first.headers
    assert "/eu-central-1/lambda/aws4_request" in first.headers["authorization"]
    assert server.connections == 1


def test_the_signature_of_a_path_is_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    now = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
    url = "https://lambda.eu-central-1.amazonaws.com"
    signer = Signer(Endpoint("lambda", "eu-central-1", url), lambda: Credentials("AKID", "secret", "t"), now.timestamp)
    ours = signer.sign(None, "application/json", b"{}", PATH)
    request = AWSRequest("POST", url + PATH, headers={"Content-Type": "application/json"}, data=b"{}")
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: now.replace(tzinfo=None))
    SigV4Auth(BotoCredentials("AKID", "secret", "t"), "lambda", "eu-central-1").add_auth(request)
    theirs = {name.lower(): value for name, value in request.headers.items()}
    assert {name: value for name, value in ours.items() if name != "host"} == theirs


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (http(200, {"errorMessage": "boom"}, "X-Amz-Function-Error: Unhandled"), "function_error"),
        (http(429, {"message": "Rate exceeded"}), "429"),
        (http(403, {}), "403"),
        (http(500, {}), "500"),
        (http(202, b""), "202"),
        (b"x\r\n", "no HTTP"),
    ],
)
def test_whatever_is_no_answer_of_the_function_is_a_failure(server: Wire, step: bytes, reason: str) -> None:
    server.script = [step]
    hook = _over(server)
    with pytest.raises(HookFailed) as caught:
        hook.ask({})
    hook.close()
    assert caught.value.reason == reason
    assert len(server.asked) == 1


def test_a_connection_that_was_closed_meanwhile_is_opened_again_once(server: Wire) -> None:
    hook = _over(server)
    server.script = [CLOSE, http(200, {"claims": {}})]
    assert hook.ask({}) == http(200, {"claims": {}}).partition(b"\r\n\r\n")[2]
    server.script = [CLOSE, CLOSE]
    with pytest.raises(HookFailed):
        hook.ask({})
    hook.close()


def test_a_function_is_waited_for_no_longer_than_the_deployment_says(server: Wire) -> None:
    server.script = [HANG]
    hook, began = _over(server, 0.2), time.monotonic()
    with pytest.raises(HookFailed) as caught:
        hook.ask({})
    assert caught.value.reason == "TimeoutError"
    assert len(server.asked) == 1
    assert time.monotonic() - began < 5


def test_nobody_who_has_no_hook_imports_or_calls_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    assert house.refresh(house.sign_in("acme-admin").tokens.refresh_token)
    code = (
        "import os, sys, functions.login.app, functions.refresh.app\n"
        "from doorward.settings import Settings\n"
        "os.environ.update(AWS_REGION='x', AWS_ACCESS_KEY_ID='x', AWS_SECRET_ACCESS_KEY='x')\n"
        "names = [n for n in Settings.__dataclass_fields__ if n.endswith(('_table', '_secret_id'))]\n"
        "settings = Settings(**dict.fromkeys(names, 'x'), token_hook_arn=sys.argv[1])\n"
        "for app in (functions.login.app, functions.refresh.app):\n"
        "    app.wire(settings)\n"
        "print(sorted(name for name in sys.modules if 'hook' in name))"
    )
    for arn, modules in (
        ("", "[]"),
        (ARN, "['doorward.aws.token_hook', 'doorward.rules.hook', 'doorward.sessions.hook']"),
    ):
        command = [sys.executable, "-c", code, arn]
        path = f"{ROOT}:{ROOT / 'layers' / 'shared'}"
        ran = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == modules


def test_a_choice_that_is_none_stops_the_function() -> None:
    assert Settings.from_environment({"TOKEN_HOOK_FAILURE": "skip", "CLAIM_NAMES": "both"}).token_hook_failure == "skip"
    for name in ("TOKEN_HOOK_FAILURE", "CLAIM_NAMES"):
        with pytest.raises(Misconfigured):
            Settings.from_environment({name: "camel"})


class ExampleHook:
    """The function of examples/token-hook, as Lambda would run it."""

    def ask(self, question: Mapping[str, Any]) -> bytes:
        handler = runpy.run_path(str(ROOT / "examples" / "token-hook" / "app.py"))["handler"]
        return json.dumps(handler(json.loads(json.dumps(question)), None)).encode()


def test_the_example_gives_each_tenant_its_plan_and_denies_accounts_on_hold(house: House) -> None:
    kim = house.add_user("kim")
    hooked = House(house.clock, house.world)
    hooked.minter = replace(hooked.minter, ask=AskHook(ExampleHook()))
    pair = hooked.sign_in("kim", PASSWORD).tokens
    assert hooked.claims(pair).ext == {"plan": "business", "seats": 50, "exports": True}
    assert hooked.caller("globex-admin").ext["plan"] == "basic"
    assert hooked.caller("admin").ext == {}
    hooked.change(hooked.caller("acme-admin"), kim.user_id, metadata={"account": "on_hold"})
    with pytest.raises(InvalidCredentials):
        hooked.sign_in("kim", PASSWORD)
    with pytest.raises(InvalidGrant):
        hooked.refresh(pair.refresh_token)
