"""The rules of users, roles, tenants and their administrators."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model import people, proofs
from tests.model.machine import Machine, pick
from tests.model.page import PLATFORM, Person, Place, Service
from tests.model.session_rules import TENANTS

ROLES = st.sampled_from([("user",), ("admin",), ("admin", "user"), ("auditor",)])
NAMES = st.sampled_from(["ann", "bob", "cyd"])
ADDRESSES = st.sampled_from([f"{name}@people.example" for name in ("ann", "bob", "cyd")])


class PeopleRules(Machine):
    @rule(data=st.data(), name=NAMES, address=st.none() | ADDRESSES, tenant=TENANTS, roles=ROLES)
    def create_user(self, data: st.DataObject, name: str, address: str | None, tenant: str, roles: Any) -> None:
        self.tick()
        by = self.caller(data)
        full = name if by.sitting.person.platform else f"{name}@{tenant}"
        password = f"plain words number {self.fresh()}"
        body = {"username": name, "password": password, "email": address, "tenant_id": tenant, "roles": roles}
        expected = people.create(self.page, by, full, address, tenant)
        answer = self.doors.create_user(by.text, body)
        self.hold(expected, answer)
        if expected == "ok":
            person = Person(answer.id, full, password, {tenant: Place(roles)}, self.page.now_ms, address=address)
            person.address_by = None if by.sitting.person.platform or address is None else tenant
            self.page.people.append(person)

    def _change(self, data: st.DataObject, what: str, value: Any) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        sent = {"must_change": "password_change_required"}.get(what, what)
        expected = people.change(self.page, by, person, what, value)
        self.hold(expected, self.doors.change_user(by.text, person.id, {sent: value}))

    @rule(data=st.data(), roles=ROLES)
    def change_roles(self, data: st.DataObject, roles: Any) -> None:
        self._change(data, "roles", roles)

    @rule(data=st.data(), status=st.sampled_from(["disabled", "active"]))
    def change_status(self, data: st.DataObject, status: str) -> None:
        self._change(data, "status", status)

    @rule(data=st.data())
    def set_password(self, data: st.DataObject) -> None:
        self._change(data, "password", f"plain words number {self.fresh()}")

    @rule(data=st.data(), needed=st.booleans())
    def ask_for_a_new_password(self, data: st.DataObject, needed: bool) -> None:
        self._change(data, "must_change", needed)

    @rule(data=st.data(), right=st.booleans())
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

    @rule(data=st.data())
    def delete_user(self, data: st.DataObject) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        if by.sitting.person is not person:
            expected = people.delete(self.page, by, person)
            self.hold(expected, self.doors.delete_user(by.text, person.id))

    @rule(data=st.data(), tenant=TENANTS, roles=ROLES)
    def assign(self, data: st.DataObject, tenant: str, roles: Any) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        expected = people.assign(self.page, by, person, tenant, roles)
        self.hold(expected, self.doors.assign(by.text, person.id, tenant, roles))

    @rule(data=st.data(), tenant=TENANTS)
    def unassign(self, data: st.DataObject, tenant: str) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        expected = people.unassign(self.page, by, person, tenant)
        self.hold(expected, self.doors.unassign(by.text, person.id, tenant))

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

    @rule(data=st.data())
    def look_around(self, data: st.DataObject) -> None:
        """Nobody sees users of a tenant that is not theirs."""
        self.tick()
        by, person = self.caller(data), self.person(data)
        code = people.refusal_to_see(self.page, by, person) or "ok"
        self.hold(code, self.doors.get_user(by.text, person.id))
        listed, realm = self.doors.list_users(by.text), by.sitting.realm
        if by.restriction() or not people.is_admin(self.page, by, realm):
            assert listed.code == by.restriction() or listed.code == "insufficient_scope"
            return
        seen = [one.id for one in self.page.people if not one.gone and (realm == PLATFORM or realm in one.places)]
        assert sorted(listed.ids) == sorted(seen)

    @rule(data=st.data(), tenant=TENANTS, seconds=st.sampled_from([60, 3600, 86_400]))
    def mint_a_service_token(self, data: st.DataObject, tenant: str, seconds: int) -> None:
        self.tick()
        by, name = self.caller(data), f"robot{self.fresh() % 3}"
        expected = proofs.mint_service(self.page, by, tenant)
        answer = self.doors.mint_service(by.text, tenant, name, seconds)
        self.hold(expected, answer)
        if expected == "ok":
            ends_s = self.page.now_ms // 1000 + seconds
            self.page.services.append(Service(answer.secret, answer.id, name, tenant, ends_s))

    @rule(data=st.data(), tenant=TENANTS)
    def revoke_a_service_token(self, data: st.DataObject, tenant: str) -> None:
        self.tick()
        if not self.page.services:
            return
        by, service = self.caller(data), pick(data, self.page.services, "service token")
        allowed = proofs.refusal_to_administer(self.page, by, tenant) or "ok"
        expected = "not_found" if allowed == "ok" and service.tenant != tenant else allowed
        self.hold(expected, self.doors.revoke_service(by.text, tenant, service.id))
        service.live = service.live and expected != "ok"
