"""Sign out by whatever a request still proves: a bearer token, a session cookie, or both."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.authorization import Authorize, RequestCredentials
from doorward.errors import CrossSiteRequest, MissingCredentials, NotAuthenticated
from doorward.model import Principal
from doorward.sessions.logout import LogOut


@dataclass(frozen=True, slots=True)
class SignOut:
    """Ends what it can recognise: a dead bearer token does not keep a live cookie's session alive."""

    authorize: Authorize
    log_out: LogOut

    def __call__(self, credentials: RequestCredentials, *, everywhere: bool) -> None:
        """End the families of the request's bearer token and of its cookie.

        Args:
            credentials: what the request presents.
            everywhere: end all sessions of the user, in every tenant.

        Raises:
            NotAuthenticated: nothing that was presented stands for a live session; `reason` says why.
            CrossSiteRequest: another site made the browser send the cookie, and there is no good bearer token.
        """
        found = [self._recognised(each) for each in _each(credentials)]
        principals = [one for one in found if isinstance(one, Principal)]
        own = [one for one in principals if one.restriction != "cross_site_request"]
        if principals and not own:
            raise CrossSiteRequest
        if not own:
            errors = [one for one in found if isinstance(one, NotAuthenticated)]
            raise next((error for error in errors if not isinstance(error, MissingCredentials)), errors[0])
        for principal in own:
            self.log_out(principal, everywhere=everywhere)

    def _recognised(self, credentials: RequestCredentials) -> Principal | NotAuthenticated:
        try:
            return self.authorize(credentials)
        except NotAuthenticated as error:
            return error


def _each(credentials: RequestCredentials) -> list[RequestCredentials]:
    """Return the bearer token and the cookie apart, as far as they are there."""
    bearer = replace(credentials, cookie=())
    if not credentials.cookie:
        return [bearer]
    cookie = replace(credentials, authorization=())
    return [bearer, cookie] if credentials.authorization else [cookie]
