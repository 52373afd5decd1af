"""What a page shows of the tenant whose page it is, and which ways the tenant offers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.model import Branding, TenantId, TenantPolicy
from doorward.rules.names import is_tenant_id
from doorward.stores import PolicyStore
from doorward_pages.render import View


@dataclass(frozen=True, slots=True)
class Options:
    """The ways that a page offers.

    Args:
        password: whether people may sign in with a password.
        code: whether people may sign in with a code by mail.
        sign_up: whether strangers may sign up.
        mail: whether the deployment sends mails.
    """

    password: bool = True
    code: bool = True
    sign_up: bool = False
    mail: bool = False


@dataclass(frozen=True, slots=True)
class TenantPages:
    """Reads what a tenant decided about its pages. An unknown tenant's page is that of one which decided nothing."""

    policies: PolicyStore
    mail_is_on: bool

    def read(self, tenant_id: TenantId | None) -> TenantPolicy:
        """Return what a tenant decided; None stands for all tenants, and what is decided nowhere."""
        return TenantPolicy() if tenant_id is None else self.policies.get(tenant_id)

    def view(self, view: View, tenant_id: TenantId | None, policy: TenantPolicy | None = None) -> View:
        """Return what every page needs to know, for a page of a tenant; None for one of all tenants.

        Args:
            view: of a page of all tenants.
            tenant_id: the tenant.
            policy: what the tenant decided, if it was read already.
        """
        if tenant_id is None:
            return view
        branding = (policy or self.read(tenant_id)).branding or Branding()
        return replace(view, name=branding.name or tenant_id, tenant_id=tenant_id, support=branding.support or "")

    def brand_style(self, tenant_id: str) -> str:
        """Return the style sheet of a tenant's colours, empty for the deployment's; both colours were checked."""
        branding = (self.policies.get(TenantId(tenant_id)).branding if is_tenant_id(tenant_id) else None) or Branding()
        colours = {"light": branding.accent, "dark": branding.accent_dark}
        rules = (
            f"@media (prefers-color-scheme: {scheme}) {{ :root {{ --accent: {colour} }} }}\n"
            for scheme, colour in colours.items()
            if colour
        )
        return "".join(rules)

    def options(self, tenant_id: TenantId | None, policy: TenantPolicy) -> Options:
        """Return the ways that a page offers. A page of all tenants does not know what each of them takes."""
        if tenant_id is None:
            return Options(code=self.mail_is_on, mail=self.mail_is_on)
        methods = policy.sign_in.methods
        return Options(
            password="password" in methods,
            code=self.mail_is_on and "email_code" in methods,
            sign_up=self.mail_is_on and policy.sign_up in {"open", "domain"},
            mail=self.mail_is_on,
        )
