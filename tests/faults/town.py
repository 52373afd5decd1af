"""A stack with people in it, made once, from which every operation under faults begins."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import boto3

from doorward.factors import totp
from doorward.model.policy import SignInPolicy
from doorward.model.proofs import ProofId
from tests.functions.test_by_mail import Mail, _open
from tests.functions.test_matrix import Stage
from tests.support.authenticator import SoftAuthenticator
from tests.support.aws import Snapshot
from tests.support.broken import Scene, Sent
from tests.support.deployment import Answer, event
from tests.support.people import PASSWORD, bearer
from tests.support.template import folder_of, routes

RP_ID, ORIGIN = "id.example", "https://id.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Origin": "null"}
NEW = "an utterly new one 7"
ADDRESS = {"ann": "ann@people.example", "eve": "eve@people.example", "kim": "kim@people.example"}


@cache
def functions() -> dict[tuple[str, str], str]:
    """Return the function of each route."""
    return {(method, path): folder_of(name) for method, path, name, _ in routes() if method != "ANY"}


@dataclass
class Person:
    """Somebody who is signed in.

    Args:
        id: the user's id.
        pair: the answer to the last sign-in.
        context: what the authorizer says of them.
        headers: with the session cookie.
        secret: of an authenticator app.
        codes: recovery codes.
        device: what keeps passkeys.
    """

    id: str = ""
    pair: dict[str, Any] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    secret: bytes = b""
    codes: list[str] = field(default_factory=list)
    device: SoftAuthenticator = field(default_factory=lambda: SoftAuthenticator(RP_ID, ORIGIN))


class Town(Stage):
    """The platform's and two tenants' administrators, and in acme ann, eve (a proved address), kim (in globex too) and
    tom (with an app, recovery codes and a passkey)."""

    def __post_init__(self) -> None:
        self.scene: Scene = self.deployment  # type: ignore[assignment]
        self.notifications: dict[str, str] = {}
        self.people = {name: self._enter(name, "admin123") for name in ("admin", "acme-admin", "globex-admin")}
        self.platform = self.people["admin"].context
        _open(sign_up="open", sign_in=SignInPolicy(methods=("password", "email_code")))
        for name in ("ann", "eve", "kim", "tom"):
            self._settle(name)
        self.ask("users", "PUT", f"/users/{self.people['kim'].id}/tenants/globex", self.platform, {"roles": ["user"]})
        asked = self.ok("accounts_by_mail", "POST", "/auth/verify-email", context=self.people["eve"].context)
        self.ok("accounts_by_mail", "POST", "/auth/verify-email/confirm", Mail().by_link(asked))
        self._enrol(self.people["tom"])
        self.scene.later(60)
        self._finish(self.people["tom"])
        self.people["kim"] = self._enter("kim", user_id=self.people["kim"].id)
        self.scene.later(60)  # each code of an app works once
        self.now_ms, self.state = self.scene.now_ms, Snapshot()

    def go_back(self) -> None:
        """Be as the town was at first."""
        self.state.restore()
        self.scene.now_ms = self.now_ms
        self.notifications.clear()
        self.scene.begin()  # or else chance goes on where the operation before left it, and ids come again

    def ok(self, function: str, method: str, path: str, body: Any = None, **rest: Any) -> Answer:
        """Call a function, which answers that it was done."""
        answer = self.deployment.call(function, method, path, body, **rest)
        assert answer["statusCode"] < 400, (path, answer["statusCode"], answer["body"])
        return answer

    def form(self, function: str, path: str, person: Person | None = None, /, **form: str) -> Answer:
        """Send a form of a page."""
        headers = {**FORM, **(person.headers if person else {})}
        return self.ok(function, "POST", path, urlencode(form), headers=headers)

    def code(self, name: str) -> str:
        """Return the code that somebody's app shows now."""
        return totp.code_at(self.people[name].secret, self.scene.now_ms // 30_000)

    def waiting(self) -> str:
        """Return the challenge id of a sign-in of tom's that waits for a second factor."""
        answer = self.deployment.sign_in("tom", PASSWORD)
        return str(answer["json"]["challenge_id"])

    def assertion(self, name: str) -> dict[str, Any]:
        """Return what signs somebody in by a passkey."""
        asked = self.ok("second_factor", "POST", "/auth/passkey/options")
        return self.people[name].device.get(asked["json"]["options"])

    def mailed(self, function: str, path: str, body: Any = None, *, person: str = "", **more: Any) -> dict[str, Any]:
        """Let somebody ask for a mail, and return what its link says."""
        context = self.people[person].context if person else None
        return Mail().by_link(self.ok(function, "POST", path, body, context=context), **more)

    def undo(self) -> str:
        """Return the token that undoes a change of eve's address."""
        wanted = {"email": "new@people.example", "current_password": PASSWORD}
        confirmed = self.mailed("accounts_by_mail", "/users/me/email", wanted, person="eve")
        self.ok("accounts_by_mail", "POST", "/auth/email-change/confirm", confirmed)
        items = boto3.client("dynamodb").scan(TableName="ProofsTable")["Items"]
        (undo,) = (item for item in items if item.get("kind", {}).get("S") == "email_undo")
        mail = Mail()
        proof = mail.store.get(ProofId(undo["proof_id"]["S"]))
        assert proof is not None
        return mail.texts.token(proof)

    def invited(self, email: str = "new@people.example") -> str:
        """Return the token of an invitation to acme."""
        body = {"email": email, "deliver": "link"}
        return str(self.ask("invitations", "POST", "/api/acme/invitations", self.platform, body)["json"]["token"])

    def ticket(self) -> str:
        """Return the ticket for a socket of ann's."""
        context = self.people["ann"].context
        origin = {"Origin": "https://app.example"}
        asked = self.ok("socket_ticket", "POST", "/auth/socket-ticket", context=context, headers=origin)
        return str(asked["json"]["ticket"])

    def _enter(self, name: str, password: str = PASSWORD, user_id: str = "") -> Person:
        answer = self.deployment.sign_in(name, password)
        assert answer["statusCode"] == 200, answer["body"]
        return self._signed_in(answer, Person(user_id))

    def _signed_in(self, answer: Answer, person: Person) -> Person:
        person.pair = answer["json"]
        decision = self.deployment.authorize(bearer(person.pair["access_token"]))
        assert decision.allowed, decision
        person.context = decision.context
        cookie = next(one for one in answer["multiValueHeaders"]["Set-Cookie"] if one.startswith("__Host-doorward="))
        person.headers = {"Cookie": cookie.partition(";")[0]}
        return person

    def _settle(self, name: str) -> None:
        body = {"username": name, "password": PASSWORD, "tenant_id": "acme"}
        body |= {"email": ADDRESS[name]} if name in ADDRESS else {}
        user_id = self.ask("users", "POST", "/users", self.platform, body)["json"]["id"]
        self.people[name] = self._enter(name, user_id=str(user_id))

    def _finish(self, tom: Person) -> None:
        presented = {"challenge_id": self.waiting(), "totp": self.code("tom")}
        self._signed_in(self.ok("second_factor", "POST", "/auth/second-factor", presented), tom)

    def _enrol(self, tom: Person) -> None:
        begun = self.ok("factors", "POST", "/users/me/factors/totp", context=tom.context)["json"]
        tom.secret = base64.b32decode(begun["secret"])
        code = {"code": totp.code_at(tom.secret, self.scene.now_ms // 30_000 - 1)}
        confirmed = self.ok("factors", "POST", "/users/me/factors/totp/confirm", code, context=tom.context)
        tom.codes = confirmed["json"]["recovery_codes"]
        self._finish(tom)
        asked = self.ok("factors", "POST", "/users/me/factors/passkeys/options", context=tom.context)["json"]
        body = {"passkey": tom.device.create(asked["options"]), "name": "Laptop"}
        self.ok("factors", "POST", "/users/me/factors/passkeys", body, context=tom.context)


def request(route: tuple[str, str], path: str, body: Any = None, **rest: Any) -> Sent:
    """Return what API Gateway passes on of a request.

    Args:
        route: the method, and the path as the template says it.
        path: the path.
        body: of the request; what is no text becomes JSON.
        rest: `context`, `headers` and `query`, as far as there are such.
    """
    sent = event("login_username")
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    sent.update(httpMethod=route[0], path=path, resource=path, body=text, queryStringParameters=rest.get("query"))
    sent["headers"] = {"Content-Type": "application/json", **rest.get("headers", {})}
    sent["multiValueHeaders"] = {name: [value] for name, value in sent["headers"].items()}
    if rest.get("context") is not None:
        sent["requestContext"]["authorizer"] = rest["context"]
    return Sent(functions()[route], sent)


def secret_of(page: Answer) -> bytes:
    """Return the secret of an app that a page shows."""
    (written,) = re.findall(r'<code id="secret">(\w+)</code>', page["body"])
    return base64.b32decode(written)
