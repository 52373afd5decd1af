"""The feed's documented form: schema, test vectors, and two verifiers that agree on them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import jwt
import pytest

from doorward.authorization import judge
from doorward.errors import InvalidToken
from doorward.keys.keyring import Keyring
from doorward.keys.signing import KeySet
from doorward.tokens.access import verify_access_token
from doorward.verifier.feed import ReadFeed
from doorward.verifier.issuer import public_keys
from tests.support.fronts import Stream
from tests.support.world import House
from tools.feed_vectors import FILE, vectors

ROOT = Path(__file__).resolve().parents[2]
VECTORS: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
SCHEMA: dict[str, Any] = json.loads((FILE.parent / "schema.json").read_text("utf-8"))


def _valid(content: Any, kind: str) -> None:
    jsonschema.validate(content, {**SCHEMA, "$ref": f"#/$defs/{kind}"}, jsonschema.Draft202012Validator)


def test_the_vectors_are_those_that_the_code_makes() -> None:
    assert vectors() == VECTORS, "write them anew: make feed-vectors"


def test_heads_and_parts_are_of_the_form_that_the_schema_says(house: House) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for read in VECTORS["reads"]:
        _valid(jwt.decode(read["head"], options={"verify_signature": False}), "head")
    for text in VECTORS["parts"].values():
        _valid(json.loads(text), "part")
    pair, stream = house.sign_in("acme-admin").tokens, Stream(house)
    stream()
    house.log_out(house.principal(pair), everywhere=True)
    head = stream().head
    assert head is not None
    _valid(jwt.decode(head.text, options={"verify_signature": False}), "head")


def test_the_library_says_of_the_vectors_what_they_expect() -> None:
    keys = KeySet(VECTORS["issuer"], "", public_keys(json.dumps(VECTORS["jwks"])))
    keyring, given = Keyring(lambda: keys, lambda: 0), [""]

    def fetch(url: str, _: str | None) -> tuple[str | None, str | None]:
        return (VECTORS["parts"].get(url.rpartition("/")[2], "") if "/parts/" in url else given[0]), None

    reader = ReadFeed(VECTORS["issuer"], keyring, fetch)
    for read in VECTORS["reads"]:
        given[0] = read["head"]
        assert _reason(lambda now=read["now"]: reader(now)) == read["reason"], read.get("why")

    def verify(token: str, now: int) -> None:
        claims = verify_access_token(token, keyring, VECTORS["audience"], now * 1000)
        assert reader.head is not None
        restriction = judge(claims, reader.known.of(claims, reader.head)).restriction
        if restriction is not None:
            raise InvalidToken(reason=restriction)

    for one in VECTORS["tokens"]:
        assert _reason(lambda one=one: verify(one["token"], one["now"])) == one["reason"], one["why"]


def _reason(run: Any) -> str | None:
    try:
        run()
    except InvalidToken as error:
        return error.reason
    return None


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_the_verifier_for_node_says_the_same() -> None:
    command = ["node", str(ROOT / "examples" / "verifier-node" / "check.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("tokens, 0 wrong")
