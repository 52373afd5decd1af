"""The emulator's program with a guard before it: `python -m local.guard`, in the emulator's own Python.

ministack takes anybody who names the key `test`, no key or an account's number for root, checks no signature of root,
and answers every web page. The guard stands in its process, so there is no unguarded port behind it. It relies on names
inside ministack 1.5.33; tests/e2e/test_local_guard.py fails if one of them is gone.
"""

from __future__ import annotations

import hmac
import importlib
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import emulated, layers, measured, quick_sam

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HOSTS = frozenset({"localhost", "127.0.0.1"})
PASS = b"x-doorward-front"
"""The header by which our own front, which web pages may call, shows that a request came through it."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets requests through that no web page can send, and those of our own front.

    Args:
        application: the emulator.
        secret: what the front sends as its pass.
        hosts: the names by which the emulator may be called.
    """

    application: Application
    secret: bytes
    hosts: frozenset[str] = HOSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or WebSocket (ASGI)."""
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
            return
        problem = self._problem(scope["headers"])
        if problem is None:
            kept = [(name, value) for name, value in scope["headers"] if name != PASS]
            await self.application({**scope, "headers": kept}, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": f"doorward: {problem}\n".encode()})

    def _problem(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """Tell why a request is refused; a name that is not ours may have been bound to this machine by a stranger."""
        if not is_ours([value for name, value in headers if name == b"host"], self.hosts):
            return "this answers to localhost and 127.0.0.1 alone"
        found = dict(headers)
        if hmac.compare_digest(found.get(PASS, b""), self.secret):
            return None
        if b"origin" in found or found.get(b"sec-fetch-site", b"none") != b"none":
            return "no web page may call AWS here"
        return None


def is_ours(hosts: list[bytes], ours: frozenset[str] = HOSTS) -> bool:
    """Return whether a request names one host, and that host is this machine."""
    return len(hosts) == 1 and hosts[0].decode("latin-1").strip().lower().partition(":")[0] in ours


def _trust_signatures_alone(key: str) -> None:
    """Let nobody be root but who signs with the one root key, whatever the emulator thinks by itself."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    evaluator.is_root_access_key = lambda access_key_id: access_key_id == key
    # It is asked whose signatures need not be checked.
    evaluator._is_root_key = lambda _: False  # noqa: SLF001
    enforce = evaluator.enforce

    def enforce_but_open_apis(access_key_id: str, action: str, *more: Any, **named: Any) -> Any:  # noqa: ANN401
        # A method or a preflight that asks for no signature is anybody's.
        is_open = not access_key_id and action == "execute-api:Invoke"
        return None if is_open else enforce(access_key_id, action, *more, **named)

    evaluator.enforce = enforce_but_open_apis


def _salt_function_credentials(secret: bytes) -> None:
    """Give functions credentials that cannot be computed from their names."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    plain = runtime.execution_credentials

    def salted(config: Any) -> dict[str, str]:  # noqa: ANN401 - ministack's
        sessions: Any = importlib.import_module("ministack.services.sts")
        found = plain(config)
        session = sessions._sessions.pop(found["AWS_ACCESS_KEY_ID"])  # noqa: SLF001
        made = {name: hmac.digest(secret, value.encode(), "sha256").hex() for name, value in found.items()}
        made["AWS_ACCESS_KEY_ID"] = f"ASIA{made['AWS_ACCESS_KEY_ID'][:16].upper()}"
        changed = {"SecretAccessKey": made["AWS_SECRET_ACCESS_KEY"], "SessionToken": made["AWS_SESSION_TOKEN"]}
        sessions.register_session(made["AWS_ACCESS_KEY_ID"], {**session, **changed})
        return made

    runtime.execution_credentials = salted


def _measure(file: str) -> None:
    """Hold functions to the leading keys of their roles, and note what the roles used."""
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    emulated.name_identities(actions)
    sessions: Any = importlib.import_module("ministack.services.sts")
    noted = measured.Measured(lambda: sessions._sessions, Path(file))  # noqa: SLF001
    measured.hold_to_leading_keys(actions, importlib.import_module("ministack.core.iam_evaluator"), noted)


def main() -> None:
    """Run the emulator behind the guard, until it is ended."""
    secret = os.environ.pop("DOORWARD_FRONT_SECRET").encode()  # functions inherit what is left there
    hosts = HOSTS | set(os.environ.pop("DOORWARD_EMULATOR_HOSTS", "").split())
    sys.path.remove(os.getcwd())  # noqa: PTH109 - so that nothing of ours hides what the emulator imports
    quick_sam.read_by_libyaml()
    _trust_signatures_alone(os.environ["AWS_ACCESS_KEY_ID"])
    _salt_function_credentials(secret)
    layers.share()
    emulated.complete(importlib.import_module("ministack.services.apigateway_v1"))
    _measure(os.environ.pop("DOORWARD_USED"))
    emulator: Any = importlib.import_module("ministack.app")
    quick_sam.collect_garbage_rarely()
    emulator.app = Guard(emulator.app, secret, hosts)
    emulator.main()


if __name__ == "__main__":
    main()
