"""The storage that proofs need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from doorward.model.proofs import Proof, ProofId, ProofUse


class ProofStore(Protocol):
    """Proofs. What is written together with another change goes through that change's store (`ProofChanges`)."""

    def add(self, proof: Proof, used: ProofUse | None = None, *, told: Sequence[Proof] = ()) -> None:
        """Store a new proof, whose id nobody had before. Its mail leaves from there.

        Args:
            proof: the new one.
            used: the use of the proof that allows it, in the same transaction.
            told: notices of it, in the same transaction.

        Raises:
            InvalidProof: that proof was used or has ended. Nothing is stored then.
        """

    def get(self, proof_id: ProofId) -> Proof | None:
        """Return a proof, from a consistent read; None if there is none."""

    def count_try(self, proof_id: ProofId, now_ms: int) -> Proof | None:
        """Count one try of a proof's code, before the code is looked at, and return the proof.

        Returns:
            None if the proof was used or has ended, if its code is too old, or if all tries were taken.
        """

    def begin_mail(self, proof_id: ProofId, now_ms: int) -> Proof | None:
        """Take the mail of a proof over, for a minute, and return the proof as it is now.

        Returns:
            None if the mail was sent, or if the proof is gone.

        Raises:
            Unavailable: somebody else sends it now, or died while sending it.
        """

    def end_mail(self, proof_id: ProofId, now_ms: int) -> None:
        """Remember that the mail of a proof was sent, or that there is none to send."""

    def release_mail(self, proof_id: ProofId) -> None:
        """Give the mail of a proof back: sending failed, and somebody may try again at once."""
