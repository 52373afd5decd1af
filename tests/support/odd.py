"""Values that nobody would send, and some that somebody would: for headers, bodies and whatever else an event has."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.support.deployment import openapi

CANARY = "s3cret-canary-7f3a91"
"""What is sent wherever a secret goes; no log line and no refusal may have it."""

SECRETS = (
    "password",
    "current_password",
    "token",
    "refresh_token",
    "code",
    "challenge",
    "device_token",
    "challenge_id",
)

ODD_TEXTS = (
    "", " ", "\0", "a\0b", "\r\n", "a\r\nSet-Cookie: x=1", "\ud800", "\udfff\ud800", "é", "\u202e", "\ufeff",
    "🙂", "\ufdfa", "%00", "%", "%zz", "%2e%2e%2f", "../..", "..", ".", "/", "//", "\\", "a/b", "a%2Fb", "#",
    "?", "user#1", "tenant#acme", "-", "me", "acme", "globex", "ACME", "*", "$", "{}", "null", "true", "0",
    "-1", "1e999", "NaN", "9" * 400, "x" * 5000, "<script>", "'; --", "{{7*7}}", "${jndi:x}", "\x7f", "\x85",
    "\u2028", "Bearer", "Bearer ", "=", ";", ",", '"', "é" * 300,
)  # fmt: skip

texts: SearchStrategy[str] = st.one_of(
    st.sampled_from(ODD_TEXTS), st.text(max_size=12), st.text(st.characters(categories=("Cs", "Cc", "L")), max_size=6)
)
numbers: SearchStrategy[Any] = st.sampled_from(
    (0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308, float("inf"), float("nan"))
)
scalars: SearchStrategy[Any] = st.one_of(texts, numbers, st.none(), st.booleans())
values: SearchStrategy[Any] = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(texts, scalars, max_size=3),
    st.sampled_from(([[[[[]]]]], {"a": {"a": {"a": {}}}}, [None], [[]], [{}], {"": ""})),
)


@cache
def member_names() -> tuple[str, ...]:
    """Return the names of all members that bodies of the API have."""
    schemas = openapi()["components"]["schemas"].values()
    return tuple(sorted({name for schema in schemas for name in schema.get("properties", {})}))


def _plausible(name: str) -> SearchStrategy[Any]:
    """Return values for a member, of which most are of the type that it has."""
    if name in SECRETS:
        return st.one_of(st.just(CANARY), st.just(CANARY * 3), st.just("correct horse battery"), values)
    known = st.sampled_from(
        ("acme", "admin", "acme-admin", "ann@people.example", "de", "user", "link", "mail", "disabled")
    )
    return st.one_of(known, st.sampled_from((True, False, 3600, ["user"], ["admin"], {"k": "v"})), values)


@st.composite
def members(draw: st.DrawFn) -> dict[str, Any]:
    """Return the members of a body, by name."""
    usual = st.sampled_from((*SECRETS, "username", "email", "tenant_id"))
    names = draw(st.lists(st.one_of(usual, usual, st.sampled_from(member_names()), texts), max_size=5, unique=True))
    return {name: draw(_plausible(name)) for name in names}


def _dumped(value: Any) -> str:
    return json.dumps(value)


def _twice(found: dict[str, Any]) -> str:
    """Return JSON in which each member stands twice."""
    inside = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())
    return f"{{{inside}{', ' if inside else ''}{inside}}}"


def _form(found: dict[str, Any]) -> str:
    return urlencode({name: str(value) for name, value in found.items()}, errors="replace")


json_bodies: SearchStrategy[str] = st.one_of(
    members().map(_dumped),
    members().map(_dumped),
    members().map(lambda found: json.dumps(found, ensure_ascii=False)),
    members().map(_twice),
    values.map(_dumped),
    st.tuples(members().map(_dumped), st.integers(0, 40)).map(lambda drawn: drawn[0][: drawn[1]]),
    st.sampled_from(
        ("[" * 20_000, '{"a":' * 5_000, "[" * 900 + "]" * 900, '{"password": ' + "9" * 5_000 + "}", "\ufeff{}", "{}x")
    ),
    texts,
)
form_bodies: SearchStrategy[str] = st.one_of(
    members().map(_form),
    members().map(_form),
    st.sampled_from(
        ("&&&", "=", "a=1&" * 50, "token=%ff", "token=%00", "password=%ed%a0%80", "a=1;b=2", "%=%", "x" * 40_000)
    ),
    texts,
)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def bodies(of: SearchStrategy[str]) -> SearchStrategy[tuple[Any, Any]]:
    """Return bodies, and what is said of whether they are base64."""
    return st.one_of(
        st.tuples(of, st.just(False)),
        st.tuples(of.map(_encoded), st.just(True)),
        st.tuples(of, st.sampled_from((True, None, "true", 1))),
        st.tuples(st.sampled_from(("gICAgA==", "//79", "AA==", "YQ", "%%%", "====", "")), st.just(True)),
    )


def spelled(path: str) -> SearchStrategy[str]:
    """Return spellings of a path that may lead to the same place, or to none."""
    return st.sampled_from(
        (
            path,
            path,
            path,
            path,
            path + "/",
            "/" + path,
            path.upper(),
            path.replace("/", "//"),
            path + "/..",
            path + "\0",
            quote(path, safe="", errors="surrogatepass"),
        )
    )
