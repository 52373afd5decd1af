"""Reasons of denials are stable, explained, and told to no caller."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from doorward.errors import InvalidToken
from doorward.rules.reasons import REASONS
from tests.unit.test_architecture import PACKAGE
from tests.unit.test_authorization import FORGED, FORGERS, _with_token

DENYING = ("authorization.py", "authorizer", "keys", "rules", "sockets", "tokens", "verifier")
ELSEWHERE = {"malformed_refresh_token", "forged_refresh_token"}  # of the token endpoint's own answers


def _reasons_in(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    found = {reason for node in nodes if isinstance(node, ast.Call) for reason in _reasons_of(node)}
    if file.stem in {"revocation", "routes"}:  # these return the reason of a refusal
        found |= _texts(node.value for node in nodes if isinstance(node, ast.Return))
        found |= _texts(key for node in nodes if isinstance(node, ast.Dict) for key in node.keys)
    return found


def _reasons_of(call: ast.Call) -> set[str]:
    """Return the reason that a refusal is made with."""
    if getattr(call.func, "id", "") not in {"InvalidToken", "SessionOver", "InvalidGrant"}:
        return set()
    return _texts(word.value for word in call.keywords if word.arg == "reason")


def _texts(nodes: Iterable[ast.AST | None]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


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
