"""The rules of signing in, refreshing, switching tenants and signing out."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model import sittings
from tests.model.machine import Machine, pick
from tests.model.page import PLATFORM, Person, Renewal, Service, Sitting, Token
from tests.model.proofs import Waiting

TENANTS = st.sampled_from(["acme", "globex"])
MISSES = 12


class SessionRules(Machine):
    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        super().__init__()

    def _sign_in(
        self, person: Person | None, name: str, password: str, tenant: str | None, *, by_address: bool
    ) -> None:
        realm = tenant or (person.home if person else "acme")
        expected = sittings.sign_in(self.page, person, realm, password)
        answer = self.doors.sign_in(name, password, tenant, by_address=by_address)
        self.note(expected, answer)
        if person is not None and expected.code == "second_factor_required":
            self.waiting.append(Waiting(answer.challenge, person, realm, self.page.now_ms))

    @rule(data=st.data(), tenant=st.none() | TENANTS)
    def sign_in_by_name(self, data: st.DataObject, tenant: str | None) -> None:
        self.tick()
        person = self.person(data)
        self._sign_in(None if person.gone else person, person.name, person.password, tenant, by_address=False)

    @rule(data=st.data(), tenant=TENANTS)
    def sign_in_by_address(self, data: st.DataObject, tenant: str) -> None:
        self.tick()
        addressed = [one for one in self.page.people if one.address]
        person = pick(data, addressed, "whose address")
        found = self.page.named(person.address or "", tenant)
        self._sign_in(found, person.address or "", person.password, tenant, by_address=True)

    @rule(data=st.data(), tenant=st.none() | TENANTS)
    def sign_in_with_a_wrong_password(self, data: st.DataObject, tenant: str | None) -> None:
        self.tick()
        person = self.person(data)
        if person.misses < MISSES:
            person.misses += 1
            self._sign_in(
                None if person.gone else person, person.name, "a wrong one entirely", tenant, by_address=False
            )

    @precondition(lambda self: self.page.renewals)
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        self.tick()
        renewal = self._renewal(data)
        expected = sittings.refresh(self.page, renewal)
        self.note(expected, self.doors.refresh(renewal.text, None))

    @precondition(lambda self: self.page.renewals)
    @rule(data=st.data(), elsewhere=st.sampled_from([True, True, True, False]))
    def switch(self, data: st.DataObject, elsewhere: bool) -> None:
        self.tick()
        renewal = self._renewal(data)
        elsewhere = elsewhere or renewal.sitting.realm == PLATFORM
        tenant = next(one for one in self.page.tenants if (one != renewal.sitting.realm) == elsewhere)
        expected = sittings.switch(self.page, renewal, tenant)
        self.note(expected, self.doors.refresh(renewal.text, tenant))

    def _renewal(self, data: st.DataObject) -> Renewal:
        """Return a refresh token; most often one that is good, for the dead ones soon outnumber these."""
        good = [one for one in self.page.renewals if self.page.is_newest(one)]
        return pick(data, self.page.renewals + good * 3, "refresh token")

    @precondition(lambda self: self.page.cookies)
    @rule(data=st.data(), tenant=st.none() | TENANTS)
    def exchange(self, data: st.DataObject, tenant: str | None) -> None:
        self.tick()
        cookie = pick(data, self.page.cookies, "cookie")
        expected = sittings.exchange(self.page, cookie, tenant)
        self.note(expected, self.doors.exchange(cookie.text, tenant))

    @rule(data=st.data(), everywhere=st.booleans())
    def sign_out(self, data: st.DataObject, everywhere: bool) -> None:
        self.tick()
        token = pick(data, self.page.tokens, "token")
        code = "ok" if self.page.accepts(token) else "invalid_token"
        self.hold(code, self.doors.sign_out(token.text, None, everywhere=everywhere))
        if code == "ok":
            self._signed_out(token.sitting, everywhere=everywhere)

    @precondition(lambda self: self.page.cookies)
    @rule(data=st.data(), everywhere=st.booleans())
    def sign_out_by_cookie(self, data: st.DataObject, everywhere: bool) -> None:
        self.tick()
        cookie = pick(data, self.page.cookies, "cookie")
        code = "ok" if self.page.accepts_cookie(cookie) else "invalid_token"
        self.hold(code, self.doors.sign_out(None, cookie.text, everywhere=everywhere))
        if code == "ok":
            self._signed_out(cookie.sitting, everywhere=everywhere)

    def _signed_out(self, sitting: Sitting, *, everywhere: bool) -> None:
        if everywhere:
            self.page.cut_off(sitting.person, sitting.person.realms, sessions=True)
        self.page.end_family(sitting)

    @rule(data=st.data())
    def revoke_an_access_token(self, data: st.DataObject) -> None:
        self.tick()
        every: list[Token | Service] = [*self.page.services, *self.page.tokens]
        token = pick(data, every, "token")
        self.hold("ok", self.doors.revoke(token.text))
        token.live = False

    @precondition(lambda self: self.page.renewals)
    @rule(data=st.data())
    def revoke_a_refresh_token(self, data: st.DataObject) -> None:
        self.tick()
        renewal = pick(data, self.page.renewals, "refresh token")
        self.hold("ok", self.doors.revoke(renewal.text))
        self.page.end_family(renewal.sitting)

    @precondition(lambda self: self.steps > 20)
    @rule(really=st.integers(0, 3))
    def end_everything(self, really: int) -> None:
        self.tick()
        if really == 0:
            self.doors.end_everything()
            self.page.end_everything()
