"""Whatever strangers send as an answer to WebAuthn: the only error is `InvalidSecondFactor`, and soon."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.errors import InvalidSecondFactor
from doorward.model.factors import Passkey
from tests.support.authenticator import raw, text
from tests.support.makers import NOW
from tests.unit.test_webauthn import CHALLENGE, Site

SITE = Site()
CREATED = SITE.created()
HELD = SITE.webauthn.register(CREATED, CHALLENGE, "laptop", NOW)
ANSWERED = SITE.answered(HELD)
ATTESTATION = cbor2.loads(raw(CREATED["response"]["attestationObject"]))
MEMBERS = [
    (CREATED, "clientDataJSON"),
    (CREATED, "attestationObject"),
    (ANSWERED, "clientDataJSON"),
    (ANSWERED, "authenticatorData"),
    (ANSWERED, "signature"),
]
PACKAGE = Path(__file__).resolve().parents[2] / "layers" / "shared" / "doorward" / "passkeys"
OURS = {
    reason
    for name in ("answers.py", "webauthn.py")
    for reason in re.findall(r'_refus(?:e|ing)\("(\w+)"\)', (PACKAGE / name).read_text())
}
"""The reasons that the code knows: nothing that was sent is ever one."""
MANY = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck), database=None)

JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CBORS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers(-4, 4) | st.text(max_size=4), inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.integers(0, 300) | st.integers(0, 2**32), inner)
    ),
    max_leaves=6,
)


def _sent(answer: Any) -> list[Passkey]:
    """Give an answer to everything that takes one, and return the passkeys that came of it."""
    webauthn = SITE.webauthn
    takers: tuple[Callable[[], Any], ...] = (
        lambda: webauthn.challenge_of(answer),
        lambda: webauthn.read(answer),
        lambda: webauthn.register(answer, CHALLENGE, "laptop", NOW),
        lambda: webauthn.verify(answer, CHALLENGE, HELD, NOW),
    )
    found, reasons = [], []
    for take in takers:
        try:
            found.append(take())
        except InvalidSecondFactor as refused:
            reasons.append(refused.reason)
    assert set(reasons) <= OURS
    return [each for each in found if isinstance(each, Passkey)]


def _changed(answer: dict[str, Any], member: str, content: bytes) -> dict[str, Any]:
    return {**answer, "response": {**answer["response"], member: text(content)}}


def _mutate(content: bytes, at: int, bits: int, cut: int) -> bytes:
    """Change a byte, or cut there and repeat what is before."""
    at %= len(content)
    if cut == 0:
        return content[:at] + bytes([content[at] ^ bits]) + content[at + 1 :]
    return content[:at] if cut == 1 else content[:at] + content[at // 2 :]


@MANY
@given(JSONS)
def test_any_json_is_refused_as_an_answer(answer: Any) -> None:
    assert _sent(answer) == []


@MANY
@given(st.sampled_from([CREATED, ANSWERED]), st.data(), JSONS)
def test_any_json_in_the_place_of_a_member_raises_one_error(answer: dict[str, Any], data: Any, value: Any) -> None:
    changed = copy.deepcopy(answer)
    inside = changed if data.draw(st.booleans()) else changed["response"]
    inside[data.draw(st.sampled_from(sorted(inside)))] = value
    _sent(changed)


@MANY
@given(st.sampled_from(MEMBERS), st.integers(0, 4095), st.integers(1, 255), st.integers(0, 2))
def test_changed_bytes_raise_one_error_and_never_sign_in(member: Any, at: int, bits: int, cut: int) -> None:
    answer, name = member
    content = raw(answer["response"][name])
    mutated = _mutate(content, at, bits, cut)
    came = _sent(_changed(answer, name, mutated))
    if answer is ANSWERED and mutated != content:
        assert came == []


@MANY
@given(st.sampled_from(MEMBERS), st.binary(max_size=300))
def test_any_bytes_in_the_place_of_a_member_raise_one_error(member: Any, content: bytes) -> None:
    answer, name = member
    assert _sent(_changed(answer, name, content)) == []


@MANY
@given(JSONS, st.sampled_from(["type", "challenge", "origin", "crossOrigin", "topOrigin", "tokenBinding"]))
def test_any_json_in_the_client_data_raises_one_error(value: Any, member: str) -> None:
    for answer in (CREATED, ANSWERED):
        client = {**json.loads(raw(answer["response"]["clientDataJSON"])), member: value}
        _sent(_changed(answer, "clientDataJSON", json.dumps(client).encode()))


@MANY
@given(CBORS, st.sampled_from(["fmt", "attStmt", "authData", None]))
def test_any_cbor_in_the_attestation_raises_one_error(value: Any, member: str | None) -> None:
    content = cbor2.dumps(value if member is None else {**ATTESTATION, member: value})
    _sent(_changed(CREATED, "attestationObject", content))


@MANY
@given(CBORS)
def test_any_cbor_as_the_public_key_or_as_extensions_raises_one_error(value: Any) -> None:
    data = ATTESTATION["authData"]
    start = 37 + 16 + 2 + SITE.device.id_bytes
    extended = data[:32] + bytes([data[32] | 0x80]) + data[33:] + cbor2.dumps(value)
    for changed in (data[:start] + cbor2.dumps(value), extended):
        _sent(_changed(CREATED, "attestationObject", cbor2.dumps({**ATTESTATION, "authData": changed})))


BOMBS = {
    "deep lists": b"\x81" * 5000,
    "deep tags": b"\xd8\x1e" * 2500 + b"\x00",
    "a long text that is not there": b"\x7b" + b"\x7f" * 8,
    "a long list that is not there": b"\x9b" + b"\x7f" * 8,
    "a great power": bytes.fromhex("c5821b7fffffffffffffff01"),
    "a fraction by zero": bytes.fromhex("d81e820100"),
    "a list in itself": bytes.fromhex("d81c81d81d00"),
    "a key twice": bytes.fromhex("a2613061306130f5"),
    "an endless list": b"\x9f" * 300,
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_of_cbor_is_refused(case: str) -> None:
    content = BOMBS[case]
    data = ATTESTATION["authData"][: 37 + 18 + SITE.device.id_bytes] + content
    assert _sent(_changed(CREATED, "attestationObject", content)) == []
    assert _sent(_changed(CREATED, "attestationObject", cbor2.dumps({**ATTESTATION, "authData": data}))) == []


def _reason(answer: Any) -> str:
    with pytest.raises(InvalidSecondFactor) as refused:
        SITE.webauthn.challenge_of(answer)
    return refused.value.reason


def _deep(levels: int) -> Any:
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize(
    "answer", [None, [], "x", 7, {}, {**ANSWERED, "type": "password"}, {**ANSWERED, "response": []}]
)
def test_what_is_no_answer_at_all_is_refused(answer: Any) -> None:
    assert _reason(answer) == "malformed_answer"


def test_deep_nesting_is_refused() -> None:
    assert _reason({**ANSWERED, "x": _deep(100_000)}) == "malformed_answer"
    assert _reason(_changed(ANSWERED, "clientDataJSON", b"[" * 5000)) == "malformed_client_data"


def test_an_answer_has_at_most_8192_characters() -> None:
    padding = 8192 - len(json.dumps({**ANSWERED, "x": ""}))
    assert SITE.webauthn.challenge_of({**ANSWERED, "x": "x" * padding}) == CHALLENGE
    assert _reason({**ANSWERED, "x": "x" * (padding + 1)}) == "large_answer"


@pytest.mark.parametrize("written", ["", "AA==", "A+/A", "A A", "AAAAA", "AB", "\u00c4A", "AA\u00c4", "\n", "AA\n"])
def test_base64url_has_one_form_alone(written: str) -> None:
    assert _reason({**ANSWERED, "id": written, "rawId": written}) == "malformed_base64url"


def test_both_ids_are_one() -> None:
    assert _reason({**ANSWERED, "rawId": "AAAA"}) == "malformed_credential_id"


@pytest.mark.parametrize("listed", ["usb", {}, 1, ["usb"] * 17])
def test_transports_are_a_short_list(listed: Any) -> None:
    changed = {**CREATED, "response": {**CREATED["response"], "transports": listed}}
    assert _reason(changed) == "malformed_transports"


@pytest.mark.parametrize(
    "client", [b"", b"[]", b"null", b"{", b"{}", b'{"challenge": 1}', b"\xff\xfe{\x00}\x00", b"9" * 5000]
)
def test_client_data_that_cannot_be_read_is_refused(client: bytes) -> None:
    changed = {**ANSWERED, "response": {**ANSWERED["response"], "clientDataJSON": text(client)}}
    assert _reason(changed) == ("malformed_client_data" if client else "malformed_base64url")
