"""A change that commits between the two reads of an admission: nothing of before it slips through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import boto3
import pytest

from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.database import Place
from doorward.aws.dynamodb.items import Item
from doorward.model import AccessTokenClaims, Admission, Cutoff, Session, User, UserRecord
from doorward.rules.revocation import cut_off_user, denial_reason, is_live
from doorward.rules.tenancy import admitted_subject
from tests.contract.conftest import Stores, on_dynamodb
from tests.support.aws import Snapshot, mocked_aws
from tests.support.makers import ACME, NOW, claims, record, session, tenant, user

Act = Callable[[Stores, UserRecord, Session], None]


@pytest.fixture
def moto(tables_on_moto: tuple[dict[str, str], Snapshot]) -> Iterator[Stores]:
    with mocked_aws():
        names, empty = tables_on_moto
        empty.restore()
        yield on_dynamodb(BotoDatabase(boto3.client("dynamodb")), names)


def _change(stores: Stores, before: UserRecord, after: User, *, ends: bool, spared: Session | None = None) -> None:
    states = stores.revocations.get_states([ACME], after.id)
    ref = spared.ref if spared else None
    cutoffs = cut_off_user(after.id, states, NOW + 5, ends_sessions=ends, spared=ref)
    members = tuple(replace(member, roles=("user",)) for member in before.memberships)
    changed = UserRecord(replace(after, version=after.version + 1), members)
    stores.writer.change(before, changed, cutoffs=cutoffs, password_hash="new" if ends else None)


def demoted(stores: Stores, member: UserRecord, _: Session) -> None:
    _change(stores, member, member.user, ends=False)


def disabled(stores: Stores, member: UserRecord, _: Session) -> None:
    _change(stores, member, replace(member.user, status="disabled"), ends=True)


def password_changed_elsewhere(stores: Stores, member: UserRecord, _: Session) -> None:
    _change(stores, member, member.user, ends=True)


def signed_out(stores: Stores, _: UserRecord, held: Session) -> None:
    stores.sessions.end_family(held.ref, NOW + 5)


def signed_out_everywhere(stores: Stores, member: UserRecord, _: Session) -> None:
    stores.revocations.cut_off([Cutoff(ACME, member.user.id, NOW + 5, ends_sessions=True)], NOW + 5)


def tenant_disabled(stores: Stores, _: UserRecord, __: Session) -> None:
    found = stores.tenants.get(ACME)
    assert found
    stores.tenants.change(found, replace(found, status="disabled", version=found.version + 1), NOW + 5)


def everything_ended(stores: Stores, _: UserRecord, __: Session) -> None:
    stores.key_revocations.cut_off_deployment(NOW + 5)


def _between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let something happen once, right after the first read of several items."""
    original, left = BotoDatabase.batch_get, [act]

    def batch_get(self: BotoDatabase, places: Sequence[Place], **more: str) -> list[Item | None]:
        found = original(self, places, **more)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(BotoDatabase, "batch_get", batch_get)


def _begun(stores: Stores) -> tuple[UserRecord, Session]:
    stores.tenants.add(tenant())
    member = user()
    auditor = record(member)
    roles = tuple(replace(one, roles=("auditor", "user")) for one in auditor.memberships)
    stores.writer.add(replace(auditor, memberships=roles), "hash")
    held = session(member)
    stores.sessions.add(held)
    found = stores.reader.get(member.id)
    assert found
    return found, held


def _token(admission: Admission, held: Session) -> AccessTokenClaims | None:
    """Return the token that a refresh would mint from an admission, if it would mint one."""
    subject = admitted_subject(admission, held.ref)
    if subject is None or admission.session is None or not is_live(admission.session, admission, NOW + 6):
        return None
    assert admission.user
    return replace(claims(admission.user), subject=subject, epochs=admission.epochs)


ACTS = [demoted, disabled, password_changed_elsewhere, signed_out_everywhere, tenant_disabled, everything_ended]


@pytest.mark.parametrize(
    ("act", "way"),
    [*((act, way) for act in ACTS for way in ("refresh", "sign in")), (signed_out, "refresh")],
)
def test_no_token_of_a_torn_reading_is_let_in(
    moto: Stores, monkeypatch: pytest.MonkeyPatch, act: Act, way: str
) -> None:
    member, held = _begun(moto)
    _between(monkeypatch, lambda: act(moto, member, held))
    if way == "refresh":
        admission = moto.sessions.get_admission(held.ref)
    else:
        admission = replace(moto.directory.get_admission(ACME, member.user.id), session=held)
    token = _token(admission, held)
    assert token is None or denial_reason(token, moto.revocation_reader.get(ACME, member.user.id)) is not None


def test_a_session_that_changes_its_password_meanwhile_is_not_lost(
    moto: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, held = _begun(moto)
    _between(monkeypatch, lambda: _change(moto, member, member.user, ends=True, spared=held))
    admission = moto.sessions.get_admission(held.ref)
    assert admission.session
    assert is_live(admission.session, admission, NOW + 6)


def test_what_comes_after_a_change_is_let_in(moto: Stores) -> None:
    member, held = _begun(moto)
    signed_out_everywhere(moto, member, held)
    admission = moto.directory.get_admission(ACME, member.user.id)
    fresh = replace(session(member.user), epochs=admission.epochs)
    token = _token(replace(admission, session=fresh), fresh)
    assert token
    assert denial_reason(token, moto.revocation_reader.get(ACME, member.user.id)) is None
