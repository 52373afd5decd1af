"""A Socket.IO server whose sockets live no longer than the Doorward session behind them.

Run `python server.py`. A client connects with `auth: {"token": ACCESS_TOKEN, "tenant_id": "acme"}`. If it is refused,
`connect_error` has the code. When its session ends or its token expires, it gets `session_over` and is disconnected.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import socketio
import uvicorn
from socketio import exceptions

from doorward.errors import DoorwardError
from doorward.model import Principal
from doorward.verifier import Verifier

ISSUER = os.environ.get("DOORWARD_ISSUER", "http://localhost:8080")
AUDIENCE = os.environ.get("DOORWARD_AUDIENCE", "doorward")
CORS_ORIGIN = os.environ.get("SOCKET_IO_CORS_ORIGIN", "http://localhost:3000")
INTERVAL_SECONDS = float(os.environ.get("DOORWARD_INTERVAL_SECONDS", "30"))
PORT = int(os.environ.get("PORT", "8000"))

# What is known of revocations may be half an interval old, and every socket is verified again after half an interval.
# Together that is the interval.
PAUSE_SECONDS = INTERVAL_SECONDS / 2
verifier = Verifier(ISSUER, audience=AUDIENCE, interval_seconds=PAUSE_SECONDS)
sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins=[CORS_ORIGIN], cors_credentials=True)


@dataclass(frozen=True, slots=True)
class Socket:
    """A verified socket. It keeps its token, which is verified again and again."""

    principal: Principal
    token: str = field(repr=False)


sockets: dict[str, Socket] = {}


@sio.event
async def connect(sid: str, _environ: dict[str, Any], auth: object = None) -> None:
    """Let a verified caller into the tenant that the handshake names."""
    tenant_id = auth.get("tenant_id") if isinstance(auth, Mapping) else None
    try:
        # Reading keys and revocations may take a moment. A tenant that is not named is nobody's.
        principal = await asyncio.to_thread(verifier.verify_handshake, auth, tenant_id=tenant_id)
    except DoorwardError as error:
        # Not Python's own exception of this name: of that one the client would not see the code.
        raise exceptions.ConnectionRefusedError(error.code) from error
    sockets[sid] = Socket(principal, auth["token"])
    await sio.enter_room(sid, room_of(principal))
    await sio.emit("joined", {"user": principal.username}, room=room_of(principal), skip_sid=sid)


@sio.event
async def disconnect(sid: str, _reason: str) -> None:
    """Forget a socket and its token."""
    sockets.pop(sid, None)


@sio.event
async def whoami(sid: str) -> dict[str, Any]:
    """Answer who the socket's caller is. Events arrive only after `connect` let the socket in."""
    caller = sockets[sid].principal
    return {"user": caller.username, "tenant": caller.tenant_id, "roles": sorted(caller.roles)}


def room_of(caller: Principal) -> str:
    """Return the room of the caller's tenant. The prefix keeps it apart from the rooms that are sockets' ids."""
    return f"tenant:{caller.tenant_id}"


def why_over(socket: Socket) -> str | None:
    """Return why a socket has to end, None if it may stay."""
    try:
        verifier.verify_handshake({"token": socket.token}, tenant_id=socket.principal.tenant_id)
    except DoorwardError as error:
        # Whoever is told that the token expired can refresh it and connect again.
        return "token_expired" if error.reason == "expired" else error.code
    except Exception:  # noqa: BLE001 - a socket that cannot be verified ends, and the others are still looked at
        return "internal_error"
    return None


def all_over() -> dict[str, str]:
    """Return the sockets that have to end, with the reason."""
    found = {sid: why_over(socket) for sid, socket in list(sockets.items())}
    return {sid: code for sid, code in found.items() if code is not None}


async def watch() -> None:
    """End sockets as their sessions end."""
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        for sid, code in (await asyncio.to_thread(all_over)).items():
            await sio.emit("session_over", {"code": code}, to=sid)
            await sio.disconnect(sid)


async def start() -> None:
    """Begin to watch when the server starts."""
    sio.start_background_task(watch)


if __name__ == "__main__":
    # No access log: the URL of a polling request has the socket's id, which stands for the caller.
    uvicorn.run(
        socketio.ASGIApp(sio, on_startup=start), host="127.0.0.1", port=PORT, access_log=False, log_level="warning"
    )
