"""The sending of mails over the stores in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from doorward.keys.mac import MacKeyring
from doorward.mail.choose import ChooseLetter
from doorward.mail.send import Office, SendMail
from doorward.mail.sender import Mail
from doorward.model import Membership, SignInPolicy, TenantId, TenantPolicy, UserId
from doorward.model.proofs import Proof, ProofKind
from doorward.proofs.subjects import FindSubject
from doorward.tokens.proofs import MintProofs, Notices, ProofTexts
from tests.support.fake_proofs import MemoryPolicies, MemoryProofs
from tests.support.fakes import MemoryDirectory, MemoryTenants
from tests.support.world import ACME, House, new_user

MAIL_FROM = "doorward@id.example"
LINK_URL = "https://id.example/links"


@dataclass
class Outbox:
    """Takes every mail, or fails as it is told to."""

    mails: list[Mail] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    tried: int = 0

    def send(self, mail: Mail) -> None:
        self.tried += 1
        if self.failures:
            raise self.failures.pop(0)
        self.mails.append(mail)


@dataclass
class Post:
    """A house that sends mails."""

    house: House = field(default_factory=House)
    outbox: Outbox = field(default_factory=Outbox)
    reply_to: str = ""

    def __post_init__(self) -> None:
        self.texts = ProofTexts(MacKeyring(lambda: self.house.world.secrets.get("mac"), self.house.clock))
        self.proofs = MemoryProofs(self.house.world)
        self.policies = MemoryPolicies(self.house.world)
        self.mint = MintProofs(self.texts, self.house.clock)
        self.notices = Notices(self.house.clock, mail_is_on=True)

    @property
    def send(self) -> SendMail:
        world = self.house.world
        subjects = FindSubject(MemoryDirectory(world), self.house.users)
        choose = ChooseLetter(subjects, self.house.users, MemoryTenants(world), self.policies, "id.example")
        office = Office(MAIL_FROM, self.reply_to, LINK_URL)
        return SendMail(self.proofs, choose, self.texts, self.outbox, office, self.house.clock)

    def asked(self, kind: ProofKind, tenant_id: TenantId = ACME, **rest: Any) -> Proof:
        """Store a proof, and return it."""
        proof = self.mint(kind, tenant_id, **rest)
        self.proofs.add(proof)
        return proof

    def sent(self, proof: Proof) -> list[Mail]:
        """Return the mails that come of a proof."""
        before = len(self.outbox.mails)
        self.send(proof.id)
        return self.outbox.mails[before:]

    def add_user(self, username: str, address: str | None, *, tenant_id: TenantId = ACME, **changes: Any) -> UserId:
        """Make a user, with any fields, who is a member of all tenants that the fields name."""
        principal = self.house.caller()
        record = self.house.create_user(principal, new_user(username=username, email=address, tenant_id=tenant_id))
        world, user_id = self.house.world, record.user.id
        user = world.users[user_id] = replace(world.users[user_id], **changes)
        for entered in user.tenant_ids:
            world.memberships.setdefault((entered, user_id), Membership(entered, user_id, ("user",), "active", 1))
        return user_id

    def decide(self, tenant_id: TenantId = ACME, *, methods: tuple[Any, ...] = ("password",), **policy: Any) -> None:
        """Give a tenant a policy."""
        self.house.world.policies[tenant_id] = TenantPolicy(sign_in=SignInPolicy(methods=methods), **policy)
