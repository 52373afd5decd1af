"""A Socket.IO client with an access token: says who it is, and waits until its session is over.

Get a token from POST /auth/login, then: DOORWARD_TOKEN=… python client.py
"""

import asyncio
import json
import os
from typing import Any

import socketio
from socketio import exceptions

URL = os.environ.get("SOCKET_IO_URL", "http://localhost:8000")

# Without reconnection: after `session_over` the same token is refused. Set it to True if `handshake` gets a new token.
client = socketio.AsyncClient(reconnection=False)


def handshake() -> dict[str, Any]:
    """Return what the server verifies. It travels in a message, never in a URL or a header."""
    return {
        "token": os.environ.get("DOORWARD_TOKEN"),
        "tenant_id": os.environ.get("DOORWARD_TENANT", "acme"),
    }


@client.event
async def connect_error(data: dict[str, str]) -> None:
    """Tell why the server refused: missing_credentials, invalid_token, insufficient_scope, temporarily_unavailable."""
    print(f"refused: {data['message']}", flush=True)


@client.event
async def joined(data: dict[str, str]) -> None:
    """Tell who else of the tenant connected."""
    print(f"joined: {data['user']}", flush=True)


@client.event
async def session_over(data: dict[str, str]) -> None:
    """Tell why the socket ends. After token_expired, refresh and connect again; else sign in again."""
    print(f"session over: {data['code']}", flush=True)


async def main() -> None:
    """Connect, ask, and wait for the end."""
    try:
        # The first handshake that a server sees takes longer than the second that is the default: it reads the keys.
        await client.connect(URL, auth=handshake, wait_timeout=10)
    except exceptions.ConnectionError:
        return  # `connect_error` told why
    print(f"connected: {json.dumps(await client.call('whoami'))}", flush=True)
    await client.wait()
    print("disconnected", flush=True)


asyncio.run(main())
