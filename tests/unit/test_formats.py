"""Small pure things: names, passwords, keys, cursors, settings, signatures."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import argon2
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from doorward.accounts import service_tokens
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.metadata import authorization_server_metadata, openid_configuration
from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.items import decode, email_key, encode, encode_value, pick
from doorward.errors import (
    DoorwardError,
    ForgedRefreshToken,
    InvalidCursor,
    InvalidRequest,
    InvalidToken,
    Misconfigured,
    NotInitialised,
    UnacceptableName,
    WeakPassword,
)
from doorward.keys.keyring import Keyring, Signer
from doorward.keys.mac import MacKeyring, decode_mac_keys
from doorward.keys.signing import KeyPairAlgorithm, KeySet, generate_key
from doorward.model import SessionId, SessionRef, TenantId, UserId, service_user_id
from doorward.rules import names
from doorward.rules.names import is_ulid
from doorward.rules.passwords import PasswordHasher, check_new_password
from doorward.rules.tenancy import RESERVED_ROLES, check_roles
from doorward.rules.throttles import Attempt
from doorward.settings import Settings
from doorward.tokens.ids import mint_ulid
from doorward.tokens.names import checked_name, checked_username
from doorward.tokens.refresh import RefreshTokens, mint_refresh_token, read_refresh_token
from tests.support.fakes import FakeClock
from tests.support.template import routes
from tests.support.world import House


def _encoded(label: str) -> str:
    """Return an address in a domain that says this in the encoding of international names."""
    return f"bob@xn--{label.encode('punycode').decode()}.example"


class TestNames:
    @pytest.mark.parametrize(
        "name", ["bob", "Bob.Smith-1", "иван", "josé", "straße", "o'neil", "李雷", "müller", "γιώργος"]
    )
    def test_honest_names_pass(self, name: str) -> None:
        assert names.check_username(name) == name

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "   ",
            "a b",
            "а" + "dmin",
            "аԁmіn",
            "ѕсоре",
            "a\u200bb",
            "a\u202eb",
            "a\x00b",
            "a\ud800",
            "x" * 129,
            "a@b",
        ],
    )
    def test_deceptive_and_unprintable_names_are_refused(self, name: str) -> None:
        with pytest.raises(UnacceptableName):
            names.check_username(name)

    @given(st.text(max_size=60))
    def test_folding_twice_is_folding_once(self, text: str) -> None:
        assert names.fold(names.fold(text)) == names.fold(text)

    @pytest.mark.parametrize("text", ["a@b.example", "First.Last+tag@sub.b.example", "ü@b.example"])
    def test_addresses_pass(self, text: str) -> None:
        assert names.check_email(text) == text

    @pytest.mark.parametrize(
        "text", ["", "a", "@b.c", "a@b", "a@b..c", "a b@c.d", "a@b@c.d", "x" * 65 + "@b.c", "a@b.c\0"]
    )
    def test_what_is_no_address_is_refused(self, text: str) -> None:
        with pytest.raises(UnacceptableName):
            names.check_email(text)

    @pytest.mark.parametrize(
        "text",
        [
            "bob<victim@b.example>",
            "bob,victim@b.example",
            "bob;victim@b.example",
            '"bob"@b.example',
            "bob@b.example,c.example",
            "bob(x)@b.example",
            "bob@[192.0.2.1]",
            "bob\uff1cvictim@b.example\uff1e",
            "bob\r\nBcc:victim@b.example",
            "bob@b.example\nBcc: x",
            "bob@b.example%0ABcc:victim",
        ],
    )
    def test_an_address_that_a_mails_header_would_read_as_something_else_is_refused(self, text: str) -> None:
        with pytest.raises(UnacceptableName):
            names.check_email(text)

    @pytest.mark.parametrize(
        ("text", "same"),
        [
            ("Bob@B\u00dcCHER.example", "bob@xn--bcher-kva.example"),
            ("bob@b\u00fccher.example", "bob@XN--BCHER-KVA.example"),
            ("bob@bu\u0308cher.example", "bob@xn--bcher-kva.example"),
            ("bob@b\u00fccher\u3002example", "bob@xn--bcher-kva.example"),
            ("bob@stra\u00dfe.example", "bob@xn--strae-oqa.example"),
            ("bob@\uff45\uff58\uff41.example", "bob@exa.example"),
        ],
    )
    def test_an_addresss_domain_is_compared_in_one_form_however_it_is_written(self, text: str, same: str) -> None:
        assert names.fold_email(text) == names.fold_email(same)

    @pytest.mark.parametrize(
        ("text", "other"),
        [
            ("bob@abc.example", "bob@xn--abc-.example"),
            ("bob@victim.example", _encoded("\uff56\uff49ctim")),
            ("bob@a.b.example", _encoded("a\u2024b")),
            ("bob@x.example", _encoded("\u2000x")),
            ("b\u00fccher@x.example", "xn--bcher-kva@x.example"),
        ],
    )
    def test_what_only_imitates_another_domain_is_not_that_domain(self, text: str, other: str) -> None:
        assert names.fold_email(text) != names.fold_email(other)

    @given(st.text(max_size=30) | st.from_regex(r"a@(xn--)?[a-z0-9-]{1,12}\.(xn--)?[a-z0-9-]{1,12}"))
    def test_folding_an_address_twice_is_folding_it_once(self, text: str) -> None:
        once = names.fold_email(text)
        assert names.fold_email(once) == once

    @pytest.mark.parametrize(
        "domain", ["xn--.example", "xn--abc-.example", "xn--\u00fc.example", "xn--99999999.example"]
    )
    def test_a_domain_whose_encoding_is_none_is_no_address(self, domain: str) -> None:
        with pytest.raises(UnacceptableName):
            names.check_email(f"bob@{domain}")
        assert names.check_email("bob@xn--bcher-kva.example")

    @pytest.mark.parametrize("text", ["", "-", "-a", "a-", "A", "a_b", "é", "a" * 64, "a/b", "a.b", "a\n"])
    def test_what_is_no_slug_is_no_tenant(self, text: str) -> None:
        with pytest.raises(InvalidRequest):
            names.check_tenant_id(text)

    def test_a_name_of_any_length_has_a_key_that_fits(self) -> None:
        key = email_key(TenantId("acme"), names.fold("\ufdfa" * 250))
        assert len(key["sk"].encode()) < 1024
        assert key != email_key(TenantId("acme"), names.fold("\ufdfa" * 249))


GUESSED = [
    *("87654321", "aaaaaaaa", "        ", "xxxxxxxx", "00000000", "88888888", "99999999", "66666666", "123123123"),
    *(
        "987654321",
        "0987654321",
        "abcdefgh",
        "12341234",
        "12121212",
        "01234567",
        "administrator",
        "acmeacme",
        "acme2026",
    ),
    *("doorward", "doorward1", "Summer2026!", "Password1!", "password", "PASSWORD", "qwertyuiop", "P@ssw0rd2025"),
    *("kim.larsson", "kimlarsson", "Kim Larsson", "kim@people.example", "larsson1", "KIMLARSSON1", "kim.larsson2026"),
]
"""What the first guesses of a user kim.larsson of the tenant acme would be."""


class TestNamesInTokens:
    """What is given out is what is accepted, and nothing else."""

    def is_one(self, claim: str, text: str) -> bool:
        try:
            return checked_name(claim, text) == text
        except InvalidToken:
            return False

    @given(st.text(alphabet="aZ0-_.:*# \n\u0430", max_size=5) | st.from_regex(r"[a-z0-9-]{1,66}"))
    def test_a_tenant_and_a_role_have_the_form_in_which_they_are_made(self, text: str) -> None:
        for claim, check in (("tenant_id", names.check_tenant_id), ("roles", lambda role: check_roles([role]))):
            try:
                check(text)
                made = True
            except InvalidRequest:
                made = text in RESERVED_ROLES and claim == "roles"
            assert self.is_one(claim, text) == made

    @given(st.text(alphabet="07890AZILOUaz*#-\n", min_size=25, max_size=27) | st.builds(lambda: str(ULID())))
    def test_an_id_has_the_form_in_which_it_is_looked_up(self, text: str) -> None:
        for claim in ("user_id", "sid", "jti"):
            assert self.is_one(claim, text) == names.is_ulid(text)

    @given(st.text(alphabet="aZ0._-:*\n", max_size=4) | st.from_regex(r"[a-z]{60,65}"))
    def test_a_service_has_the_form_in_which_it_is_made(self, name: str) -> None:
        assert self.is_one("user_id", service_user_id(name)) == bool(service_tokens._NAME.fullmatch(name))

    @pytest.mark.parametrize("name", ["bob", "Bob.Smith-1", "иван", "o'neil", "李雷", "नमस्ते", "service:ci", "0" * 26])
    def test_a_user_name_that_can_be_given_can_be_in_a_token(self, name: str) -> None:
        assert checked_username(name) == name


class TestPasswords:
    @pytest.mark.standard("ASVS 6.2.8")
    def test_they_are_verified_exactly_as_sent(self) -> None:
        hasher = PasswordHasher(memory_kib=8, time_cost=1)
        encoded = hasher.hash("pässword\0 ")
        assert hasher.verify(encoded, "pässword\0 ")
        for other in ("pässword\0", "pässword", "PÄSSWORD\0 ", "pa\u0308ssword\0 "):
            assert not hasher.verify(encoded, other)

    def test_the_hash_is_argon2id_of_the_advised_cost(self) -> None:
        assert PasswordHasher().hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    @pytest.mark.parametrize("encoded", [None, "hash"])
    def test_who_does_not_exist_costs_the_work_of_who_does(
        self, encoded: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hasher, worked = PasswordHasher(memory_kib=8, time_cost=1), []

        def verify(_: object, against: str, password: str) -> bool:
            worked.append((argon2.extract_parameters(against), password))
            raise argon2.exceptions.VerifyMismatchError

        monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
        assert not hasher.verify(hasher.hash("another") if encoded else None, "x")
        assert worked == [(argon2.extract_parameters(hasher.hash("any")), "x")]

    def test_nobodys_hash_is_worth_the_same_work_and_matches_nothing(self) -> None:
        assert not PasswordHasher(memory_kib=8, time_cost=1).verify(None, "")
        assert not PasswordHasher(memory_kib=8, time_cost=1).verify("garbage", "x")

    @pytest.mark.standard("ASVS 6.2.1", "ASVS 6.2.11")
    @pytest.mark.parametrize("password", ["1234567", "x7Gq!p2", "x" * 1025, *GUESSED])
    def test_weak_ones_are_refused(self, password: str) -> None:
        with pytest.raises(WeakPassword):
            check_new_password(password, ["kim.larsson", "kim@people.example", "Kim Larsson", "acme", None])

    @pytest.mark.standard("ASVS 6.2.4")
    def test_the_common_ones_are_refused(self) -> None:
        common = [word for word in FREQUENCY_LISTS["passwords"][:10_000] if len(word) >= 8]
        assert len(common) > 1000
        for password in common[::10]:
            with pytest.raises(WeakPassword):
                check_new_password(password)

    @pytest.mark.standard("ASVS 6.2.5", "ASVS 6.2.9")
    @pytest.mark.parametrize(
        "password",
        [
            "x7Gq!p2L",
            "correct horse battery",
            "七転び八起き人生は一度",
            "kim larsson sings at dawn",
            "\0zq~ 8Wv" + "x" * 1015,
        ],
    )
    def test_long_ones_and_strange_ones_pass(self, password: str) -> None:
        check_new_password(password, ["kim.larsson", "Kim Larsson", "acme"])


REF = SessionRef(TenantId("acme"), UserId("0" * 26), SessionId("1" * 26))


class TestKeys:
    @pytest.mark.standard("RFC 8725 3.2.a", "RFC 8725 3.1.b", "RFC 9068 2.1.b")
    @pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
    def test_a_key_signs_and_its_published_half_verifies(self, algorithm: KeyPairAlgorithm) -> None:
        public, pem = generate_key(algorithm, 0)
        key_set = KeySet("https://id.example", "", (public,), 1)
        keyring = Keyring(lambda: key_set, FakeClock())
        signer = Signer(keyring, lambda: {public.kid: pem})
        text = jwt.encode({"a": 1}, signer.current().key, algorithm=algorithm)
        assert signer.current() is signer.current()
        published = key_set.jwks()["keys"][0]
        assert jwt.decode(text, jwt.PyJWK(published), algorithms=[algorithm]) == {"a": 1}
        assert keyring.verification_key(public.kid) is keyring.verification_key(public.kid)
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(published)
        assert (published["use"], published["alg"], published["kid"]) == ("sig", algorithm, public.kid)

    def test_an_unknown_kid_reloads_once_a_minute(self) -> None:
        public, _ = generate_key("ES256", 0)
        loads, clock = [], FakeClock()

        def load() -> KeySet:
            loads.append(clock())
            return KeySet("i", "", (public,) if len(loads) > 1 else (), 1)

        keyring = Keyring(load, clock)
        for _ in range(100):
            with pytest.raises(InvalidToken):
                keyring.verification_key(public.kid)
        assert len(loads) == 1
        clock.advance(60)
        assert keyring.verification_key(public.kid)
        assert len(loads) == 2
        clock.advance(299)
        keyring.key_set()
        assert len(loads) == 2
        clock.advance(1)
        keyring.key_set()
        assert len(loads) == 3

    def test_a_flood_of_unknown_kids_causes_one_reload_a_minute(self) -> None:
        loads, clock = [], FakeClock()

        def load() -> KeySet:
            loads.append(clock())
            return KeySet("i", "", (), 1)

        keyring = Keyring(load, clock, max_age_ms=10_000_000)
        for _ in range(120):
            with pytest.raises(InvalidToken):
                keyring.verification_key("nobody")
            clock.advance(1)
        assert [moment - loads[0] for moment in loads] == [0, 1000, 61_000]

    def test_a_deployment_without_keys_says_so(self) -> None:
        keyring = Keyring(lambda: KeySet("i", "", ()), FakeClock())
        with pytest.raises(NotInitialised):
            Signer(keyring, dict).current()
        with pytest.raises(NotInitialised):
            RefreshTokens(MacKeyring(lambda: None, FakeClock())).read(mint_refresh_token(b"x", REF, 0))
        public, _ = generate_key("ES256", 0)
        with pytest.raises(Misconfigured):
            Signer(Keyring(lambda: KeySet("i", "", (public,)), FakeClock()), dict).current()

    def test_a_token_of_a_newer_mac_key_causes_one_reload(self) -> None:
        clock, loads = FakeClock(), []
        older, newer_key = (
            {"kid": name, "state": "active", "key": base64.urlsafe_b64encode(name.encode() * 16).decode()}
            for name in ("aa", "bb")
        )
        before, after = [older], [newer_key, {**older, "state": "retiring"}]

        def load() -> str:
            loads.append(clock())
            return json.dumps({"keys": before if len(loads) == 1 else after})

        ring, ref = RefreshTokens(MacKeyring(load, clock)), REF
        old = ring.mint(ref, 0)
        newer = RefreshTokens(MacKeyring(lambda: json.dumps({"keys": after}), clock)).mint(ref, 1)
        with pytest.raises(DoorwardError):
            ring.read(newer)
        clock.advance(60)
        assert ring.read(newer).generation == 1
        assert len(loads) == 2
        assert ring.read(old).generation == 0
        assert read_refresh_token([key.raw() for key in decode_mac_keys(load())], newer)[0].ref == ref

    def test_a_mac_key_taken_away_is_of_no_use_after_five_minutes(self) -> None:
        clock, ref = FakeClock(), REF
        secret = [
            json.dumps({"keys": [{"kid": "a", "state": "active", "key": base64.urlsafe_b64encode(b"a" * 32).decode()}]})
        ]
        ring = RefreshTokens(MacKeyring(lambda: secret[0], clock))
        leaked = ring.mint(ref, 0)
        secret[0] = secret[0].replace("YWFh", "YmJi")
        clock.advance(299)
        assert ring.read(leaked)
        clock.advance(1)
        with pytest.raises(ForgedRefreshToken):
            ring.read(leaked)

    @pytest.mark.standard("RFC 9068 4.b", "RFC 9700 2.6.a")
    def test_the_metadata_promises_only_what_is_there(self) -> None:
        public, _ = generate_key("ES256", 0)
        document = authorization_server_metadata(KeySet("https://id.example", "", (public,)))
        assert document["issuer"] == "https://id.example"
        assert not {"authorization_endpoint", "id_token_signing_alg_values_supported", "userinfo_endpoint"} & set(
            document
        )
        paths = {
            str(url).removeprefix("https://id.example") for name, url in document.items() if name.endswith("endpoint")
        }
        assert paths <= {path for method, path, _, _ in routes() if method == "POST"}
        discovery = openid_configuration(KeySet("https://id.example", "", (public,)))
        assert discovery.items() >= document.items()
        assert discovery["id_token_signing_alg_values_supported"] == ["ES256"]


class TestCursors:
    KEY = b"k" * 32

    @given(st.text(max_size=40))
    def test_a_cursor_reads_back(self, after: str) -> None:
        assert read_cursor(self.KEY, "acme", mint_cursor(self.KEY, "acme", after)) == after

    @pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "A" * 5000, "====", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
    def test_what_was_not_given_out_is_refused(self, cursor: str) -> None:
        with pytest.raises(InvalidCursor):
            read_cursor(self.KEY, "acme", cursor)

    def test_another_lists_cursor_is_refused(self) -> None:
        cursor = mint_cursor(self.KEY, "acme", "id")
        for key, listed in ((self.KEY, "globex"), (b"j" * 32, "acme")):
            with pytest.raises(InvalidCursor):
                read_cursor(key, listed, cursor)

    def test_a_list_begins_and_ends_without_one(self) -> None:
        assert read_cursor(self.KEY, "acme", None) is None
        assert mint_cursor(self.KEY, "acme", None) is None


class TestSettings:
    def test_the_environment_decides_and_silence_means_the_default(self) -> None:
        settings = Settings.from_environment({"USERS_TABLE": "u", "ACCESS_TTL_SECONDS": "60", "AUDIENCE": ""})
        assert (settings.users_table, settings.access_ttl_seconds, settings.audience) == ("u", 60, "doorward")

    @pytest.mark.parametrize("text", ["0", "-1", "1.5", "ten", "١"])
    def test_a_number_that_is_none_stops_the_start(self, text: str) -> None:
        with pytest.raises(Misconfigured):
            Settings.from_environment({"ACCESS_TTL_SECONDS": text})

    def test_functions_hash_at_the_advised_cost_unless_a_deployment_says_otherwise(self) -> None:
        settings = Settings.from_environment({})
        hasher = PasswordHasher(settings.argon2_memory_kib, settings.argon2_time_cost)
        assert hasher.hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    def test_a_missing_necessity_stops_the_start(self) -> None:
        with pytest.raises(Misconfigured):
            Settings().require("users_table")


class TestDynamoDbForms:
    @given(
        st.dictionaries(
            st.text(min_size=1, max_size=8),
            st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.lists(st.text(max_size=4), max_size=3)),
            max_size=5,
        )
    )
    def test_an_item_reads_back(self, item: dict[str, Any]) -> None:
        assert decode(encode(item)) == item

    def test_what_has_no_form_is_an_error(self) -> None:
        with pytest.raises(TypeError):
            encode_value(1.5)
        assert encode({"a": None}) == {}
        assert pick([], {"pk": "x"}) is None

    def test_an_update_sets_adds_and_removes(self) -> None:
        update = actions.update("t", {"pk": "x"}, assign={"a": 1, "b": None}, add={"c": 2}, remove=["d"])["Update"]
        assert update["UpdateExpression"] == "SET #n0 = :v0 ADD #n3 :v3 REMOVE #n1, #n2"
        assert update["ExpressionAttributeNames"] == {"#n0": "a", "#n1": "d", "#n2": "b", "#n3": "c"}
        assert update["ExpressionAttributeValues"] == {":v0": {"N": "1"}, ":v3": {"N": "2"}}


def test_strangers_share_no_throttle_and_the_table_shows_no_names(house: House) -> None:
    one, other = (Attempt(source, "username:bob") for source in ("192.0.2.1", "192.0.2.2"))
    keys = [house.throttles.of_source(each, 0).key for each in (one, other)]
    keys += [house.throttles.trust_key(each) for each in (one, other)]
    assert len(set(keys)) == 4
    by_name = [house.throttles.of_name(each, 0, known_address=True) for each in (one, other)]
    assert by_name[0].key == by_name[1].key
    assert not by_name[0].limits.keys() & by_name[1].limits.keys()
    # A MAC's text may hold "bob" or "192" by chance, but no dot and no colon.
    assert not any(word in key for key in [*keys, by_name[0].key] for word in ("username:", "192.", "0.2"))


@pytest.mark.standard("ASVS 10.3.3")
def test_new_ids_are_ulids_of_this_moment_one_after_another() -> None:
    before = time.time_ns() // 1_000_000
    minted = [mint_ulid() for _ in range(1000)]
    read = [ULID.from_str(each) for each in minted]
    assert [str(each) for each in read] == minted
    assert all(before <= each.milliseconds <= before + 60_000 for each in read)
    assert minted == sorted(set(minted))
    assert len({each.bytes[-8:] for each in read}) == 1000
    assert all(is_ulid(each) for each in minted)
