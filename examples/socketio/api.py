"""A REST API behind Doorward's ASGI middleware. Run `python api.py`; call it with an Authorization header."""

import os

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from doorward.verifier import Verifier
from doorward.verifier.asgi import Protect, principal_of

ISSUER = os.environ.get("DOORWARD_ISSUER", "http://localhost:8080")
AUDIENCE = os.environ.get("DOORWARD_AUDIENCE", "doorward")
INTERVAL_SECONDS = float(os.environ.get("DOORWARD_INTERVAL_SECONDS", "30"))
PORT = int(os.environ.get("PORT", "8001"))


async def health(_: Request) -> JSONResponse:
    """Answer anybody."""
    return JSONResponse({"status": "ok"})


async def orders(request: Request) -> JSONResponse:
    """Answer members of the tenant in the path. The middleware does not look at paths; this is the API's own work."""
    caller = principal_of(request.scope)
    if request.path_params["tenant_id"] != caller.tenant_id:
        raise HTTPException(404)
    return JSONResponse({"tenant": caller.tenant_id, "user": caller.username, "orders": []})


async def live(websocket: WebSocket) -> None:
    """Greet a verified caller. A WebSocket is verified once, when it begins; server.py shows how to end one."""
    caller = principal_of(websocket.scope)
    await websocket.accept()
    await websocket.send_json({"user": caller.username})
    await websocket.close()


app = Protect(
    Starlette(routes=[Route("/health", health), Route("/{tenant_id}/orders", orders), WebSocketRoute("/live", live)]),
    Verifier(ISSUER, audience=AUDIENCE, interval_seconds=INTERVAL_SECONDS),
    public=["/health"],
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, access_log=False, log_level="warning")
