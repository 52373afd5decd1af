"""Every operation of the functions, each with what is sent to a town for it.

A route of the template without a row fails (`test_every_operation`). Protected routes have their rows in the matrix of
callers; what is not there, and every public route, has one here. A name is the route, and after a colon a variant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode

from doorward.rules.proofs import MAX_TRIES
from tests.faults.town import ADDRESS, FORM, NEW, Town, functions, request, secret_of
from tests.functions.test_by_mail import Mail
from tests.functions.test_matrix import LIVE, PROTECTED, TABLE
from tests.support.broken import Sent
from tests.support.deployment import event, waiting_acts
from tests.support.people import PASSWORD, bearer

Row = Callable[[Town], dict[str, Any]]
"""Prepares a town, and returns the request: `path` if the route has a name in braces, `body`, `headers`, `context`."""

JSON_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HERE = {"tenantId": "acme"}


def _page(name: str = "", /, **query: str) -> Row:
    return lambda town: {"headers": town.people[name].headers if name else {}, "query": query or None}


def _form(name: str = "", /, **form: Any) -> Row:
    """Return the row of a form; a value that is a function is asked for it in the town."""

    def row(town: Town) -> dict[str, Any]:
        filled = {key: value(town) if callable(value) else value for key, value in form.items()}
        headers = {**FORM, **(town.people[name].headers if name else {})}
        return {"body": urlencode(filled), "headers": headers}

    return row


def _body(context: str = "", /, **members: Any) -> Row:
    """Return the row of a JSON body; a value that is a function is asked for it in the town."""

    def row(town: Town) -> dict[str, Any]:
        filled = {key: value(town) if callable(value) else value for key, value in members.items()}
        return {"body": filled or None, "context": town.people[context].context if context else None}

    return row


def _mailed(function: str, path: str, asked: dict[str, Any] | None = None, person: str = "", **more: Any) -> Row:
    return lambda town: {"body": town.mailed(function, path, asked, person=person, **more)}


def _refresh(**more: Any) -> Row:
    return lambda town: {"body": {"refresh_token": town.people["kim"].pair["refresh_token"], **more}}


def _used(town: Town) -> dict[str, Any]:
    sent = _refresh()(town)
    town.ok("refresh", "POST", "/auth/refresh", sent["body"])
    town.scene.later(60)
    return sent


def _last_try(town: Town) -> dict[str, Any]:
    body = Mail().by_code(town.ok("email_codes", "POST", "/auth/email-code", _CODE))
    for _ in range(MAX_TRIES - 1):
        wrong = {**body, "code": f"{(int(body['code']) + 1) % 10**6:06}"}
        town.deployment.call("email_codes", "POST", "/auth/email-code/confirm", wrong)
    return {"body": body}


def _passkey(town: Town) -> str:
    return json.dumps(town.assertion("tom"))


def _new_passkey(town: Town) -> dict[str, Any]:
    tom = town.people["tom"]
    asked = town.ok("factors", "POST", "/users/me/factors/passkeys/options", context=tom.context)["json"]
    return tom.device.create(asked["options"])


def _page_passkey(town: Town) -> str:
    tom = town.people["tom"]
    shown = town.ok("factor_pages", "GET", "/account/factors/passkey", headers=tom.headers)
    (options,) = re.findall(r'data-options="([^"]+)"', shown["body"])
    return json.dumps(tom.device.create(json.loads(unescape(options))))


def _script(town: Town) -> dict[str, Any]:
    shown = town.ok("factor_pages", "GET", "/account/factors/passkey", headers=town.people["tom"].headers)
    (script,) = re.findall(r'src="[./]+/assets/([^"]+)"', shown["body"])
    return {"path": f"/assets/{script}"}


def _begun_app(town: Town) -> str:
    """Begin an app of ann's, and return its code."""
    ann = town.people["ann"]
    ann.secret = secret_of(town.form("factor_pages", "/account/factors/app", ann))
    return town.code("ann")


def _factor(town: Town) -> str:
    listed = town.ok("factors", "GET", "/users/me/factors", context=town.people["tom"].context)["json"]["items"]
    return str(next(item["id"] for item in listed if item["kind"] == "passkey"))


