"""Verifying outside AWS: keys and revocations over the network, kept, and never stale for long."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from doorward.errors import (
    InsufficientScope,
    InvalidToken,
    Misconfigured,
    MissingCredentials,
    PasswordChangeRequired,
    Unavailable,
)
from doorward.feed.publish import PublishFeed
from doorward.model import Head, Lives, Revoked, TenantId, UserId
from doorward.rules.feed import first_head
from doorward.tokens.feed import TYPE, sign_head, verify_head
from doorward.verifier import Verifier
from doorward.verifier.asgi import Protect
from doorward.verifier.issuer import public_keys, read_url
from tests.support.fronts import Stream, Wire, verifier
from tests.support.world import AUDIENCE, ISSUER, House
from tests.unit.test_shared_secret import SECRET

INVALID = b'Bearer error="invalid_token", error_description="The access token is invalid, expired or revoked."'
FEED, JWKS = "/.well-known/revocations", "/.well-known/jwks.json"


def first(house: House) -> Head:
    """Return an empty head."""
    return first_head(house.clock(), Lives(900, 86_400))


def fill(publish: PublishFeed, count: int, first: int = 0) -> None:
    """Publish that many sessions ended, of as many users."""
    end = publish._now() + 3720
    publish.add([Revoked(TenantId("t"), UserId(f"u{n}"), sessions={"s": end}) for n in range(first, first + count)])


def _wire(found: Verifier) -> Wire:
    assert isinstance(found._fetch, Wire)
    return found._fetch


class TestReach:
    @pytest.mark.standard("ASVS 7.4.1")
    def test_a_logout_is_honoured_within_the_interval(self, house: House) -> None:
        found, pair = verifier(house, interval_seconds=30), house.sign_in("acme-admin").tokens
        assert found.verify(pair.access_token)
        house.log_out(house.principal(pair), everywhere=False)
        house.clock.advance(29)
        assert found.verify(pair.access_token)
        house.clock.advance(1)
        with pytest.raises(InvalidToken) as caught:
            found.verify(pair.access_token)
        assert caught.value.reason == "session_ended"

    def test_without_the_feed_a_token_is_good_until_it_expires(self, house: House) -> None:
        found, pair = verifier(house, interval_seconds=None), house.sign_in("acme-admin").tokens
        house.log_out(house.principal(pair), everywhere=False)
        assert found.verify(pair.access_token)
        assert FEED not in _wire(found).reads
        house.clock.advance(900)
        with pytest.raises(InvalidToken):
            found.verify(pair.access_token)

    def test_nothing_is_read_while_what_is_known_is_fresh(self, house: House) -> None:
        found, token = verifier(house), house.token("acme-admin")
        for _ in range(100):
            found.verify(token)
        assert sorted(_wire(found).reads) == [JWKS, FEED]

    def test_an_unchanged_head_is_not_sent_again_and_signed_anew_now_and_then(self, house: House) -> None:
        found, token = verifier(house, interval_seconds=1), house.token("acme-admin")
        heads = []
        for _ in range(250):
            found.verify(token)
            heads.append(found._feed.head)
            house.clock.advance(1)
        assert len({id(head) for head in heads}) == 2


class TestOutages:
    def test_what_is_known_serves_for_a_while_and_then_nobody_is_let_in(self, house: House) -> None:
        found, token = verifier(house, max_staleness_seconds=120), house.token("acme-admin")
        found.verify(token)
        _wire(found).down = True
        house.clock.advance(149)
        assert found.verify(token)
        house.clock.advance(1)
        with pytest.raises(Unavailable) as caught:
            found.verify(token)
        assert caught.value.reason == "stale_revocations"
        _wire(found).down = False
        house.clock.advance(1)
        assert found.verify(token)

    def test_a_verifier_that_never_read_anything_lets_nobody_in(self, house: House) -> None:
        found, token = verifier(house), house.token("acme-admin")
        _wire(found).down = True
        with pytest.raises(Unavailable) as caught:
            found.verify(token)
        assert caught.value.reason == "unreachable_keys"

    def test_a_feed_that_is_down_is_asked_once_a_second(self, house: House) -> None:
        found, token = verifier(house), house.token("acme-admin")
        found.verify(token)
        house.clock.advance(30)
        _wire(found).down = True
        for _ in range(50):
            found.verify(token)
        assert _wire(found).reads.count(FEED) == 2

    @pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"keys": 7}', '{"keys": [7]}', "<html>"])
    def test_keys_that_are_none_change_nothing(self, house: House, text: str) -> None:
        found, token = verifier(house, interval_seconds=None), house.token("acme-admin")
        found.verify(token)
        _wire(found).replaced[JWKS] = text
        house.clock.advance(301)
        assert found.verify(token)

    def test_floods_of_unknown_kids_cause_one_read_a_minute(self, house: House) -> None:
        found, stranger = verifier(house), House()
        found.verify(house.token("acme-admin"))
        house.clock.advance(1)
        for _ in range(50):
            with pytest.raises(InvalidToken):
                found.verify(stranger.token("acme-admin"))
        assert _wire(found).reads.count(JWKS) == 2


class TestMalformedKeys:
    """Whatever an issuer publishes, the verifier says Unavailable or InvalidToken; and a good key beside it counts."""

    def bad(self, jwk: dict[str, Any]) -> dict[str, Any]:
        weak = rsa.generate_private_key(65_537, 1024)  # noqa: S505 - that it is weak is the point
        small = json.loads(RSAAlgorithm.to_jwk(weak.public_key()))
        other = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key()))
        private = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1())))
        names = ("kid", "alg", "kty", "crv", "x", "y")
        odd: tuple[Any, ...] = (None, 7, [], {}, "", "\u00e9", "AA")
        return {
            **{f"no {name}": {key: value for key, value in jwk.items() if key != name} for name in names},
            **{f"{name} is {value}": {**jwk, name: value} for name in names for value in odd},
            "a small key": {**small, "kid": jwk["kid"], "alg": "RS256"},
            "another curve": {**other, "kid": jwk["kid"], "alg": "ES256"},
            "a private key": {**private, "kid": "other", "alg": "ES256"},
            "another algorithm": {**jwk, "alg": "RS256"},
            "a secret": {"kty": "oct", "k": "AAAA", "kid": jwk["kid"], "alg": "ES256"},
            "no object": 7,
            "nothing": None,
        }

    @pytest.mark.standard("RFC 8725 3.4.a")
    def test_a_malformed_key_is_no_key_and_harms_no_other(self, house: House) -> None:
        token, good = house.token(), house.keyring.key_set().jwks()["keys"][0]
        for name, bad in self.bad(good).items():
            alone, beside = verifier(house, interval_seconds=None), verifier(house, interval_seconds=None)
            _wire(alone).replaced[JWKS] = json.dumps({"keys": [bad]})
            _wire(beside).replaced[JWKS] = json.dumps({"keys": [bad, good]})
            with pytest.raises((InvalidToken, Unavailable)):
                alone.verify(token)
            assert beside.verify(token), name

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[" * 100_000,
            '{"keys":' * 50_000,
            "9" * 10_000,
            '{"keys": {}}',
            '{"keys": "x"}',
            '{"keys": {"a": 1}}',
            json.dumps({"keys": [{"kid": str(number), "alg": "ES256"} for number in range(5000)]}),
            '"\\ud800"',
            "\0",
            "NaN",
        ],
        ids=lambda text: text[:9],
    )
    def test_what_is_no_key_set_is_unavailable(self, house: House, text: str) -> None:
        found = verifier(house, interval_seconds=None)
        _wire(found).replaced[JWKS] = text
        with pytest.raises(Unavailable):
            found.verify(house.token())

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["keys", "kid", "alg", "kty", "crv", "x", "y", "n", "e"]), inner, max_size=5
                )
            ),
        )
    )
    def test_any_json_is_a_key_set_or_none(self, content: Any) -> None:
        for wrapped in (content, {"keys": content}, {"keys": [content, {"alg": "ES256", "kid": "a", "x": content}]}):
            with contextlib.suppress(ValueError):
                assert isinstance(public_keys(json.dumps(wrapped)), tuple)

    @pytest.mark.parametrize(
        "revocations",
        [
            {"tail": 7},
            {"tail": None},
            {"tail": {"ended": {}, "users": {}}},
            {"tail": {"ended": [], "users": {}, "tenants": {}}},
            {"tail": {"ended": {"x": ""}, "users": {}, "tenants": {}}},
            {"tail": {"ended": {"1": "AAAA"}, "users": {}, "tenants": {}}},
            {"tail": {"ended": {"1": 7}, "users": {}, "tenants": {}}},
            {"tail": {"ended": {}, "users": {"a": {}}, "tenants": {}}},
            {"tail": {"ended": {}, "users": {"A" * 16: {"end": "x", "epoch": 1}}, "tenants": {}}},
            {"tail": {"ended": {}, "users": {}, "tenants": {"A" * 16: 7}}},
            {"parts": 7},
            {"parts": [7]},
            {"parts": [{"name": 7, "last": 1, "end": 1, "entries": 1, "size": 1, "level": 0}]},
            {"parts": [{"name": "s-x"}]},
            {"kids": ["k"]},
            {"kids": {"k": "x"}},
            {"deployment": 7},
            {"number": "1"},
            {"number": True},
            {"writer": {}},
        ],
    )
    def test_a_head_of_another_shape_is_none_also_under_the_deployments_key(
        self, house: House, revocations: Any
    ) -> None:
        found = verifier(house)
        _wire(found).replaced[FEED] = TestForgedFeeds().feed(house, **revocations)
        with pytest.raises(Unavailable):
            found.verify(house.token())

    @pytest.mark.parametrize("url", ["https://[", "https://", "https://id.example:x", "https:///x", "http://[::1"])
    def test_a_url_that_is_none_is_a_misconfiguration(self, url: str) -> None:
        with pytest.raises(Misconfigured):
            Verifier(url)


class TestThreads:
    def test_many_at_once_read_keys_and_feed_once(self, house: House) -> None:
        found, token, barrier = verifier(house), house.token("acme-admin"), threading.Barrier(20)
        self._together(20, lambda: (barrier.wait(), found.verify(token)))
        assert sorted(_wire(found).reads) == [JWKS, FEED]

    def test_a_slow_feed_holds_up_one_caller_alone(self, house: House) -> None:
        found, token = verifier(house), house.token("acme-admin")
        found.verify(token)
        house.clock.advance(30)
        entered, leave, wire = threading.Event(), threading.Event(), _wire(found)

        def slow(url: str, etag: str | None) -> tuple[str | None, str | None]:
            entered.set()
            leave.wait(10)
            return wire(url, etag)

        found._feed._fetch = slow
        reader = threading.Thread(target=found.verify, args=(token,))
        reader.start()
        assert entered.wait(10)
        assert found.verify(token)
        leave.set()
        reader.join()

    def test_a_junk_token_holds_up_nobody_while_the_issuer_is_slow(self, house: House) -> None:
        found, token, junk = verifier(house), house.token("acme-admin"), House().token("acme-admin")
        found.verify(token)
        house.clock.advance(1)
        entered, leave, wire = threading.Event(), threading.Event(), _wire(found)

        def slow(url: str, etag: str | None) -> tuple[str | None, str | None]:
            entered.set()
            leave.wait(10)
            return wire(url, etag)

        def bad() -> None:
            with pytest.raises(InvalidToken):
                found.verify(junk)

        found._fetch = slow
        reader = threading.Thread(target=bad)
        reader.start()
        assert entered.wait(10)
        assert found.verify(token)
        bad()
        leave.set()
        reader.join()

    def test_an_issuer_that_is_down_is_asked_for_keys_once_a_second(self, house: House) -> None:
        found, token = verifier(house), house.token("acme-admin")
        _wire(found).down = True
        for _ in range(20):
            with pytest.raises(Unavailable):
                found.verify(token)
        assert _wire(found).reads == [JWKS]

    def test_it_can_be_loaded_before_anybody_calls(self, house: House) -> None:
        found, token = verifier(house), house.token("acme-admin")
        found.load()
        assert sorted(_wire(found).reads) == [JWKS, FEED]
        found.verify(token)
        assert len(_wire(found).reads) == 2
        down = verifier(house)
        _wire(down).down = True
        with pytest.raises(Unavailable):
            down.load()

    def _together(self, count: int, run: Any) -> None:
        threads = [threading.Thread(target=run) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class TestForgedFeeds:
    def feed(self, house: House, typ: str = TYPE, **claims: Any) -> str:
        key = house.minter.signer.current()
        content = jwt.decode(sign_head(first(house), key, ISSUER), options={"verify_signature": False})
        headers = {"typ": typ, "kid": key.kid}
        return jwt.encode({**content, **claims}, key.key, algorithm=key.algorithm, headers=headers)

    @pytest.mark.standard("RFC 8725 3.12.a", "RFC 8725 3.8.a")
    def test_only_the_deployments_own_feed_is_believed(self, house: House) -> None:
        other, token = House(), house.token("acme-admin")
        forged = {
            "an access token": token,
            "another deployment's": self.feed(other),
            "another issuer's": self.feed(house, iss="https://evil.example"),
            "without time": self.feed(house, iat=None),
            "another shape": self.feed(house, tail=[]),
            "a shape that lacks": self.feed(house, tail={"users": {}}),
            "a revoked key's": self.feed(house, kids={house.minter.signer.current().kid: 9_999_999_999}),
            "another type": self.feed(house, typ="JWT"),
            "nothing": "",
            "no token": "x.y.z",
        }
        for name, text in forged.items():
            with pytest.raises(InvalidToken):
                verify_head(text, house.keyring)
            found = verifier(house)
            _wire(found).replaced[FEED] = text
            with pytest.raises(Unavailable):
                found.verify(token)
            assert name

    @pytest.mark.standard("ASVS 9.2.2", "RFC 8725 3.12.a")
    def test_a_feed_is_no_access_token(self, house: House) -> None:
        with pytest.raises(InvalidToken):
            verifier(house).verify(self.feed(house))

    def test_an_old_copy_is_not_believed(self, house: House) -> None:
        found = verifier(house, max_staleness_seconds=60)
        _wire(found).replaced[FEED] = self.feed(house)
        token = house.token("acme-admin")
        assert found.verify(token)
        house.clock.advance(420)
        assert found.verify(token)
        house.clock.advance(91)
        with pytest.raises(Unavailable):
            found.verify(house.token("acme-admin"))

    def test_an_older_feed_does_not_undo_what_is_known(self, house: House) -> None:
        found, pair = verifier(house, interval_seconds=10), house.sign_in("acme-admin").tokens
        before = self.feed(house)
        house.clock.advance(60)
        house.revoke(pair.access_token)
        with pytest.raises(InvalidToken):
            found.verify(pair.access_token)
        house.clock.advance(20)
        for older in (before, self.feed(house, number=1)):
            _wire(found).replaced[FEED] = older
            house.clock.advance(2)
            with pytest.raises(InvalidToken):
                found.verify(pair.access_token)
        assert found._problem is not None
        assert found._problem.reason == "old_revocations"

    def test_it_tells_nobody_who_was_revoked(self, house: House) -> None:
        pair, stream = house.sign_in("acme-admin").tokens, Stream(house)
        stream()
        house.log_out(house.principal(pair), everywhere=True)
        head = stream().head
        assert head is not None
        content = json.dumps(jwt.decode(head.text, options={"verify_signature": False}))
        claims = house.claims(house.sign_in("acme-admin").tokens)
        assert not [name for name in (claims.user_id, house.claims(pair).session_id, "acme") if name in content]


class TestParts:
    def filled(self, house: House) -> tuple[Verifier, str, Wire]:
        """A verifier that knows a feed whose changes are in parts, and a token whose session ended."""
        found, pair = verifier(house, interval_seconds=10), house.sign_in("acme-admin").tokens
        assert found.verify(pair.access_token)
        house.log_out(house.principal(pair), everywhere=False)
        wire = _wire(found)
        wire.stream()
        fill(wire.stream.publish, 3000)
        house.clock.advance(10)
        return found, pair.access_token, wire

    def test_what_is_in_parts_counts_and_only_new_parts_are_read(self, house: House) -> None:
        found, token, wire = self.filled(house)
        with pytest.raises(InvalidToken):
            found.verify(token)
        parts = [path for path in wire.reads if path.startswith(f"{FEED}/parts/")]
        assert len(parts) == len(wire.stream.store.parts) > 0
        fill(wire.stream.publish, 10)
        house.clock.advance(10)
        assert found.verify(house.token("acme-admin"))
        assert [path for path in wire.reads if path.startswith(f"{FEED}/parts/")] == parts
        fresh = verifier(house)
        fresh._feed._fetch = wire
        with pytest.raises(InvalidToken):
            fresh.verify(token)

    @pytest.mark.parametrize("change", ["missing", "altered", "emptied"])
    def test_a_part_that_is_missing_or_altered_is_no_news(self, house: House, change: str) -> None:
        found, token, wire = self.filled(house)
        good = dict(wire.stream.store.parts)
        name = next(iter(good))
        altered = json.loads(good[name])
        altered["ended"] = {}
        wire.stream.store.parts[name] = {"missing": "", "altered": good[name] + " ", "emptied": json.dumps(altered)}[
            change
        ]
        assert found.verify(token)
        assert found._problem is not None
        assert found._problem.reason == "altered_part"
        wire.stream.store.parts.update(good)
        house.clock.advance(1)
        with pytest.raises(InvalidToken):
            found.verify(token)

    def test_parts_that_were_read_before_one_failed_are_not_read_again(self, house: House) -> None:
        found, token, wire = self.filled(house)
        fill(wire.stream.publish, 3000, first=5000)
        *_, last = wire.stream.store.parts
        text = wire.stream.store.parts.pop(last)
        wire.stream.store.parts[last] = ""
        found.verify(house.token())
        wire.stream.store.parts[last] = text
        house.clock.advance(1)
        with pytest.raises(InvalidToken):
            found.verify(token)
        parts = [path for path in wire.reads if path.startswith(f"{FEED}/parts/")]
        assert len(parts) == len(wire.stream.store.parts) + 1


class TestWishes:
    @pytest.mark.standard("ASVS 10.3.2", "RFC 9068 4.i")
    def test_tenant_and_roles_are_held(self, house: House) -> None:
        found, token = verifier(house), house.token("acme-admin")
        assert found.verify(token, tenant_id="acme", roles={"admin", "x"}).tenant_id == "acme"
        for wanted, reason in (({"tenant_id": "globex"}, "other_tenant"), ({"roles": ["ops"]}, "role_missing")):
            with pytest.raises(InsufficientScope) as caught:
                found.verify(token, **wanted)
            assert caught.value.reason == reason

    def test_who_must_change_the_password_is_let_in_nowhere(self, house: House) -> None:
        house.add_user("kim", password_change_required=True)
        with pytest.raises(PasswordChangeRequired):
            verifier(house).verify(house.token("kim", "correct horse battery"))

    @pytest.mark.parametrize("auth", [None, {}, {"token": None}, {"token": 7}, {"token": ""}, "x", [], {"Token": "x"}])
    def test_a_handshake_without_a_token_is_none(self, house: House, auth: object) -> None:
        with pytest.raises(MissingCredentials):
            verifier(house).verify_handshake(auth)

    def test_a_tenant_that_a_client_forgot_to_name_is_nobodys(self, house: House) -> None:
        auth = {"token": house.token("acme-admin")}
        assert verifier(house).verify_handshake(auth)
        assert verifier(house).verify_handshake(auth, tenant_id="acme")
        for tenant_id in (None, "", "-", "ACME"):
            with pytest.raises(InsufficientScope):
                verifier(house).verify_handshake(auth, tenant_id=tenant_id)

    def test_one_role_is_no_collection_of_roles(self, house: House) -> None:
        with pytest.raises(TypeError):
            verifier(house).verify(house.token("acme-admin"), roles="admin")

    @pytest.mark.standard("ASVS 9.1.3", "RFC 8725 3.8.a")
    @pytest.mark.parametrize("url", ["http://id.example", "file:///etc/passwd", "id.example", "ftp://localhost"])
    def test_keys_come_over_https_alone(self, url: str) -> None:
        with pytest.raises(Misconfigured):
            Verifier(url)
        with pytest.raises(Misconfigured):
            Verifier(ISSUER, url=url)
        assert Verifier("http://localhost:8080")

    def test_the_principal_knows_when_the_token_ends(self, house: House) -> None:
        assert verifier(house).verify(house.token("acme-admin")).expires_at == house.clock() // 1000 + 900

    def test_a_shared_secret_serves_as_well(self, house: House) -> None:
        with pytest.raises(Misconfigured):
            Verifier(ISSUER, shared_secret="secret")
        found = Verifier(ISSUER, audience=AUDIENCE, shared_secret=SECRET, interval_seconds=None, clock=house.clock)
        with pytest.raises(InvalidToken):
            found.verify(house.token("acme-admin"))


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "/good")
                self.end_headers()
                return
            status = 304 if self.headers.get("If-None-Match") else 200 if self.path == "/good" else 500
            self.send_response(status)
            self.send_header("ETag", '"1"')
            self.end_headers()
            if status == 200:
                self.wfile.write(b"text")

        def log_message(self, *_: Any) -> None:
            pass

    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    found.server_close()
    thread.join()


def test_reading_over_http(server: str) -> None:
    assert read_url(f"{server}/good", None) == ("text", '"1"')
    assert read_url(f"{server}/good", '"1"') == (None, '"1"')
    with pytest.raises(Unavailable):
        read_url(f"{server}/good", "a\nb: c")  # such an ETag cannot be sent back
    for url in (f"{server}/bad", f"{server}/elsewhere", "http://127.0.0.1:1/"):
        with pytest.raises(Unavailable):
            read_url(url, None)


class TestAsgi:
    def run(self, house: House, scope: dict[str, Any], **settings: Any) -> list[Any]:
        sent: list[Any] = []

        async def app(_: Any, __: Any, send: Any) -> None:
            await send({"type": "app"})

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(Protect(app, verifier(house), **settings)(scope, receive, send))
        return sent

    def scope(self, *tokens: str, **more: Any) -> dict[str, Any]:
        headers = [(b"authorization", f"Bearer {token}".encode()) for token in tokens]
        return {"type": "http", "method": "GET", "path": "/x", "headers": headers, **more}

    def test_public_paths_preflights_and_lifespans_pass(self, house: House) -> None:
        preflight = {"method": "OPTIONS", "headers": [(b"access-control-request-method", b"GET")]}
        for scope in (self.scope(path="/health"), {"type": "lifespan"}, self.scope(**preflight)):
            assert self.run(house, scope, public={"/health"}) == [{"type": "app"}]
        assert self.run(house, self.scope(method="OPTIONS"))[0]["status"] == 401

    def test_a_path_is_no_collection_and_an_unknown_protocol_no_request(self, house: House) -> None:
        with pytest.raises(TypeError):
            self.run(house, self.scope(), public="/health")
        with pytest.raises(ValueError, match="webtransport"):
            self.run(house, self.scope(type="webtransport"))

    def test_a_websocket_is_refused_before_it_is_accepted(self, house: House) -> None:
        assert self.run(house, self.scope("x", type="websocket")) == [{"type": "websocket.close", "code": 1008}]
        assert self.run(house, self.scope(house.token("acme-admin"), type="websocket")) == [{"type": "app"}]

    @pytest.mark.parametrize(
        ("tokens", "status", "challenge"),
        [
            ((), 401, b"Bearer"),
            (("x",), 401, INVALID),
            (("x", "y"), 401, INVALID),
        ],
    )
    def test_refusals_are_problems_with_challenges(
        self, house: House, tokens: tuple[str, ...], status: int, challenge: bytes
    ) -> None:
        start, body = self.run(house, self.scope(*tokens))
        assert start["status"] == status
        assert dict(start["headers"])[b"www-authenticate"] == challenge
        assert json.loads(body["body"])["status"] == status

    def test_of_two_authorization_headers_none_counts_whichever_is_good(self, house: House) -> None:
        good = house.token()
        for tokens in ((good, good), (good, "x"), ("x", good)):
            start, _ = self.run(house, self.scope(*tokens))
            assert start["status"] == 401
            assert dict(start["headers"])[b"www-authenticate"] == INVALID
        assert self.run(house, self.scope(good)) == [{"type": "app"}]

    def test_who_must_change_the_password_is_forbidden(self, house: House) -> None:
        house.add_user("kim", password_change_required=True)
        token = house.token("kim", "correct horse battery")
        assert self.run(house, self.scope(token))[0]["status"] == 403

    def test_an_issuer_that_does_not_answer_is_unavailability(self, house: House) -> None:
        async def app(*_: Any) -> None:
            raise AssertionError("let in")

        found, sent = verifier(house), []
        _wire(found).down = True

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(Protect(app, found)(self.scope(house.token("acme-admin")), None, send))  # type: ignore[arg-type]
        assert sent[0]["status"] == 503
