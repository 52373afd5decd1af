"""The library that verifies Doorward's access tokens in any Python server."""

from doorward.verifier.feed import Fetch
from doorward.verifier.verifier import ANY_TENANT, AnyTenant, Verifier

__all__ = ["ANY_TENANT", "AnyTenant", "Fetch", "Verifier"]