def _of_factor(row: Row, path: str) -> Row:
    return lambda town: {"path": path.replace("{factorId}", _factor(town)), **row(town)}


def _member(row: Row) -> Row:
    return lambda town: {"path": f"/admin/t/acme/members/{town.people['ann'].id}", **row(town)}


def _deleting(town: Town) -> dict[str, Any]:
    town.ask("demo", "POST", "/api/globex/demo/seed", town.people["globex-admin"].context)
    town.mint("globex", "robot")
    town.invite("globex")
    town.ask("tenants", "PATCH", "/tenants/globex", town.platform, {"status": "disabled"})
    return {"path": "/tenants/globex", "context": town.platform}


def _seeded(town: Town) -> dict[str, Any]:
    context = town.people["acme-admin"].context
    town.ask("demo", "POST", "/api/acme/demo/seed", context)
    return {"context": context}


def _linked(kind: str) -> dict[str, Any]:
    """Return the form of the page behind a link."""
    asks: dict[str, Callable[[Town], Any]] = {
        "sign-up": lambda town: town.mailed("sign_up", "/api/acme/auth/sign-up", {"email": "cleo@people.example"}),
        "password-reset": lambda town: town.mailed(
            "accounts_by_mail", "/api/acme/auth/password-reset", {"email": ADDRESS["eve"]}
        ),
        "verify-email": lambda town: town.mailed("accounts_by_mail", "/auth/verify-email", person="ann"),
        "email-change": lambda town: town.mailed(
            "accounts_by_mail",
            "/users/me/email",
            {"email": "new@people.example", "current_password": PASSWORD},
            person="eve",
        ),
        "email-undo": lambda town: {"token": town.undo()},
        "invitation": lambda town: {"token": town.invited()},
    }
    more = {"sign-up": {"password": NEW, "username": "cleo"}, "password-reset": {"password": NEW}}
    more["invitation"] = {"password": NEW, "username": ""}
    return {"token": lambda town: asks[kind](town)["token"], **more.get(kind, {})}


def _link(kind: str) -> Row:
    form = _form(**_linked(kind))
    return lambda town: {"path": f"/links/{kind}", **form(town)}


def _both(name: str, row: Row) -> dict[str, Row]:
    """Return the rows of a route that exists within a tenant too."""
    method, path = name.split(" ", 1)
    return {name: row, f"{method} /api/{{tenantId}}{path}": row}


_SIGN_UP = {"email": "cleo@people.example"}
_CODE = {"tenant_id": "acme", "email": ADDRESS["eve"]}
_EVE = {"email": ADDRESS["eve"]}

