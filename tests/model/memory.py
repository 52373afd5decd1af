"""The doors of the use cases over the stores in memory: thousands of steps a minute."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

from doorward.authorization import RequestCredentials
from doorward.errors import DoorwardError, EnrolmentRequired, PasswordChangeRequired, SecondFactorRequired
from doorward.factors.prove import PresentedFactor
from doorward.keys.keyring import Verifying
from doorward.model import AccessTokenClaims, Principal, TenantId, TokenPair
from doorward.sessions.begin import Client
from doorward.sessions.introspect import Introspect
from doorward.sessions.login import Credentials
from doorward.tokens.access import verify_access_token
from doorward.tokens.cookie import COOKIE_NAME
from tests.model.doors import Answer, Seen
from tests.support.factors import FactorHouse
from tests.support.fakes import World
from tests.support.mailed import Mailed
from tests.support.world import AUDIENCE, changed, new_user

_P = ParamSpec("_P")
_known: dict[str, AccessTokenClaims] = {}


def remembered(token: str, keyring: Verifying, audience: str, now_ms: int, _: object = None) -> AccessTokenClaims:
    """Verify an access token, the signature only once: it stays as it is, and takes longest. The time counts always."""
    claims = _known.get(token)
    if claims is None or claims.expires_at * 1000 <= now_ms:
        claims = _known[token] = verify_access_token(token, keyring, audience, now_ms)
    return claims


def _answering(act: Callable[_P, Answer | None]) -> Callable[_P, Answer]:
    """Let a door answer with the code of the error that it ends in."""

    @functools.wraps(act)
    def door(*args: _P.args, **rest: _P.kwargs) -> Answer:
        try:
            return act(*args, **rest) or Answer()
        except SecondFactorRequired as waits:
            return Answer(waits.code, challenge=waits.challenge_id)
        except DoorwardError as error:
            return Answer(error.code)

    return door


class MemoryDoors:
    """A house of its own."""

    def __init__(self, world: World) -> None:
        self.house = FactorHouse(world=world.copy())
        self.mailed = Mailed(self.house)
        self.requests = 0

    def advance(self, ms: int) -> int:
        self.house.clock.now_ms += ms
        return self.house.clock.now_ms

    # Who is calling

    def _seen(self, **headers: Any) -> Seen | None:
        try:
            found = self.house.authorize(RequestCredentials("GET", "/users/me", **headers))
        except DoorwardError:
            return None
        return Seen(found.user_id, found.tenant_id, frozenset(found.roles), found.restriction)

    def judge(self, token: str) -> Seen | None:
        return self._seen(authorization=(f"Bearer {token}",))

    def judge_cookie(self, cookie: str) -> Seen | None:
        return self._seen(cookie=(f"{COOKIE_NAME}={cookie}",))

    def _by(self, token: str, *, passing: str = "") -> Principal:
        """Return the caller as `read_principal` does: who is restricted may do little."""
        principal = self.house.authorize(RequestCredentials("GET", "/", authorization=(f"Bearer {token}",)))
        if principal.restriction in {None, passing}:
            return principal
        raise PasswordChangeRequired if principal.restriction == "password_change_required" else EnrolmentRequired

    def are_active(self, by: str, texts: list[str]) -> list[bool]:
        house, principal = self.house, self._by(by)
        introspect = Introspect(
            house.sessions, house.revocations, house.keyring, house.refresh_tokens, AUDIENCE, house.clock
        )
        return [introspect(principal, text) is not None for text in texts]

    # Sessions

    def _client(self) -> Client:
        self.requests += 1  # each request comes from an address of its own, so none is throttled
        high, low = divmod(self.requests, 250)
        return Client(f"10.1.{high}.{low}", wants_cookie=True)

    @_answering
    def sign_in(self, name: str, password: str, tenant: str | None, *, by_address: bool) -> Answer:
        named: dict[str, Any] = {"email" if by_address else "username": name}
        wanted = TenantId(tenant) if tenant else None
        found = self.house.log_in(Credentials(password, self._client(), tenant_id=wanted, **named))
        return _pair(found.tokens, found.cookie)

    @_answering
    def finish(self, challenge: str, **factor: str) -> Answer:
        found = self.house.finished(challenge, self._client(), **factor)
        return _pair(found.tokens, found.cookie)

    @_answering
    def refresh(self, text: str, tenant: str | None) -> Answer:
        return _pair(self.house.switch(text, TenantId(tenant)) if tenant else self.house.refresh(text))

    @_answering
    def exchange(self, cookie: str, tenant: str | None) -> Answer:
        pair = self.house.exchange(cookie, TenantId(tenant) if tenant else None)
        return Answer(access=pair.access_token, family=pair.session_id)

    @_answering
    def sign_out(self, token: str | None, cookie: str | None, *, everywhere: bool) -> None:
        bearer = (f"Bearer {token}",) if token else ()
        cookies = (f"{COOKIE_NAME}={cookie}",) if cookie else ()
        credentials = RequestCredentials("POST", "/auth/logout", bearer, cookies, fetch_site="same-origin")
        self.house.sign_out(credentials, everywhere=everywhere)

    @_answering
    def revoke(self, text: str) -> None:
        self.house.revoke(text)

    # Administration

    @_answering
    def create_user(self, by: str, body: dict[str, Any]) -> Answer:
        made = self.house.create_user(self._by(by), new_user(**body))
        return Answer(id=made.user.id)

    @_answering
    def change_user(self, by: str, user_id: str, body: dict[str, Any]) -> None:
        self.house.change_user(self._by(by, passing="password_change_required"), user_id, changed(**body))

    @_answering
    def delete_user(self, by: str, user_id: str) -> None:
        self.house.delete_user(self._by(by), user_id)

    @_answering
    def get_user(self, by: str, user_id: str) -> Answer:
        return Answer(id=self.house.look_up.one(self._by(by), user_id).user.id)

    @_answering
    def list_users(self, by: str) -> Answer:
        principal = self._by(by)
        listed = self.house.look_up.tenant_of_list(principal, None)
        found = self.house.look_up.many(principal, listed, 100, None)
        return Answer(ids=tuple(each.user.id for each in found.users))

    @_answering
    def assign(self, by: str, user_id: str, tenant: str, roles: tuple[str, ...]) -> None:
        self.house.assign.put(self._by(by), user_id, TenantId(tenant), roles)

    @_answering
    def unassign(self, by: str, user_id: str, tenant: str) -> None:
        self.house.assign.remove(self._by(by), user_id, TenantId(tenant))

    @_answering
    def set_tenant(self, by: str, tenant: str, status: str) -> None:
        self.house.tenants.change(self._by(by), TenantId(tenant), {"status": status})

    @_answering
    def end_session(self, by: str, user_id: str, family: str) -> None:
        self.house.user_sessions.end(self._by(by), user_id, family)

    @_answering
    def end_sessions(self, by: str, user_id: str) -> None:
        self.house.user_sessions.end_all(self._by(by), user_id)

    def end_everything(self) -> None:
        self.house.rotate_signing_keys.end_everything()

    @_answering
    def mint_service(self, by: str, tenant: str, name: str, seconds: int) -> Answer:
        text, token = self.house.service_tokens.mint(self._by(by), TenantId(tenant), name, seconds)
        return Answer(secret=text, id=token.id)

    @_answering
    def revoke_service(self, by: str, tenant: str, token_id: str) -> None:
        self.house.service_tokens.revoke(self._by(by), TenantId(tenant), token_id)

    # Proofs and factors

    @_answering
    def ask_reset(self, address: str, tenant: str) -> Answer:
        return Answer(challenge=self.mailed.ask("password_reset", address, TenantId(tenant)))

    @_answering
    def reset(self, challenge: str, way: str, password: str) -> None:
        presented = self.mailed.presented(challenge, "token" if way == "link" else "code")
        self.mailed.reset.confirm(self.mailed.wrong(presented) if way == "wrong" else presented, password)

    @_answering
    def begin_app(self, by: str) -> Answer:
        return Answer(secret=self.house.totp.begin(self._by(by, passing="second_factor_required")).secret)

    @_answering
    def confirm_app(self, by: str, code: str) -> Answer:
        found = self.house.totp.confirm(self._by(by, passing="second_factor_required"), code)
        raised = _pair(found.raised.tokens, found.raised.cookie)
        return Answer(**{**vars(raised), "codes": found.recovery_codes})

    @_answering
    def reset_factors(self, by: str, user_id: str) -> None:
        self.house.reset(self._by(by), user_id)

    @_answering
    def step_up(self, by: str, **proof: str) -> Answer:
        principal, password = self._by(by, passing="second_factor_required"), proof.pop("password", None)
        found = self.house.step_up(principal, PresentedFactor(**proof), password, self._client().source)  # type: ignore[arg-type] # texts alone
        return _pair(found.tokens, found.cookie)


def _pair(pair: TokenPair, cookie: str | None = None) -> Answer:
    return Answer(access=pair.access_token, refresh=pair.refresh_token, family=pair.session_id, cookie=cookie or "")
