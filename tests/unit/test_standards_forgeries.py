"""Forged tokens by what is wrong with them: each is refused for that very reason, by the authorizer and by the library.

The forgeries are those of tests/support/forgeries.py, with keys of three algorithms.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from doorward.authorization import RequestCredentials
from doorward.errors import InvalidToken
from tests.support.fronts import verifier
from tests.unit.test_authorization import FORGED, FORGERS

NAMES = tuple(FORGED["EdDSA"])


def _named(*beginnings: str) -> tuple[str, ...]:
    found = tuple(name for name in NAMES if name.startswith(beginnings))
    assert len(found) >= len(beginnings)
    return found


def _reasons(*names: str) -> set[str]:
    """Return why forgeries are refused; none may be accepted."""
    found = set()
    for algorithm, (house, _) in FORGERS.items():
        for name in names:
            header = f"Bearer {FORGED[algorithm][name]}"
            ways: tuple[Callable[[], object], ...] = (
                lambda: house.authorize(RequestCredentials("GET", "/", (header,))),  # noqa: B023 - called at once
                lambda: verifier(house).verify_header(header),  # noqa: B023
            )
            for way in ways:
                with pytest.raises(InvalidToken) as caught:
                    way()
                found.add(str(caught.value.reason))
    return found


@pytest.mark.standard("ASVS 9.1.2", "RFC 8725 3.1.a", "RFC 8725 3.2.b", "RFC 9068 2.1.a", "RFC 9068 4.f")
def test_an_algorithm_that_signs_nothing_is_no_algorithm() -> None:
    assert _reasons(*_named("alg '", "no alg", "none with")) == {"not_compact", "wrong_algorithm"}


@pytest.mark.standard("ASVS 9.1.2", "RFC 8725 3.1.a", "RFC 8725 3.1.b")
def test_a_key_is_good_for_its_own_algorithm_alone() -> None:
    found = _reasons(*_named("HS256 with", "HS384", "HS512", "alg 'PS256'", "alg 'ES384'"))
    assert "wrong_algorithm" in found
    # Half of all MACs, read as a signature of ES256, would have another form besides.
    assert found <= {"wrong_algorithm", "other_signature_form"}
    assert _reasons("our alg with a MAC") == {"bad_signature"}


@pytest.mark.standard("ASVS 9.1.1", "RFC 8725 3.3.a", "RFC 8725 3.4.a", "RFC 9068 4.f")
def test_a_signature_that_is_not_right_is_none() -> None:
    assert _reasons("another body", "one bit of the signature", "zero signature") == {"bad_signature"}
    assert _reasons("no signature") == {"not_compact"}
    assert _reasons("half a signature", "a longer signature", "a stranger's signature") <= {
        "bad_signature",
        "malformed",
        "other_signature_form",
        "wrong_algorithm",
    }


@pytest.mark.standard("ASVS 9.1.3", "RFC 8725 3.8.a", "RFC 8725 3.10.a")
def test_a_header_leads_to_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("nothing is fetched")

    reasons = _reasons(*_named("jku", "x5u", "x5c", "jwk in", "embedded jwk"))
    monkeypatch.setattr(socket, "socket", never)
    house, _ = FORGERS["ES256"]
    for name in _named("jku", "x5u", "x5c", "jwk in", "embedded jwk"):
        with pytest.raises(InvalidToken):
            house.authorize(RequestCredentials("GET", "/", (f"Bearer {FORGED['ES256'][name]}",)))
    assert reasons == {"unacceptable_header"}


@pytest.mark.standard("RFC 8725 3.10.a")
def test_the_name_of_a_key_is_no_path_and_no_query() -> None:
    assert _reasons(*_named("kid a path", "kid SQL", "kid a URL", "kid a NUL", "kid Unicode")) == {"unknown_kid"}
    assert _reasons(*_named("kid a list", "kid an object", "kid null", "no kid")) == {"unacceptable_header"}


@pytest.mark.standard("ASVS 9.2.2", "RFC 8725 3.11.a", "RFC 8725 3.12.a", "RFC 9068 4.c")
def test_a_token_of_another_type_is_none() -> None:
    assert _reasons(*_named("typ ", "no typ")) == {"wrong_type"}


@pytest.mark.standard("RFC 8725 3.8.a", "RFC 9068 4.d")
def test_the_issuer_is_compared_exactly() -> None:
    assert _reasons(*_named("another issuer", "the issuer", "a list of issuers")) == {"wrong_issuer"}
    assert _reasons("no issuer") == {"missing_claim"}


@pytest.mark.standard("ASVS 9.2.3", "ASVS 10.3.1", "RFC 8725 3.9.a", "RFC 9068 4.e", "RFC 9700 2.3.c")
def test_a_token_for_others_is_none() -> None:
    assert _reasons("another audience", "several audiences", "a list of one audience") == {"wrong_audience"}
    assert _reasons("no audience") == {"missing_claim"}


@pytest.mark.standard("ASVS 9.2.1", "RFC 9068 4.g")
def test_a_token_counts_within_its_own_times_alone() -> None:
    assert _reasons("expired", "exp 0", "exp -1") == {"expired"}
    assert _reasons("nbf in the future", "iat in the future") == {"issued_in_the_future"}
    assert _reasons("no exp", "exp null") == {"missing_claim"}
    assert _reasons("exp NaN", "exp true", 'exp "9999999999"') == {"malformed", "malformed_claim"}


@pytest.mark.standard("RFC 8725 3.7.a")
def test_header_and_claims_are_utf_8() -> None:
    assert _reasons("no UTF-8", "a byte order mark") == {"malformed"}


@pytest.mark.standard("RFC 8725 3.8.b")
def test_a_subject_has_the_form_of_somebody() -> None:
    assert _reasons(*_named("subject ", "user of form")) == {"malformed_name"}
    assert _reasons("no subject", "no user") == {"missing_claim"}