API: dict[str, Row] = {
    "POST /auth/login": _body(username="ann", password=PASSWORD),
    "POST /auth/login: a wrong password": _body(username="ann", password="wrong one"),
    "POST /auth/login: a second factor is missing": _body(username="tom", password=PASSWORD),
    "POST /api/{tenantId}/auth/login": _body(email=ADDRESS["ann"], password=PASSWORD),
    "POST /auth/token/refresh": _refresh(),
    "POST /auth/token/refresh: in a form": lambda town: {
        "body": urlencode({"grant_type": "refresh_token", "refresh_token": town.people["ann"].pair["refresh_token"]}),
        "headers": JSON_FORM,
    },
    "POST /auth/token/refresh: a used token": _used,
    "POST /auth/refresh": _refresh(),
    "POST /auth/session/token": lambda town: {
        "headers": {"Origin": "https://id.example", "Sec-Fetch-Site": "same-origin", **town.people["kim"].headers}
    },
    "POST /auth/refresh: into another tenant": _refresh(tenant_id="globex"),
    "POST /api/{tenantId}/auth/refresh": _refresh(),
    "GET /auth/logout": lambda town: {
        "headers": {"Sec-Fetch-Site": "same-origin", **town.people["kim"].headers},
    },
    "POST /auth/logout": lambda town: {"headers": bearer(town.people["kim"].pair["access_token"])},
    "POST /auth/logout: everywhere": lambda town: {
        "headers": bearer(town.people["kim"].pair["access_token"]),
        "query": {"everywhere": "true"},
    },
    "POST /auth/token/revoke": lambda town: {
        "body": urlencode({"token": town.people["kim"].pair["refresh_token"]}),
        "headers": JSON_FORM,
    },
    "POST /auth/token/revoke: an access token": lambda town: {
        "body": urlencode({"token": town.people["kim"].pair["access_token"]}),
        "headers": JSON_FORM,
    },
    **_both("POST /auth/password-reset", _body(**_CODE)),
    "POST /api/{tenantId}/auth/password-reset": _body(**_EVE),
    **_both(
        "POST /auth/password-reset/confirm",
        _mailed("accounts_by_mail", "/auth/password-reset", _CODE, password=NEW),
    ),
    "POST /auth/verify-email": _body("ann"),
    "POST /auth/verify-email/confirm": _mailed("accounts_by_mail", "/auth/verify-email", person="ann"),
    "POST /auth/find-tenants": _body(**_EVE),
    "POST /users/{id}/email": lambda town: {
        "path": "/users/me/email",
        **_body("eve", email="new@people.example", current_password=PASSWORD)(town),
    },
    "POST /auth/email-change/confirm": _mailed(
        "accounts_by_mail", "/users/me/email", {"email": "new@people.example", "current_password": PASSWORD}, "eve"
    ),
    "POST /auth/email-change/undo": _body(token=Town.undo),
    "POST /auth/sign-up": _body(tenant_id="acme", **_SIGN_UP),
    "POST /api/{tenantId}/auth/sign-up": _body(**_SIGN_UP),
    **_both(
        "POST /auth/sign-up/confirm",
        _mailed("sign_up", "/api/acme/auth/sign-up", _SIGN_UP, password=NEW, username="cleo"),
    ),
    "POST /auth/email-code": _body(**_CODE),
    "POST /api/{tenantId}/auth/email-code": _body(**_EVE),
    **_both(
        "POST /auth/email-code/confirm",
        lambda town: {"body": Mail().by_code(town.ok("email_codes", "POST", "/auth/email-code", _CODE))},
    ),
    **_both("POST /auth/invitations/accept", _body(token=Town.invited, password=NEW, username="cleo")),
    "POST /auth/email-code/confirm: the last try": _last_try,
    "POST /auth/invitations/accept: by a user": lambda town: {
        "body": {"token": town.invited(ADDRESS["ann"].replace("ann", "zoe"))},
        "headers": bearer(town.people["globex-admin"].pair["access_token"]),
    },
    "POST /auth/second-factor": _body(challenge_id=Town.waiting, totp=lambda town: town.code("tom")),
    "POST /auth/second-factor: a recovery code": _body(
        challenge_id=Town.waiting, recovery_code=lambda town: town.people["tom"].codes[0]
    ),
    "POST /api/{tenantId}/auth/second-factor": _body(challenge_id=Town.waiting, totp=lambda town: town.code("tom")),
    "POST /auth/passkey/options": _body(),
    **_both("POST /auth/passkey", _body(passkey=lambda town: town.assertion("tom"))),
    "POST /auth/step-up": _body("tom", totp=lambda town: town.code("tom")),
    "POST /auth/step-up: by password": _body("ann", password=PASSWORD),
    "GET /users/{id}/factors": lambda town: {"path": "/users/me/factors", **_body("tom")(town)},
    "POST /users/{id}/factors/totp": lambda town: {"path": "/users/me/factors/totp", **_body("ann")(town)},
    "DELETE /users/{id}/factors/totp": lambda town: {"path": "/users/me/factors/totp", **_body("tom")(town)},
    "POST /users/{id}/factors/totp/confirm": lambda town: {
        "path": "/users/me/factors/totp/confirm",
        **_body("ann", code=_begun_app)(town),
    },
    "POST /users/{id}/factors/recovery-codes": lambda town: {
        "path": "/users/me/factors/recovery-codes",
        **_body("tom")(town),
    },
    "POST /users/{id}/factors/passkeys/options": lambda town: {
        "path": "/users/me/factors/passkeys/options",
        **_body("tom")(town),
    },
    "POST /users/{id}/factors/passkeys": lambda town: {
        "path": "/users/me/factors/passkeys",
        **_body("tom", name="Phone", passkey=_new_passkey)(town),
    },
    "PATCH /users/{id}/factors/{factorId}": _of_factor(_body("tom", name="Other"), "/users/me/factors/{factorId}"),
    "DELETE /users/{id}/factors/{factorId}": _of_factor(_body("tom"), "/users/me/factors/{factorId}"),
    "DELETE /users/{id}: oneself": lambda town: {
        "path": "/users/me",
        **_body("ann", current_password=PASSWORD)(town),
    },
    "PATCH /users/{id}: the password": lambda town: {
        "path": "/users/me",
        **_body("ann", current_password=PASSWORD, password=NEW)(town),
    },
    "PATCH /users/{id}: the status": lambda town: {
        "path": f"/users/{town.people['kim'].id}",
        **_body("acme-admin", status="disabled")(town),
    },
    "PATCH /users/{id}: the address": lambda town: {
        "path": f"/users/{town.people['eve'].id}",
        **_body("acme-admin", email="eve.new@people.example")(town),
    },
    "DELETE /users/{id}: of two tenants": lambda town: {
        "path": f"/users/{town.people['kim'].id}",
        **_body("admin")(town),
    },
    "DELETE /users/{id}/tenants/{tenantId}: the home tenant": lambda town: {
        "path": f"/users/{town.people['kim'].id}/tenants/acme",
        **_body("admin")(town),
    },
    "PATCH /tenants/{tenantId}: disable": lambda town: {
        "path": "/tenants/globex",
        **_body("admin", status="disabled")(town),
    },
    "DELETE /tenants/{tenantId}": _deleting,
    "DELETE /api/{tenantId}/demo/seed: of a demo": _seeded,
    "GET /.well-known/webauthn": _body(),
    "GET /.well-known/jwks.json": _body(),
    "GET /.well-known/openid-configuration": _body(),
    "GET /.well-known/oauth-authorization-server": _body(),
    "GET /.well-known/openapi.json": _body(),
    "GET /assets/{name}": _script,
    "GET /.well-known/revocations": _body(),
    "GET /.well-known/revocations/parts/{name}": lambda _: {"path": "/.well-known/revocations/parts/none"},
}

