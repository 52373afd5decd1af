"""Reasons of denials are stable, explained, and told to no caller."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from doorward.errors import InvalidToken
from doorward.rules.reasons import REASONS
from tests.unit.test_architecture import PACKAGE
from tests.unit.test_authorization import FORGED, FORGERS, _with_token

DENYING = ("authorization.py", "authorizer", "keys", "rules", "sockets", "tokens", "verifier")
ELSEWHERE = {"malformed_refresh_token", "forged_refresh_token"}  # of the token endpoint's own answers


def _reasons_in(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
            "InvalidToken",
            "SessionOver",
            "InvalidGrant",
        }:
            found |= {
                str(word.value.value)
                for word in node.keywords
                if word.arg == "reason" and isinstance(word.value, ast.Constant)
            }
        if (
            isinstance(node, ast.Return)
            and file.stem in {"revocation", "routes"}
            and isinstance(node.value, ast.Constant)
        ):
            found |= {node.value.value} if isinstance(node.value.value, str) else set()
    return found


def test_every_reason_that_the_code_gives_is_explained() -> None:
    files = [file for name in DENYING for file in [PACKAGE / name, *(PACKAGE / name).rglob("*.py")] if file.is_file()]
    used = set().union(*map(_reasons_in, files))
    assert len(used) > 20
    assert used - ELSEWHERE <= set(REASONS)


@pytest.mark.parametrize("algorithm", FORGED)
def test_every_forgery_is_denied_for_an_explained_reason(algorithm: str) -> None:
    house, _ = FORGERS[algorithm]  # type: ignore[index]
    for name, token in FORGED[algorithm].items():  # type: ignore[index]
        with pytest.raises(InvalidToken) as caught:
            house.authorize(_with_token(token))
        assert caught.value.reason in REASONS, name
