"""The rules of what ends sessions and tokens: changes of users and tenants, and administrators who end them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model import people
from tests.model.machine import Machine, pick
from tests.model.session_rules import TENANTS

ROLES = st.sampled_from([("user",), ("admin",), ("admin", "user"), ("auditor",)])


class EndingRules(Machine):
    def _change(self, data: st.DataObject, what: str, value: Any) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        sent = {"must_change": "password_change_required"}.get(what, what)
        expected = people.change(self.page, by, person, what, value)
        self.hold(expected, self.doors.change_user(by.text, person.id, {sent: value}))

    @rule(data=st.data(), roles=ROLES)
    def change_roles(self, data: st.DataObject, roles: Any) -> None:
        self._change(data, "roles", roles)

    @rule(data=st.data(), status=st.sampled_from(["active", "active", "disabled"]))
    def change_status(self, data: st.DataObject, status: str) -> None:
        self._change(data, "status", status)

    @rule(data=st.data())
    def set_password(self, data: st.DataObject) -> None:
        self._change(data, "password", f"plain words number {self.fresh()}")

    @rule(data=st.data(), needed=st.booleans())
    def ask_for_a_new_password(self, data: st.DataObject, needed: bool) -> None:
        self._change(data, "must_change", needed)

    @rule(data=st.data(), right=st.sampled_from([True, True, False]))
    def change_own_password(self, data: st.DataObject, right: bool) -> None:
        self.tick()
        living = [one for one in self.page.tokens if self.page.accepts(one) and not one.sitting.person.platform]
        if not living:
            return
        by = pick(data, living, "by")
        if by.sitting.misses > 5:
            return
        current = by.sitting.person.password if right else "a wrong one entirely"
        new = f"plain words number {self.fresh()}"
        expected = people.change_own_password(self.page, by, current, new)
        answer = self.doors.change_user(by.text, "me", {"current_password": current, "password": new})
        self.hold(expected, answer)

    @rule(data=st.data(), tenant=TENANTS, status=st.sampled_from(["active", "active", "disabled"]))
    def change_tenant(self, data: st.DataObject, tenant: str, status: str) -> None:
        self.tick()
        by = self.caller(data)
        allowed = by.restriction() or ("ok" if by.sitting.person.platform else "insufficient_scope")
        self.hold(allowed, self.doors.set_tenant(by.text, tenant, status))
        if allowed == "ok" and status == "disabled" and self.page.tenants[tenant]:
            self.page.close_tenant(tenant)
        elif allowed == "ok":
            self.page.tenants[tenant] = status == "active"

    @rule(data=st.data())
    def end_a_session(self, data: st.DataObject) -> None:
        self.tick()
        by, sitting = self.caller(data), pick(data, list(self.page.sittings.values()), "session")
        expected = people.end_session(self.page, by, sitting.person, sitting.family)
        self.hold(expected, self.doors.end_session(by.text, sitting.person.id, sitting.family))

    @rule(data=st.data())
    def end_all_sessions(self, data: st.DataObject) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        expected = people.end_sessions(self.page, by, person)
        self.hold(expected, self.doors.end_sessions(by.text, person.id))
