"""Metadata: a few texts that a deployment keeps of a user or a tenant, and which of a user's go into tokens."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping

from doorward.errors import InvalidRequest
from doorward.model import Admission, TenantId

MAX_NAMES = 20
MAX_TEXT = 256
MAX_TOKEN_BYTES = 768
"""Of the claim `metadata`, so that an access token stays below 4 KB: many proxies take no longer header."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs"})


def check_metadata_name(name: str) -> str:
    """Return the name of one of the metadata.

    Raises:
        InvalidRequest: no such name has this form.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequest("The name of metadata has 1 to 32 of a-z, 0-9 and _, and begins with a letter.")
    return name


def check_metadata(values: Mapping[str, str]) -> dict[str, str]:
    """Return metadata fit to be stored, in the order of their names.

    Raises:
        InvalidRequest: there are too many, or a name or a text is not acceptable.
    """
    if len(values) > MAX_NAMES:
        raise InvalidRequest(f"Metadata have at most {MAX_NAMES} names.")
    for name, text in values.items():
        check_metadata_name(name)
        if len(text) > MAX_TEXT or any(unicodedata.category(one) in _REFUSED_CATEGORIES for one in text):
            raise InvalidRequest(f"A text of metadata has at most {MAX_TEXT} characters, and no control characters.")
    return {name: values[name] for name in sorted(values)}


def metadata_of_token(admission: Admission, tenant_id: TenantId) -> dict[str, str]:
    """Return which of a user's metadata the user's tokens in a realm say.

    The tenant's policy names them. Only tokens of the home tenant say any, for its administrators wrote them: no other
    tenant may read there what it could not read of the user. What no longer fits is left out, in the policy's order.

    Args:
        admission: user and policy as they are now.
        tenant_id: the realm.
    """
    user, wanted = admission.user, admission.policy.token_metadata
    if user is None or not user.metadata or not wanted or tenant_id != user.home_tenant_id:
        return {}
    found: dict[str, str] = {}
    for name in wanted:
        if name in user.metadata:
            more = {**found, name: user.metadata[name]}
            found = more if len(json.dumps(more, separators=(",", ":"))) <= MAX_TOKEN_BYTES else found
    return found
