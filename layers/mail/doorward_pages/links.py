"""The pages behind the links of mails: what each says, asks for, and needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from doorward.errors import DoorwardError
from doorward.model.proofs import ProofKind
from doorward_pages.render import View, render


@dataclass(frozen=True, slots=True)
class LinkPage:
    """The page behind the links of one kind.

    Args:
        kind: what the proof in the link is for.
        asks_username: whether somebody new may choose a user name.
        asks_password: whether a password is chosen.
        needs_password: whether nothing works without one. The page of an invitation does not know whether the tenant
            takes passwords.
        needs_mail: whether nobody has such a link where the deployment sends no mail.
        does_something: whether there is a button; a link that signs in works only in the browser that asked for it.
    """

    kind: ProofKind
    asks_username: bool = False
    asks_password: bool = False
    needs_password: bool = False
    needs_mail: bool = True
    does_something: bool = True

    def form(
        self,
        view: View,
        token: str,
        username: str = "",
        error: DoorwardError | None = None,
        *,
        has_accounts: bool = False,
    ) -> str:
        """Return the page that says what the button does, and asks for what that needs.

        Args:
            view: what every page needs.
            token: of the link; nobody looked at it yet.
            username: as it was typed.
            error: what was wrong with what was typed.
            has_accounts: whether the deployment has pages for who is signed in.
        """
        more = {"token": token, "username": username, "error": error, "has_accounts": has_accounts}
        return self._render("form", view, **more)

    def done(self, view: View) -> str:
        """Return the page that says that it is done, and what to do next."""
        return self._render("done", view)

    def dead(self, view: View) -> str:
        """Return the page that says that the link works no longer."""
        return self._render("dead", view)

    def _render(self, state: str, view: View, **more: object) -> str:
        values = {
            "state": state,
            "asks_username": self.asks_username,
            "asks_password": self.asks_password,
            "needs_password": self.needs_password,
            "error": None,
            **more,
        }
        return render(f"links/{self.kind}", view, values)


_PAGES = (
    LinkPage("sign_up", asks_username=True, asks_password=True, needs_password=True),
    LinkPage("password_reset", asks_password=True, needs_password=True, needs_mail=False),
    LinkPage("verify_email"),
    LinkPage("email_change"),
    LinkPage("email_undo"),
    LinkPage("invitation", asks_username=True, asks_password=True, needs_mail=False),
    LinkPage("email_code", does_something=False),
)
PAGES: Mapping[str, LinkPage] = {page.kind.replace("_", "-"): page for page in _PAGES}
"""The pages by the last part of their path, as `doorward.rules.links.proof_link` writes it."""
