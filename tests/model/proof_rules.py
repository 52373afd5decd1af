"""The rules of mailed proofs and second factors."""

from __future__ import annotations

import base64

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from doorward.factors import totp
from tests.model import proofs
from tests.model.machine import pick
from tests.model.page import Person
from tests.model.proofs import Mailed
from tests.model.session_rules import MISSES, TENANTS, SessionRules

WRONG_RECOVERY_CODE = "AAAAA-AAAAA"
FACTORS = st.sampled_from(["totp", "totp", "totp used", "recovery_code", "wrong totp", "wrong recovery_code"])
MAILS = 8  # to one name: more an hour are refused


class ProofRules(SessionRules):
    def __init__(self) -> None:
        self.mailed: list[Mailed] = []
        self.secrets: dict[str, bytes] = {}  # of authenticator apps, by their owner
        self.used_codes: dict[str, str] = {}
        super().__init__()

    @rule(data=st.data(), tenant=TENANTS)
    def ask_for_a_new_password_by_mail(self, data: st.DataObject, tenant: str) -> None:
        self.tick()
        address = pick(data, [one.address for one in self.page.people if one.address], "address")
        if sum((one.address, one.tenant) == (address, tenant) for one in self.mailed) < MAILS:
            answer = self.doors.ask_reset(address, tenant)
            self.hold("ok", answer)
            self.mailed.append(Mailed(answer.challenge, address, tenant, self.page.now_ms))

    @precondition(lambda self: self.mailed)
    @rule(data=st.data(), way=st.sampled_from(["link", "code", "code", "wrong"]))
    def use_a_mail(self, data: st.DataObject, way: str) -> None:
        self.tick()
        mailed, password = pick(data, self.mailed, "mail"), f"plain words number {self.fresh()}"
        expected = proofs.reset(self.page, mailed, way, password)
        self.hold(expected, self.doors.reset(mailed.challenge, way, password))

    @rule(data=st.data())
    def enrol_an_app(self, data: st.DataObject) -> None:
        self.tick()
        mine = [one for one in self.page.tokens if self.page.accepts(one) and not one.sitting.person.platform]
        if not mine:
            return
        by = pick(data, mine, "by")
        refused = proofs.refusal_to_enrol(self.page, by)
        begun = self.doors.begin_app(by.text)
        self.hold(refused or "ok", begun)
        if refused is None:
            person = by.sitting.person
            self.secrets[person.id] = base64.b32decode(begun.secret)
            step = self.page.now_ms // proofs.STEP_MS
            expected = proofs.enrolled(self.page, by, step)
            answer = self.doors.confirm_app(by.text, self._code(person, step))
            self.note(expected, answer)
            assert bool(answer.codes) == (not person.codes and not person.had_codes)
            person.codes += answer.codes
            person.had_codes = True

    def _code(self, person: Person, step: int) -> str:
        """Return the code of a step, as the app shows it."""
        self.used_codes[person.id] = code = totp.code_at(self.secrets[person.id], step)
        return code

    def _factor(self, data: st.DataObject, person: Person, what: str) -> tuple[dict[str, str], str, object]:
        """Return a factor as it is sent, of which kind it is for the page, and what of it."""
        now = self.page.now_ms // proofs.STEP_MS
        if what in {"totp", "totp used"} and person.id in self.secrets:
            step = (
                person.last_step
                if what == "totp used"
                else data.draw(st.sampled_from([now, now - 1, now + 1, now + 2]), "step")
            )
            return {"totp": self._code(person, step)}, "totp", step
        if what == "recovery_code" and person.codes:
            code = pick(data, person.codes, "recovery code")
            return {"recovery_code": code}, "recovery_code", code
        if what == "wrong totp":
            return {"totp": "12345x"}, "wrong", None
        return {"recovery_code": WRONG_RECOVERY_CODE}, "wrong", None

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), what=FACTORS)
    def finish_a_sign_in(self, data: st.DataObject, what: str) -> None:
        self.tick()
        waiting = pick(data, self.waiting, "sign-in that waits")
        if waiting.person.misses < MISSES:
            sent, kind, value = self._factor(data, waiting.person, what)
            expected = proofs.finish(self.page, waiting, kind, value)
            self.note(expected, self.doors.finish(waiting.challenge, **sent))

    @rule(data=st.data(), what=FACTORS | st.sampled_from(["password", "wrong password"]))
    def step_up(self, data: st.DataObject, what: str) -> None:
        self.tick()
        mine = [one for one in self.page.tokens if self.page.accepts(one) and not one.sitting.person.platform]
        if not mine:
            return
        by = pick(data, mine, "by")
        person = by.sitting.person
        if max(person.misses, by.sitting.misses * 2) >= MISSES:
            return
        if what.endswith("password"):
            value = person.password if what == "password" else "a wrong one entirely"
            sent, kind = {"password": value}, "password"
            expected = proofs.step_up(self.page, by, kind, value)
        else:
            sent, kind, factor = self._factor(data, person, what)
            expected = proofs.step_up(self.page, by, kind, factor)
        self.note(expected, self.doors.step_up(by.text, **sent))

    @rule(data=st.data())
    def take_factors_away(self, data: st.DataObject) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        expected = proofs.reset_factors(self.page, by, person)
        self.hold(expected, self.doors.reset_factors(by.text, person.id))