PAGES: dict[str, Row] = {
    "GET /links/{kind}": lambda town: {
        "path": "/links/password-reset",
        "query": {"token": str(_linked("password-reset")["token"](town))},
    },
    "POST /links/{kind}": _link("password-reset"),
    **{f"POST /links/{{kind}}: {kind}": _link(kind) for kind in ("sign-up", "verify-email", "email-change")},
    **{f"POST /links/{{kind}}: {kind}": _link(kind) for kind in ("email-undo", "invitation")},
    "GET /": _page(),
    "GET /sign-in": _page(),
    "POST /sign-in": _form(name="ann", password=PASSWORD),
    "GET /t/{tenantId}/sign-in": _page(),
    "POST /t/{tenantId}/sign-in": _form(name=ADDRESS["ann"], password=PASSWORD),
    "GET /sign-in/code": _page(),
    "POST /sign-in/code": _form(name=ADDRESS["eve"], organisation="acme"),
    "GET /t/{tenantId}/sign-in/code": _page(),
    "POST /t/{tenantId}/sign-in/code": lambda town: _form(
        **Mail().by_code(town.ok("email_codes", "POST", "/auth/email-code", _CODE))
    )(town),
    "GET /t/{tenantId}/sign-up": _page(),
    "POST /t/{tenantId}/sign-up": _form(email="cleo@people.example"),
    "GET /forgot-password": _page(),
    "POST /forgot-password": _form(name=ADDRESS["eve"], organisation="acme"),
    "GET /t/{tenantId}/forgot-password": _page(),
    "POST /t/{tenantId}/forgot-password": _form(name=ADDRESS["eve"]),
    "GET /organisations": _page(),
    "POST /organisations": _form(email=ADDRESS["eve"]),
    "GET /t/{tenantId}/brand.css": _page(),
    "GET /signed-out": _page(),
    "GET /sign-in/second-factor": _page(),
    "POST /sign-in/second-factor": _form(challenge_id=Town.waiting, totp=lambda town: town.code("tom")),
    "GET /t/{tenantId}/sign-in/second-factor": _page(),
    "POST /t/{tenantId}/sign-in/second-factor": _form(challenge_id=Town.waiting, totp=lambda town: town.code("tom")),
    "GET /sign-in/passkey": _page(),
    "POST /sign-in/passkey": _form(passkey=_passkey),
    "GET /t/{tenantId}/sign-in/passkey": _page(),
    "POST /t/{tenantId}/sign-in/passkey": _form(passkey=_passkey),
    "GET /account/factors": _page("tom"),
    "GET /account/factors/app": _page("ann"),
    "POST /account/factors/app": _form("ann", code=_begun_app),
    "GET /account/factors/passkey": _page("tom"),
    "POST /account/factors/passkey": _form("tom", name="Phone", passkey=_page_passkey),
    "GET /account/factors/recovery-codes": _page("tom"),
    "POST /account/factors/recovery-codes": _form("tom"),
    "GET /account/factors/{factorId}": _of_factor(_page("tom"), "/account/factors/{factorId}"),
    "POST /account/factors/{factorId}": _of_factor(_form("tom", act="remove"), "/account/factors/{factorId}"),
    "GET /account/step-up": _page("tom"),
    "POST /account/step-up": _form("tom", totp=lambda town: town.code("tom"), return_to="account/factors"),
    "GET /account": _page("ann"),
    "POST /account": _form("ann", display_name="Another"),
    "POST /account/verify-email": _form("ann"),
    "GET /account/password": _page("ann"),
    "POST /account/password": _form("ann", current_password=PASSWORD, password=NEW),
    "GET /account/email": _page("ann"),
    "POST /account/email": _form("eve", current_password=PASSWORD, email="new@people.example"),
    "GET /account/sessions": _page("ann"),
    "POST /account/sessions": _form("ann"),
    "GET /account/export": _page("ann"),
    "GET /account/leave": _page("ann"),
    "POST /account/leave": _form("ann", current_password=PASSWORD),
    "GET /account/left": _page(),
    "GET /account/invitation": _page("globex-admin"),
    "POST /account/invitation": _form("globex-admin", token=Town.invited),
    "POST /account/sign-out": _form("ann", everywhere="true"),
    "GET /admin": _page("admin"),
    "GET /admin/t/{tenantId}/members": _page("acme-admin"),
    "GET /admin/t/{tenantId}/members/{userId}": _member(_page("acme-admin")),
    "POST /admin/t/{tenantId}/members/{userId}": _member(_form("acme-admin", act="roles", roles="editor")),
    "POST /admin/t/{tenantId}/members/{userId}: delete": _member(_form("acme-admin", act="delete")),
    "GET /admin/t/{tenantId}/invitations": _page("acme-admin"),
    "POST /admin/t/{tenantId}/invitations": _form("acme-admin", act="invite", email="new@people.example", roles=""),
    "GET /admin/tenants": _page("admin"),
    "GET /admin/audit": _page("admin"),
    "GET /admin/t/{tenantId}/audit": _page("acme-admin"),
    "POST /admin/tenants": _form("admin", act="disable_tenant", subject="globex"),
    "GET /admin/t/{tenantId}/service-tokens": _page("acme-admin"),
    "POST /admin/t/{tenantId}/service-tokens": _form("acme-admin", act="mint", name="robot", hours="1"),
    "GET /admin/t/{tenantId}/policy": _page("acme-admin"),
    "POST /admin/t/{tenantId}/policy": _form(
        "acme-admin", act="policy", version="1", sign_up="open", password="on", second_factor="admins"
    ),
}


