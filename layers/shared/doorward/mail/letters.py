"""What a mail is to say, before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from doorward.model import TenantPolicy, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail before it is put into words.

    Args:
        template: the name of its template.
        address: where it goes.
        name: in whose name it goes: the tenant's, or the deployment's.
        policy: of the tenant, which says the sender's name, the address for answers, and a language.
        user: whom it is to, if that is a user.
        has_link: whether it has the proof's link.
        has_code: whether it has the proof's code.
        values: what its template needs besides.
    """

    template: str
    address: str
    name: str
    policy: TenantPolicy
    user: User | None = None
    has_link: bool = False
    has_code: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
