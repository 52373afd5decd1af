"""Flat bodies take and refuse what pydantic's models of the same declarations would, and in the same words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from doorward.api.bodies.flat import FlatRequest
from doorward.api.bodies.sign_in import (
    IntrospectRequest,
    LoginRequest,
    RefreshRequest,
    RevokeRequest,
    TenantLoginRequest,
)
from doorward.api.bodies.tokens import IntrospectionResponse, SignInResponse
from doorward.errors import DoorwardError, InvalidRequest, UnsupportedGrantType
from tools.openapi.flat import modelled

BODIES: list[type[FlatRequest]] = [TenantLoginRequest, LoginRequest, RefreshRequest, RevokeRequest, IntrospectRequest]
NAMES = sorted({name for body in BODIES for name in body.names()})
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "x" * 256,
        "x" * 257,
        "x" * 1024,
        "x" * 1025,
        "é" * 8192,
        "x" * 8193,
        "acme",
        "A!",
        "Service:x",
        "refresh_token",
    ]
)
ODD = st.sampled_from([None, True, 7, 1.5, [], ["a"], {}, {"a": "b"}])
MEMBERS = st.dictionaries(st.sampled_from([*NAMES, "other", ""]), TEXTS | TEXTS | ODD, max_size=7)


def _theirs(body: type[FlatRequest], text: bytes) -> Any:
    """Return what pydantic makes of a text: the members, or the sentence that refuses it."""
    model: Any = modelled(body)  # type: ignore[arg-type]
    try:
        return dict(model.model_validate_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = f"{str(first['loc'][0])[:100]}: " if first["loc"] and first["loc"][0] != "" else ""
        wrong_json = first["type"] == "json_invalid"
        message = "it is no valid JSON" if wrong_json else first["msg"].removeprefix("Value error, ")
        return f"The body is not acceptable: {place}{message}."
    except DoorwardError as error:
        return error.detail


def _ours(body: type[FlatRequest], text: bytes) -> Any:
    try:
        found = body.of_json(text)
    except DoorwardError as error:
        return error.detail
    return {name: getattr(found, name) for name in body.names()}


@pytest.mark.parametrize("body", BODIES)
@settings(max_examples=300)
@given(MEMBERS)
def test_members_are_judged_as_by_pydantic(body: type[FlatRequest], members: dict[str, Any]) -> None:
    text = json.dumps(members).encode()
    ours = _ours(body, text)
    if ours in [UnsupportedGrantType.default_detail, "The body is not acceptable: send either username or email."]:
        return  # rules between members, which the declarations do not hold
    assert ours == _theirs(body, text)


@pytest.mark.parametrize("body", BODIES)
@given(st.text(max_size=30).map(str.encode) | st.binary(max_size=30))
@example(b"")
@example(b"[]")
@example(b"null")
@example(b'"a"')
@example(b"7")
@example(b"\xef\xbb\xbf{}")
@example(b"[" * 30_000)
@example(b'{"password": "\\ud800", "username": "a"}')
@example(b'{"password": "\\uD83D\\uDE00", "username": "a"}')
@example(b'{"\\ud800": "a"}')
@example(b'{"token": "a"}x')
@example(b'{"token": "a", }')
@example(b"{'token': 'a'}")
@example(b'{"token": "a\nb"}')
@example(b'{"token": "\xff"}')
@example(b'{"token": "\xed\xa0\x80"}')
@example(b'{"n": ' + b"1" * 5_000 + b"}")
def test_texts_are_judged_as_by_pydantic(body: type[FlatRequest], text: bytes) -> None:
    ours, theirs = _ours(body, text), _theirs(body, text)
    if ours == "The body is not acceptable: send either username or email.":
        return
    assert isinstance(ours, dict) == isinstance(theirs, dict), (ours, theirs)
    if isinstance(ours, dict):
        assert ours == theirs


def test_no_value_is_shown_to_anybody() -> None:
    with pytest.raises(InvalidRequest) as caught:
        LoginRequest.of_json(b'{"password": "hunter2", "username": "a", "email": "b"}')
    assert "hunter2" not in caught.value.detail
    assert caught.value.detail == "The body is not acceptable: send either username or email."


def test_another_grant_is_told_so_before_anything_else() -> None:
    with pytest.raises(UnsupportedGrantType):
        RefreshRequest.of_json(b'{"grant_type": "password", "username": "a"}')


def test_answers_are_written_as_by_pydantic() -> None:
    for body in (
        IntrospectionResponse(active=False),
        IntrospectionResponse(active=True, roles=["a", "ü"], iat=7, username='"\\\n', sub="\u2028"),
        SignInResponse(
            access_token="a", expires_in=900, refresh_token="r", refresh_expires_in=8, session_id="s", device_token="d"
        ),
    ):
        model: Any = modelled(type(body))  # type: ignore[arg-type]
        members = {name: getattr(body, name) for name in model.model_fields}
        assert body.to_json() == model(**members).model_dump_json(exclude_none=True)