def _stream(kind: str, pk: str) -> dict[str, Any]:
    keys = {"pk": {"S": pk}}
    return {"Records": [{"eventName": kind, "dynamodb": {"Keys": keys, "SequenceNumber": "1"}}]}


def _socket(route: str, **query: str) -> dict[str, Any]:
    sent = event("sockets_connect_used_ticket")
    sent["requestContext"].update(routeKey=route, eventType=route[1:].upper())
    return {**sent, "queryStringParameters": query or None}


def _opened(town: Town) -> None:
    town.scene.raw("sockets", _socket("$connect", ticket=town.ticket()))


def _authorize(town: Town, api: str = "", **headers: str) -> dict[str, Any]:
    sent = event("authorizer_missing")
    sent.update(headers=headers, multiValueHeaders={}, httpMethod="GET")
    if api:
        sent["requestContext"]["apiId"] = api
    return sent


def _bounced(town: Town) -> dict[str, Any]:
    told = event("mail_feedback_bounced")
    told["detail"]["mail"]["tags"]["user"] = [town.people["eve"].id]
    told["detail"]["mail"]["timestamp"] = "2099-01-01T00:00:00.000Z"
    return told


def _told(town: Town) -> dict[str, Any]:
    asked = town.ok("accounts_by_mail", "POST", "/auth/password-reset", _CODE)
    return _stream("INSERT", f"proof#{Mail().proof(asked).id}")


