"""What admits somebody, as it lies in the tables."""

from __future__ import annotations

from collections.abc import Sequence

from doorward.aws.dynamodb.database import Place, Reader
from doorward.aws.dynamodb.items import Item, Tables, membership_key, user_key
from doorward.aws.dynamodb.markers import revocation_places, to_revocations
from doorward.aws.dynamodb.shapes import to_membership, to_sign_in_policy, to_user
from doorward.model import Admission, Epochs, TenantId, UserId


def read_admission(
    database: Reader, tables: Tables, tenant_id: TenantId, user_id: UserId, more: Sequence[Place]
) -> tuple[Admission, list[Item | None]]:
    """Return what decides whether a user is let into a realm, and more items; all from consistent reads.

    The epochs are read first, and then all that a change of epochs comes with. A change writes both in one transaction.
    If it commits between the two reads, the tokens get the old epochs and are refused, whatever else they say. So one
    moment for both is not needed, which would cost twice as much and fail when others write (docs/decisions/0022).

    Args:
        database: the tables' reader.
        tables: the tables.
        tenant_id: the realm.
        user_id: the user.
        more: further items of the second read, such as the session.
    """
    first = database.batch_get(revocation_places(tables, tenant_id, user_id))
    user, membership, *rest = database.batch_get([*account_places(tables, tenant_id, user_id), *more])
    return to_admission([*first, user, membership]), rest


def account_places(tables: Tables, tenant_id: TenantId, user_id: UserId) -> list[Place]:
    """Return where a user and the user's membership lie."""
    return [(tables.users, user_key(user_id)), (tables.users, membership_key(tenant_id, user_id))]


def to_admission(items: Sequence[Item | None]) -> Admission:
    """Return the admission of the items at `revocation_places` and `account_places`.

    Raises:
        NotInitialised: the deployment has no marker.
    """
    *revoked, user, membership = items
    revocations = to_revocations(revoked)
    return Admission(
        user=to_user(user),
        membership=to_membership(membership),
        tenant_status=revocations.tenant_status,
        epochs=Epochs(revocations.user.min_epoch, revocations.tenant_min_epoch, revocations.deployment_min_epoch),
        sessions_from=revocations.user.sessions_min_epoch,
        revoked_kids=revocations.revoked_kids,
        policy=to_sign_in_policy(revocations.tenant_policy),
    )
