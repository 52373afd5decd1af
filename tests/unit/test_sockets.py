"""Sockets open with a ticket or a token, and end with the session."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.stub import Stubber

from doorward.authorization import RequestCredentials
from doorward.aws.socket_gateway import ApiGatewaySockets
from doorward.errors import InsufficientScope, InvalidToken, MissingCredentials, Unavailable
from doorward.model import Principal, SocketGrant, TokenPair
from doorward.sockets.close import TOLD, CloseSockets
from doorward.sockets.connect import Connect
from doorward.sockets.events import answer_event, close_changed
from doorward.sockets.tickets import IssueSocketTicket
from tests.support.fakes import MemorySocketCloser, MemorySockets
from tests.support.people import PASSWORD
from tests.support.world import ACME, AUDIENCE, GLOBEX, ORIGIN, House, changed


@dataclass
class Harbour:
    """A house with sockets, and a user kim."""

    house: House
    closer: MemorySocketCloser = field(default_factory=MemorySocketCloser)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        house = self.house
        house.add_user("kim", roles=("user",))
        self.store = MemorySockets(house.world)
        self.issue = IssueSocketTicket(house.sessions, self.store, house.clock)
        self.connect = Connect(
            self.store, house.sessions, house.revocations, house.keyring, AUDIENCE, (ORIGIN,), house.clock
        )
        self.closing = CloseSockets(self.store, self.closer, house.revocations, house.clock, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.house.clock.advance(seconds)

    def sign_in(self, username: str = "kim", password: str = PASSWORD) -> tuple[TokenPair, Principal]:
        pair = self.house.sign_in(username, password).tokens
        return pair, self.house.principal(pair)

    def open(self, connection_id: str = "c1", username: str = "kim", password: str = PASSWORD) -> TokenPair:
        """Open a socket with a ticket; return the tokens of its session."""
        pair, principal = self.sign_in(username, password)
        self.connect(connection_id, self.issue(principal, ORIGIN), RequestCredentials("", "", origin=ORIGIN))
        return pair

    def changed(self, tenant: str | None = "acme", user_id: str | None = None) -> int:
        """Let the stream tell of a change."""
        what = f"user#{user_id}" if user_id else "00"
        pk = "deployment#00" if tenant is None else f"tenant#{tenant}#{what}"
        copies = ("deployment#01", "tenant#acme#01")
        return close_changed(self.closing, [pk, pk, *copies])

    def why(self, connection_id: str = "c1") -> str | None:
        told = self.closer.told.get(connection_id)
        return json.loads(told)["reason"] if told else None

    @property
    def admin(self) -> Principal:
        return self.house.caller()


@pytest.fixture
def harbour(house: House) -> Harbour:
    return Harbour(house)


PAGE = RequestCredentials("", "", origin=ORIGIN)


class TestTickets:
    def test_a_ticket_opens_one_socket_for_its_user_in_its_tenant(self, harbour: Harbour) -> None:
        pair, principal = harbour.sign_in()
        ticket = harbour.issue(principal, ORIGIN)
        grant = harbour.connect("c1", ticket, PAGE)
        assert (grant.username, grant.tenant_id, grant.subject.roles) == ("kim", ACME, ("user",))
        assert harbour.house.world.connections["c1"].grant == grant
        assert pair.access_token not in repr(harbour.house.world.tickets)
        with pytest.raises(InvalidToken) as caught:
            harbour.connect("c2", ticket, PAGE)
        assert caught.value.reason == "unknown_ticket"

    @pytest.mark.standard("ASVS 7.2.3")
    def test_a_ticket_is_of_256_random_bits(self, harbour: Harbour) -> None:
        principal = harbour.sign_in()[1]
        tickets = [harbour.issue(principal, ORIGIN).removeprefix("dwt1.") for _ in range(16)]
        secrets = [base64.urlsafe_b64decode(f"{ticket}=") for ticket in tickets]
        assert {len(secret) for secret in secrets} == {32}
        # Sixteen random bytes are all equal in one of 2**120 cases.
        assert all(len(set(column)) > 1 for column in zip(*secrets, strict=True))

    def test_of_twenty_sockets_with_one_ticket_one_opens(self, harbour: Harbour) -> None:
        ticket = harbour.issue(harbour.sign_in()[1], ORIGIN)
        barrier, opened = threading.Barrier(20), []

        def run(number: int) -> None:
            barrier.wait()
            try:
                opened.append(harbour.connect(f"c{number}", ticket, PAGE))
            except InvalidToken:
                return

        threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(opened) == len(harbour.house.world.connections) == 1

    def test_a_ticket_is_good_for_a_minute(self, harbour: Harbour) -> None:
        first, second = (harbour.issue(harbour.sign_in()[1], ORIGIN) for _ in range(2))
        harbour.house.clock.advance(59.9)
        assert harbour.connect("c1", first, PAGE)
        harbour.house.clock.advance(0.1)
        with pytest.raises(InvalidToken) as caught:
            harbour.connect("c2", second, PAGE)
        assert caught.value.reason == "expired_ticket"

    @pytest.mark.parametrize("origin", [None, "https://evil.example", "https://app.example.", "null"])
    def test_a_ticket_is_for_its_own_page_and_used_up_by_another(self, harbour: Harbour, origin: str | None) -> None:
        ticket = harbour.issue(harbour.sign_in()[1], ORIGIN)
        with pytest.raises(InvalidToken) as caught:
            harbour.connect("c1", ticket, RequestCredentials("", "", origin=origin))
        assert caught.value.reason == "ticket_of_another_origin"
        with pytest.raises(InvalidToken):
            harbour.connect("c1", ticket, PAGE)

    def test_a_ticket_asked_for_without_a_page_is_for_none(self, harbour: Harbour) -> None:
        ticket = harbour.issue(harbour.sign_in()[1], None)
        assert harbour.connect("c1", ticket, RequestCredentials("", ""))

    @pytest.mark.parametrize("ticket", ["x", "dwt1.", "x" * 100_000, "é", "\0"])
    def test_what_was_not_given_out_opens_nothing(self, harbour: Harbour, ticket: str) -> None:
        with pytest.raises(InvalidToken):
            harbour.connect("c1", ticket, PAGE)
        assert not harbour.house.world.connections

    def test_a_ticket_dies_with_its_session(self, harbour: Harbour) -> None:
        pair, principal = harbour.sign_in()
        ticket = harbour.issue(principal, ORIGIN)
        harbour.house.log_out(harbour.house.principal(pair), everywhere=False)
        with pytest.raises(InvalidToken) as caught:
            harbour.connect("c1", ticket, PAGE)
        assert caught.value.reason == "session_ended"
        assert not harbour.house.world.connections
        with pytest.raises(InvalidToken):
            harbour.issue(principal, ORIGIN)

    def test_a_service_gets_none(self, harbour: Harbour) -> None:
        admin = harbour.sign_in("acme-admin", "admin123")[1]
        text, _ = harbour.house.service_tokens.mint(admin, ACME, "ci", None)
        service = harbour.house.authorize(RequestCredentials("GET", "/", (f"Bearer {text}",)))
        with pytest.raises(InsufficientScope):
            harbour.issue(service, None)

    def test_a_ticket_dies_with_the_token_that_got_it_and_with_any_key(self, harbour: Harbour) -> None:
        pair, principal = harbour.sign_in()
        first, second = harbour.issue(principal, ORIGIN), harbour.issue(principal, ORIGIN)
        harbour.house.revoke(pair.access_token)
        with pytest.raises(InvalidToken) as caught:
            harbour.connect("c1", first, PAGE)
        assert caught.value.reason == "token_revoked"
        other = harbour.issue(harbour.sign_in()[1], ORIGIN)
        harbour.house.rotate_signing_keys.revoke(harbour.house.claims(pair).kid)
        for ticket in (second, other):
            with pytest.raises(InvalidToken) as caught:
                harbour.connect("c1", ticket, PAGE)
            assert caught.value.reason == "key_revoked"
        assert not harbour.house.world.connections

    def test_revoking_the_token_closes_the_socket_that_its_ticket_opened(self, harbour: Harbour) -> None:
        pair = harbour.open()
        harbour.house.revoke(pair.access_token)
        assert harbour.changed("acme", harbour.house.claims(pair).user_id) == 1
        assert harbour.why() == "signed_out"


class TestTokens:
    def shown(self, token: str, origin: str | None = None) -> RequestCredentials:
        return RequestCredentials("", "", (f"Bearer {token}",), origin=origin)

    def test_a_token_opens_a_socket_until_its_session_ends(self, harbour: Harbour) -> None:
        pair, _ = harbour.sign_in()
        grant = harbour.connect("c1", None, self.shown(pair.access_token))
        assert grant.ends_at_ms == harbour.house.clock() + 86_400_000
        assert harbour.connect("c2", None, self.shown(pair.access_token, ORIGIN))

    def test_a_service_tokens_socket_lives_as_long_as_the_token(self, harbour: Harbour) -> None:
        admin = harbour.sign_in("acme-admin", "admin123")[1]
        text, token = harbour.house.service_tokens.mint(admin, ACME, "ci", 600)
        assert harbour.connect("c1", None, self.shown(text)).ends_at_ms == token.expires_at * 1000

    def test_another_page_opens_nothing_with_a_token(self, harbour: Harbour) -> None:
        pair, _ = harbour.sign_in()
        with pytest.raises(InvalidToken) as caught:
            harbour.connect("c1", None, self.shown(pair.access_token, "https://evil.example"))
        assert caught.value.reason == "socket_of_another_origin"

    def test_nothing_bad_or_dead_opens_anything(self, harbour: Harbour) -> None:
        pair, principal = harbour.sign_in()
        with pytest.raises(MissingCredentials):
            harbour.connect("c1", None, RequestCredentials("", ""))
        harbour.house.log_out(principal, everywhere=False)
        for token in ("x.y.z", pair.access_token, pair.refresh_token):
            with pytest.raises(InvalidToken):
                harbour.connect("c1", None, self.shown(token))
        assert not harbour.house.world.connections

    def test_who_must_change_the_password_opens_nothing(self, harbour: Harbour) -> None:
        harbour.house.add_user("new", password_change_required=True)
        token = harbour.house.token("new", PASSWORD)
        with pytest.raises(InvalidToken):
            harbour.connect("c1", None, self.shown(token))


class TestClosing:
    def user_id(self, harbour: Harbour, pair: TokenPair) -> str:
        return harbour.house.claims(pair).user_id

    @pytest.mark.parametrize(
        ("what", "told"),
        [
            ("sign out", "signed_out"),
            ("sign out everywhere", "signed_out"),
            ("revoke the refresh token", "signed_out"),
            ("demote", "access_changed"),
            ("disable", "access_changed"),
            ("change the password", "access_changed"),
            ("delete", "access_changed"),
        ],
    )
    def test_what_ends_access_closes_the_users_sockets_and_no_others(
        self, harbour: Harbour, what: str, told: str
    ) -> None:
        house, pair = harbour.house, harbour.open("c1")
        harbour.open("c2", "acme-admin", "admin123")
        user_id = house.claims(pair).user_id
        changes: dict[str, Any] = {
            "demote": {"roles": ("auditor",)},
            "disable": {"status": "disabled"},
            "change the password": {"password": "another good password"},
        }
        if what in changes:
            house.change_user(harbour.admin, user_id, changed(**changes[what]))
        elif what == "delete":
            house.delete_user(harbour.admin, user_id)
        elif what.startswith("sign out"):
            house.log_out(house.principal(pair), everywhere=what.endswith("everywhere"))
        else:
            house.revoke(pair.refresh_token)
        assert harbour.changed("acme", user_id) == 1
        assert harbour.why() == told
        assert list(house.world.connections) == ["c2"]

    def test_one_of_two_sessions_signed_out_leaves_the_other(self, harbour: Harbour) -> None:
        first, _ = harbour.open("c1"), harbour.open("c2")
        harbour.house.log_out(harbour.house.principal(first), everywhere=False)
        assert harbour.changed("acme", self.user_id(harbour, first)) == 1
        assert harbour.why("c2") is None

    def test_a_disabled_tenant_closes_all_of_its_sockets(self, harbour: Harbour) -> None:
        harbour.open("c1")
        harbour.open("c2", "acme-admin", "admin123")
        harbour.open("c3", "globex-admin", "admin123")
        harbour.house.tenants.change(harbour.admin, ACME, {"status": "disabled"})
        assert harbour.changed("acme") == 2
        assert harbour.why("c1") == "tenant_disabled"
        assert [one.grant.tenant_id for one in harbour.house.world.connections.values()] == [GLOBEX]

    def test_a_revoked_key_closes_every_socket(self, harbour: Harbour) -> None:
        pair = harbour.open("c1")
        harbour.house.rotate_signing_keys.revoke(harbour.house.claims(pair).kid)
        assert harbour.changed(None) == 1
        assert harbour.why() == "access_changed"

    def test_the_end_of_everything_tells_sockets_that_they_are_signed_out(self, harbour: Harbour) -> None:
        harbour.open("c1")
        harbour.house.clock.advance(1)
        harbour.house.rotate_signing_keys.end_everything()
        assert harbour.changed(None) == 1
        assert harbour.why() == "signed_out"

    def test_a_change_that_concerns_nobody_closes_nothing(self, harbour: Harbour) -> None:
        pair = harbour.open()
        assert harbour.changed("acme", self.user_id(harbour, pair)) == 0
        assert harbour.changed("globex") == 0
        assert close_changed(harbour.closing, ["strange"]) == 0

    def test_each_socket_is_closed_when_its_session_ends_to_the_second(self, harbour: Harbour) -> None:
        harbour.open("c1")
        harbour.house.clock.advance(20)
        harbour.open("c2")
        harbour.open("c3", "acme-admin", "admin123")
        assert close_changed(harbour.closing, None) == 0
        harbour.house.clock.advance(86_400 - 20 - 45)
        harbour.house.clock.advance(30)
        assert close_changed(harbour.closing, None) == 3
        assert harbour.slept == [15, 20, 0]
        assert harbour.why("c2") == "expired"
        assert not harbour.house.world.connections

    def test_a_socket_that_cannot_be_closed_keeps_no_other_open(
        self, harbour: Harbour, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(4):
            harbour.open(f"c{number}")
        harbour.house.tenants.change(harbour.admin, ACME, {"status": "disabled"})
        told = harbour.closer.close

        def stuck(connection_id: str, message: str) -> None:
            if connection_id == "c0":
                raise Unavailable(reason="sockets:down")
            told(connection_id, message)

        monkeypatch.setattr(harbour.closer, "close", stuck)
        with pytest.raises(Unavailable):
            harbour.changed("acme")
        assert list(harbour.house.world.connections) == ["c0"]
        monkeypatch.undo()
        assert harbour.changed("acme") == 1

    def test_every_denial_of_a_socket_has_a_word_for_its_client(self) -> None:
        assert set(TOLD) >= {"key_revoked", "tenant_cut_off", "session_ended", "token_revoked", "user_cut_off"}


class TestEvents:
    def event(self, route: str, **more: Any) -> dict[str, Any]:
        return {"requestContext": {"routeKey": route, "connectionId": "c9", "requestId": "r"}, **more}

    def ask(self, harbour: Harbour, event: dict[str, Any]) -> dict[str, Any]:
        return answer_event(harbour.connect, harbour.store.remove, event)

    def test_the_handshake_answers_with_a_subprotocol_that_was_offered(self, harbour: Harbour) -> None:
        pair, principal = harbour.sign_in()
        query = {"ticket": harbour.issue(principal, ORIGIN)}
        headers = {"Origin": ORIGIN, "Sec-WebSocket-Protocol": "chat, more"}
        found = self.ask(harbour, self.event("$connect", headers=headers, queryStringParameters=query))
        assert found == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat"}}
        headers = {"Sec-WebSocket-Protocol": f"doorward, doorward.token.{pair.access_token}"}
        found = self.ask(harbour, self.event("$connect", headers=headers))
        assert found == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "doorward"}}
        assert self.ask(harbour, self.event("$connect", headers={"Authorization": f"Bearer {pair.access_token}"})) == {
            "statusCode": 200
        }

    @pytest.mark.parametrize(
        ("more", "status"),
        [
            ({}, 401),
            ({"headers": None, "queryStringParameters": None}, 401),
            ({"queryStringParameters": {"ticket": "x"}}, 403),
            ({"headers": {"Authorization": "Bearer x"}}, 403),
            ({"headers": {"Sec-WebSocket-Protocol": "doorward.token."}}, 403),
            ({"queryStringParameters": {"token": "x"}}, 401),
            ({"headers": {"Cookie": "__Host-doorward=x"}}, 401),
        ],
    )
    def test_a_refused_handshake_fails_with_a_status(self, harbour: Harbour, more: dict[str, Any], status: int) -> None:
        assert self.ask(harbour, self.event("$connect", **more)) == {"statusCode": status}
        assert not harbour.house.world.connections

    def test_a_closed_socket_is_forgotten_and_messages_are_taken(self, harbour: Harbour) -> None:
        harbour.open("c9")
        assert self.ask(harbour, self.event("$default", body="ping")) == {"statusCode": 200}
        assert harbour.house.world.connections
        assert self.ask(harbour, self.event("$disconnect")) == {"statusCode": 200}
        assert not harbour.house.world.connections


def test_a_grant_is_judged_like_the_token_that_it_came_from(harbour: Harbour) -> None:
    pair, _ = harbour.sign_in()
    grant = harbour.connect("c1", None, RequestCredentials("", "", (f"Bearer {pair.access_token}",)))
    claims = harbour.house.claims(pair)
    same = ("user_id", "tenant_id", "session_id", "token_id", "epochs", "kid", "roles")
    assert isinstance(grant, SocketGrant)
    assert [getattr(grant, name) for name in same] == [getattr(claims, name) for name in same]


def test_a_client_that_reads_nothing_is_closed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    sockets = ApiGatewaySockets("http://127.0.0.1:1")
    with Stubber(sockets._client) as stubbed:
        stubbed.add_client_error("post_to_connection", "LimitExceededException", http_status_code=429)
        stubbed.add_response("delete_connection", {}, {"ConnectionId": "c1"})
        sockets.close("c1", "bye")
        stubbed.add_response("post_to_connection", {})
        stubbed.add_client_error("delete_connection", "GoneException", http_status_code=410)
        sockets.close("c1", "bye")
        stubbed.add_response("post_to_connection", {})
        stubbed.add_client_error("delete_connection", "InternalServerError", http_status_code=500)
        with pytest.raises(Unavailable):
            sockets.close("c1", "bye")
        stubbed.assert_no_pending_responses()