def _closing(town: Town) -> dict[str, Any]:
    _opened(town)
    ann = town.people["ann"]
    town.ok("logout", "POST", "/auth/logout", headers=bearer(ann.pair["access_token"]))
    return _stream("MODIFY", f"tenant#acme#user#{ann.id}")


def _ended(town: Town) -> dict[str, Any]:
    _opened(town)
    town.scene.later(86_400)
    return {"detail-type": "Scheduled Event"}


def _due_feed(town: Town) -> dict[str, Any]:
    town.scene.later(3600)
    return event("publish_feed_schedule")


def _happened(town: Town) -> dict[str, Any]:
    ann = town.people["ann"]
    town.ok("logout", "POST", "/auth/logout", headers=bearer(ann.pair["access_token"]))
    return waiting_acts()


def _disconnected(town: Town) -> dict[str, Any]:
    _opened(town)
    return _socket("$disconnect")


def _key(town: Town) -> dict[str, Any]:
    shown = town.scene.raw("rotate_keys", {})
    kid = next(key["kid"] for key in shown["signing"] if key["state"] == "active")
    return {"command": "revoke", "kid": kid}


def _due(town: Town) -> dict[str, Any]:
    town.scene.later(100 * 86_400)
    return event("rotate_keys_schedule")


EVENTS: dict[str, Callable[[Town], dict[str, Any]]] = {
    "authorizer: a token": lambda town: _authorize(town, **bearer(town.people["ann"].pair["access_token"])),
    "authorizer: a cookie": lambda town: _authorize(town, cookie=town.people["ann"].headers["Cookie"]),
    "chain_audit: the stream": _happened,
    "close_sockets: the stream": _closing,
    "close_sockets: the schedule": _ended,
    "deliver_webhooks: the schedule": lambda _: event("deliver_webhooks_schedule"),
    "deliver_webhooks: a message": lambda _: event("deliver_webhooks_gone"),
    "mail_feedback: a mail came back": _bounced,
    "publish_events: the stream": lambda _: event("publish_events_linked"),
    "publish_feed: the stream": lambda _: event("publish_feed_revoked"),
    "publish_feed: the schedule": _due_feed,
    "publish_feed: everything": lambda _: event("publish_feed_rebuild"),
    "rotate_keys: nothing is due": lambda _: event("rotate_keys_schedule"),
    "rotate_keys: a rotation is due": _due,
    "rotate_keys: a key is revoked": _key,
    "rotate_keys: everything ends": lambda _: {"command": "end_everything"},
    "send_mail: a new proof": _told,
    "sockets: connect": lambda town: _socket("$connect", ticket=town.ticket()),
    "sockets: disconnect": _disconnected,
}


def _of_matrix(route: tuple[str, str]) -> Callable[[Town], Sent] | None:
    """Return the row of a protected route that the matrix lets somebody of acme call; None if it lets nobody."""
    allowed = [caller for caller, (own, _) in zip(LIVE, TABLE[route], strict=True) if own < 300]
    name = {"admin": "acme-admin", "platform_admin": "admin", "user": "ann"}.get(
        next((caller for caller in ("admin", "platform_admin", "user") if caller in allowed), "")
    )
    if name is None:
        return None

    def act(town: Town) -> Sent:
        method, path = route
        query = {"tenant_id": "acme"} if route == ("GET", "/users") else None
        rest = {"context": town.people[name].context, "query": query}
        return request(route, town.path(path, "acme"), town.body(method, path, "acme"), **rest)

    return act


