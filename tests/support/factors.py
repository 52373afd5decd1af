"""A house whose people have second factors."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qs, urlsplit

from doorward.errors import SecondFactorRequired
from doorward.factors import totp
from doorward.factors.enrol import Enrolled, EnrolPasskey, EnrolTotp
from doorward.factors.finish import FinishSignIn
from doorward.factors.keep import KeepFactors
from doorward.factors.manage import ManageFactors, ResetFactors
from doorward.factors.passkey_sign_in import AskForPasskey, SignInByPasskey
from doorward.factors.prove import PresentedFactor, ProveFactor
from doorward.factors.raising import RaiseSession
from doorward.factors.secrets import FactorSecrets
from doorward.factors.step_up import StepUp
from doorward.model import Principal, TenantId
from doorward.passkeys.webauthn import WebAuthn
from doorward.sessions.begin import Client, SignedIn
from doorward.sessions.login import Credentials
from doorward.tokens.challenges import Challenges
from tests.support.authenticator import SoftAuthenticator
from tests.support.fake_proofs import MemoryFactors
from tests.support.fakes import FakeClock, MemoryDirectory
from tests.support.people import PASSWORD
from tests.support.world import ACME, HERE, House, changed_policy_of

RP_ID = "example"
PAGE = "https://app.example"


@dataclass
class App:
    """An authenticator app on somebody's phone."""

    clock: FakeClock
    secret: bytes

    @classmethod
    def of(cls, clock: FakeClock, uri: str) -> App:
        """Return the app that read a QR code."""
        (written,) = parse_qs(urlsplit(uri).query)["secret"]
        return cls(clock, base64.b32decode(written))

    def code(self, steps_later: int = 0) -> str:
        """Return the code that the app shows, or showed, or will show."""
        return totp.code_at(self.secret, self.clock() // 30_000 + steps_later)


@dataclass
class FactorHouse(House):
    """A whole Doorward in memory, with the use cases of second factors."""

    device: SoftAuthenticator = field(default_factory=lambda: SoftAuthenticator(RP_ID, PAGE))

    @cached_property
    def factors(self) -> MemoryFactors:
        return MemoryFactors(self.world)

    @cached_property
    def secrets(self) -> FactorSecrets:
        return FactorSecrets(lambda: b"k" * 32)

    @cached_property
    def challenges(self) -> Challenges:
        return Challenges(self.proof_texts.keyring, self.clock)

    @cached_property
    def prove_factor(self) -> ProveFactor:
        return ProveFactor(
            self.factors, self.secrets, self.challenges, self.ceremonies, self.attempts, self.throttles, self.clock
        )

    @cached_property
    def keep(self) -> KeepFactors:
        return KeepFactors(self.users, self.users, self.factors, self.notices, self.clock)

    @cached_property
    def raise_session(self) -> RaiseSession:
        return RaiseSession(self.sessions, self.minter, self.clock)

    @cached_property
    def finish(self) -> FinishSignIn:
        directory = MemoryDirectory(self.world)
        return FinishSignIn(
            self.proofs,
            self.proof_texts,
            directory,
            self.attempts,
            self.prove_factor,
            self.begin_session,
            self.clock,
        )

    @cached_property
    def by_passkey(self) -> SignInByPasskey:
        directory = MemoryDirectory(self.world)
        return SignInByPasskey(self.ceremonies, self.users, directory, self.prove_factor, self.begin_session)

    @cached_property
    def ask_for_passkey(self) -> AskForPasskey:
        return AskForPasskey(self.ceremonies, self.challenges)

    @cached_property
    def step_up(self) -> StepUp:
        return StepUp(self.prove_factor, self.prove, self.raise_session)

    @cached_property
    def totp(self) -> EnrolTotp:
        return EnrolTotp(self.keep, self.secrets, self.raise_session, self.attempts, self.throttles, "doorward")

    @cached_property
    def passkeys(self) -> EnrolPasskey:
        return EnrolPasskey(self.keep, self.secrets, self.raise_session, self.ceremonies, self.challenges)

    @cached_property
    def manage(self) -> ManageFactors:
        return ManageFactors(self.keep, self.secrets, self.raise_session)

    @cached_property
    def reset(self) -> ResetFactors:
        return ResetFactors(self.keep, self.revocations)

    def ceremonies(self) -> WebAuthn:
        return WebAuthn(RP_ID, "Example", (PAGE,))

    def enrol_app(self, principal: Principal) -> tuple[App, Enrolled]:
        """Enrol an app, and return it with what came of it."""
        app = App.of(self.clock, self.totp.begin(principal).uri)
        return app, self.totp.confirm(principal, app.code())

    def enrol_passkey(self, principal: Principal, name: str = "Laptop") -> Enrolled:
        """Register a passkey of the house's device."""
        response = self.device.create(self.passkeys.options(principal))
        return self.passkeys.register(principal, response, name)

    def credentials(self, username: str, client: Client | None = None) -> Credentials:
        """Return what somebody sends to sign in."""
        return Credentials(PASSWORD, client or Client(HERE, wants_cookie=True), username=username)

    def wait(self, client: Client | None = None, username: str = "kim") -> SecondFactorRequired:
        """Return the answer to a sign-in that waits for its second factor."""
        try:
            self.log_in(self.credentials(username, client))
        except SecondFactorRequired as waits:
            return waits
        raise AssertionError("nobody waits")

    def sign_in_with(self, app: App, username: str = "kim") -> SignedIn:
        """Sign somebody in with both factors, and let the time of the code pass."""
        found = self.finished(self.wait(username=username).challenge_id, totp=app.code())
        self.clock.advance(60)
        return found

    def with_app(self, username: str, password: str = PASSWORD) -> App:
        """Let somebody enrol an app, and let the time of its code pass."""
        app, _ = self.enrol_app(self.caller(username, password))
        self.clock.advance(60)
        return app

    def finished(self, challenge_id: str, client: Client | None = None, **factor: str) -> SignedIn:
        """Finish a sign-in."""
        return self.finish(challenge_id, PresentedFactor(**factor), client or Client(HERE, wants_cookie=True))  # type: ignore[arg-type] # texts alone

    def ask(self, tenant_id: TenantId = ACME, **members: object) -> None:
        """Change the policy of a tenant, from now on."""
        changed_policy_of(self, tenant_id, **members)
