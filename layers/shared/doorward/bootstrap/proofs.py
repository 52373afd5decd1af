"""What the functions share that make and use proofs."""

from __future__ import annotations

from functools import cached_property

from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.passwords import password_hasher
from doorward.proofs.ask import AskForProof
from doorward.proofs.check import CheckProof
from doorward.proofs.subjects import FindSubject
from doorward.rules.passwords import PasswordHasher


class ProofParts(LeanParts):
    """The parts of functions that make and use proofs."""

    @cached_property
    def ask(self) -> AskForProof:
        """What makes proofs for whoever asks."""
        return AskForProof(self.proofs, self.mint_proofs, self.attempts, self.throttles, clock)

    @cached_property
    def check(self) -> CheckProof:
        """What recognises proofs."""
        return CheckProof(self.proofs, self.proof_texts, self.attempts, self.throttles, clock)

    @cached_property
    def users(self) -> DynamoUserReader:
        """Users, to read them."""
        return DynamoUserReader(self.database, self.tables)

    @cached_property
    def user_writer(self) -> DynamoUserWriter:
        """Users, to write them."""
        return DynamoUserWriter(self.database, self.tables, self.revocation_writer, self.former_names)

    @cached_property
    def find(self) -> FindSubject:
        """What finds the user that a proof is of."""
        return FindSubject(self.directory, self.users)

    @cached_property
    def hasher(self) -> PasswordHasher:
        """Argon2id with this deployment's parameters."""
        return password_hasher(self.settings)