def _of_row(name: str, row: Row) -> Callable[[Town], Sent]:
    method, _, path = name.partition(":")[0].partition(" ")

    def act(town: Town) -> Sent:
        return request((method, path), **{"path": path.replace("{tenantId}", "acme"), **row(town)})

    return act


REFUSED = {
    "POST /auth/login: a wrong password",
    "POST /auth/login: a second factor is missing",
    "POST /auth/token/refresh: a used token",
    "GET /.well-known/revocations/parts/{name}",
}
"""Operations that are refused, which they must be under faults too. All others do what they are for."""

MAY_LACK: dict[str, tuple[str, ...]] = {
    # The user is there, and signs in with the password that was chosen.
    **dict.fromkeys(
        (
            "POST /auth/sign-up/confirm",
            "POST /api/{tenantId}/auth/sign-up/confirm",
            "POST /auth/invitations/accept",
            "POST /api/{tenantId}/auth/invitations/accept",
        ),
        ("RefreshTokensTable session", "AuditTable act signed_in"),
    ),
    # Who gets no answer to the last try that a code takes asks for another code.
    "POST /auth/email-code/confirm: the last try": (
        "RefreshTokensTable session",
        "ProofsTable",
        "AuditTable act signed_in",
    ),
    # Secrets Manager has no transactions with tables: docs/audit.md.
    "rotate_keys: a rotation is due": ("AuditTable act key_changed",),
    # Nobody who left can repeat it: an administrator's call of the same goes on, and scripts/tend_users.py does.
    **dict.fromkeys(
        (
            "DELETE /users/{id}: oneself",
            "POST /account/leave",
            "POST /admin/t/{tenantId}/members/{userId}: delete",
        ),
        ("UsersTable leaving", "RefreshTokensTable session over", "NotificationsTable"),
    ),
    # The factor is there, and its user is sure enough with it after the next step-up.
    **dict.fromkeys(
        (
            "POST /users/{id}/factors/totp/confirm",
            "POST /users/{id}/factors/passkeys",
            "POST /account/factors/app",
            "POST /account/factors/passkey",
        ),
        ("AuditTable act stepped_up",),
    ),
    # A ticket is used up by the handshake that it comes with, whatever becomes of that.
    "sockets: connect": ("SocketsTable",),
}
"""What a repetition need not make good, with the reason."""

MAY_SAY: dict[str, tuple[str, ...]] = {
    # The page says that there is such a passkey already, and there is.
    "POST /account/factors/passkey": ("409",),
}
"""What a repetition may answer beside what the first call and a second one do, with the reason."""

MAY_DIFFER: dict[str, tuple[str, ...]] = {
    # The mail is sent, and only the mark of that is missing: to try again would surely send a second one.
    "send_mail: a new proof": ("mailed_at_ms", "mailing_until_ms", "mailing_by"),
}
"""Which attributes may lack although the answer is a success, if the change of an item failed; with the reason."""

LATER_SECONDS = {"send_mail: a new proof": 61}
"""How long a repetition has to wait: who died while sending a mail has it for a minute."""


def _of_event(name: str, make: Callable[[Town], dict[str, Any]]) -> Callable[[Town], Sent]:
    return lambda town: Sent(name.partition(":")[0], make(town))


def operations() -> dict[str, Callable[[Town], Sent]]:
    """Return every operation, by its name."""
    matrix = {f"{method} {path}": _of_matrix((method, path)) for method, path in sorted(PROTECTED)}
    return {
        **{name: act for name, act in matrix.items() if act is not None},
        **{name: _of_row(name, row) for name, row in {**API, **PAGES}.items()},
        **{name: _of_event(name, make) for name, make in EVENTS.items()},
    }


def routes_without_row() -> set[str]:
    """Return the routes that no operation tries."""
    tried = {name.partition(":")[0] for name in operations()}
    return {f"{method} {path}" for method, path in functions()} - tried
