"""What every implementation of policies promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doorward.errors import Conflict, TenantNotFound
from doorward.model import NO_POLICY, Branding, SignInPolicy, TenantId, TenantPolicy
from tests.contract.conftest import Stores
from tests.support.makers import ACME, GLOBEX, record, tenant, user

STRICT = SignInPolicy(
    methods=("email_code",), second_factor="required", session_seconds=600, token_metadata=("plan", "team")
)


def test_a_tenant_that_decided_nothing_has_the_defaults(stores: Stores) -> None:
    stores.tenants.add(tenant())
    assert stores.policies.get(ACME) == TenantPolicy()
    assert stores.directory.get_admission(ACME, user().id).policy == NO_POLICY


def test_a_policy_reads_back_and_reaches_every_sign_in(stores: Stores) -> None:
    for tenant_id in (ACME, GLOBEX):
        stores.tenants.add(tenant(tenant_id))
    policy = TenantPolicy(
        sign_up="domain",
        domains=("acme.example",),
        sign_in=STRICT,
        least_password_length=15,
        locale="de",
        mail_from_name="Acmé",
        mail_reply_to="help@acme.example",
        audit_retention_days=400,
        branding=Branding(name="Acmé", accent="#b3261e", accent_dark="#f2b8b5", support="help@acme.example"),
        version=1,
    )
    stores.policies.change(ACME, policy)
    assert stores.policies.get(ACME) == policy
    for number in range(8):  # in whatever copy of the marker
        member = user(username=f"user{number}")
        stores.writer.add(record(member), None)
        assert stores.directory.get_admission(ACME, member.id).policy == STRICT
        assert stores.directory.get_admission(GLOBEX, member.id).policy == NO_POLICY
    other = replace(policy, sign_in=NO_POLICY, domains=(), branding=Branding(accent="#b3261e"), version=2)
    stores.policies.change(ACME, other)
    assert stores.policies.get(ACME) == other
    stores.policies.change(ACME, replace(other, branding=None, version=3))
    assert stores.policies.get(ACME) == replace(other, branding=None, version=3)
    assert stores.policies.get(GLOBEX) == TenantPolicy()
    assert stores.directory.get_admission(ACME, user().id).policy == NO_POLICY


def test_of_two_changes_of_a_policy_one_is_refused(stores: Stores) -> None:
    stores.tenants.add(tenant())
    stores.policies.change(ACME, TenantPolicy(version=1))
    for version in (1, 3):
        with pytest.raises(Conflict):
            stores.policies.change(ACME, TenantPolicy(sign_up="open", version=version))
    assert stores.policies.get(ACME) == TenantPolicy(version=1)


def test_a_tenant_that_does_not_exist_has_no_policy_to_change(stores: Stores) -> None:
    with pytest.raises(TenantNotFound):
        stores.policies.change(TenantId("nobody"), TenantPolicy(version=1))


def test_disabling_a_tenant_keeps_its_policy(stores: Stores) -> None:
    stores.tenants.add(tenant())
    stores.policies.change(ACME, TenantPolicy(sign_in=STRICT, version=1))
    stores.tenants.change(tenant(), replace(tenant(), status="disabled", version=2), 5)
    found = stores.directory.get_admission(ACME, user().id)
    assert (found.tenant_status, found.policy) == ("disabled", STRICT)


def test_metadata_of_users_and_tenants_read_back_reach_a_sign_in_and_can_be_taken_away(stores: Stores) -> None:
    metadata = {"plan": "gœld", "empty": "", **{f"name{number}": "x" * 256 for number in range(18)}}
    stores.tenants.add(replace(tenant(), metadata=metadata))
    member = record(user(metadata=metadata))
    stores.writer.add(member, None)
    assert stores.tenants.get(ACME) == replace(tenant(), metadata=metadata)
    assert stores.reader.get(member.user.id) == member
    admitted = stores.directory.get_admission(ACME, member.user.id).user
    assert admitted is not None
    assert admitted.metadata == metadata
    other = replace(member, user=replace(member.user, metadata={"team": "a"}, version=2))
    stores.writer.change(member, other)
    assert stores.reader.get(member.user.id) == other
    bare = replace(member, user=replace(member.user, metadata=None, version=3))
    stores.writer.change(other, bare)
    assert stores.reader.get(member.user.id) == bare
    stores.tenants.change(replace(tenant(), metadata=metadata), replace(tenant(), version=2), 5)
    assert stores.tenants.get(ACME) == replace(tenant(), version=2)
