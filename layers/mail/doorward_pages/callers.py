"""Who is signed in where a page is asked for: by the session cookie alone."""

from __future__ import annotations

from dataclasses import replace

from doorward.authorization import Authorize
from doorward.authorizer.events import read_credentials
from doorward.errors import EnrolmentRequired, PasswordChangeRequired
from doorward.model import Principal
from doorward_pages.resolver import PageResolver


def read_page_caller(
    app: PageResolver, authorize: Authorize, *, changing_password: bool = False, proving_factor: bool = False
) -> Principal:
    """Return who is signed in.

    A page that changes something reads its form by `PageResolver.own_form`, which refuses forms of other origins.

    Args:
        app: the resolver that holds the request.
        authorize: recognises the cookie.
        changing_password: whether somebody who must change the password first may see the page.
        proving_factor: whether somebody who must prove or enrol a second factor first may.

    Raises:
        NotAuthenticated: nobody is signed in; the resolver leads to the sign-in.
        PasswordChangeRequired, EnrolmentRequired: the resolver leads to the page for that.
    """
    # No link and no form can send a bearer token.
    principal = authorize(replace(read_credentials(app.event), authorization=()))
    if principal.restriction == "password_change_required" and not changing_password:
        raise PasswordChangeRequired
    if principal.restriction == "second_factor_required" and not proving_factor:
        raise EnrolmentRequired
    return principal
