"""Send the mail of a proof: taken by one sender, written, handed over, and marked as sent."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from doorward import audit
from doorward.errors import InvalidProof, Unavailable
from doorward.languages import best_language
from doorward.mail.addresses import from_header, mailable, one_line
from doorward.mail.choose import ChooseLetter, shown_time
from doorward.mail.letters import Letter
from doorward.mail.sender import Mail, MailRefused, MailSender
from doorward.mail.words import put_into_words
from doorward.model import PLATFORM, Clock
from doorward.model.proofs import Proof, ProofId
from doorward.rules.links import proof_link
from doorward.rules.proofs import code_ends_at_ms
from doorward.stores import ProofStore
from doorward.tokens.proofs import ProofTexts


@dataclass(frozen=True, slots=True)
class Office:
    """Where mails come from, and where their links lead.

    Args:
        address: the address of the sender.
        reply_to: where answers go if the tenant says nothing; empty for the sender.
        link_url: the URL below which the pages of the links are.
    """

    address: str
    reply_to: str
    link_url: str


@dataclass(frozen=True, slots=True)
class SendMail:
    """Sends the mail of a proof, at least once.

    A second mail is possible only if an answer was lost: the one that says that the mail was taken, or the one that
    says that the mark was written. Then nobody knows, and a mail too many is better than none.
    """

    proofs: ProofStore
    choose: ChooseLetter
    texts: ProofTexts
    sender: MailSender
    office: Office
    clock: Clock

    def __call__(self, proof_id: ProofId) -> None:
        """Send the mail of a proof, unless it was sent, or nothing is to be sent.

        Raises:
            Unavailable: it was not sent, and may be sent the next time; or somebody else sends it now.
            NotInitialised: the deployment has no MAC key yet.
        """
        proof = self.proofs.begin_mail(proof_id, self.clock())
        if proof is None:
            return
        try:
            self._send(proof)
        except Exception:
            # If this fails too, the mail is free again in a minute.
            with contextlib.suppress(Unavailable):
                self.proofs.release_mail(proof_id)
            raise
        try:
            self.proofs.end_mail(proof_id, self.clock())
        except Unavailable as error:
            # To try again would surely send a second mail. Without the mark, only a stream that repeats itself does.
            audit.record("mail_not_marked", proof_id=proof_id, reason=error.reason)

    def _send(self, proof: Proof) -> None:
        known = {"kind": proof.kind, "tenant_id": proof.tenant_id, "proof_id": proof.id}
        try:
            letter = self.choose(proof, self.clock())
            if letter is None:
                audit.record("mail_not_due", **known)
                return
            self.sender.send(self._write(proof, letter))
        except MailRefused as refused:
            audit.record("mail_refused", reason=refused.reason, **known)
        except InvalidProof as error:
            audit.record("mail_refused", reason=error.reason, **known)
        else:
            audit.record("mail_sent", template=letter.template, **known)

    def _write(self, proof: Proof, letter: Letter) -> Mail:
        policy, user = letter.policy, letter.user
        language = best_language(proof.locale, user.locale if user else None, policy.locale)
        words = put_into_words(letter.template, language, {**letter.values, **self._proving(proof, letter)})
        tags = {"kind": proof.kind, "tenant": "platform" if proof.tenant_id == PLATFORM else proof.tenant_id}
        return Mail(
            sender=from_header(self.office.address, policy.mail_from_name or letter.name),
            to=mailable(letter.address),
            reply_to=policy.mail_reply_to or self.office.reply_to or None,
            subject=words.subject,
            text=words.text,
            html=words.html,
            tags={**tags, "user": user.id} if user else tags,
        )

    def _proving(self, proof: Proof, letter: Letter) -> dict[str, str | int | None]:
        """Return what the mail has to prove that somebody read it: the link and the code, as far as it has any."""
        token = self.texts.token(proof) if letter.has_link else None
        left_ms = code_ends_at_ms(proof) - self.clock()
        return {
            "name": one_line(letter.name, 64),
            "link": None if token is None else self._link(proof, token),
            "ends": shown_time(proof.expires_at_ms),
            "code": self.texts.code(proof) if letter.has_code else None,
            "minutes": max(1, round(left_ms / 60_000)),
        }

    def _link(self, proof: Proof, token: str) -> str:
        kind = proof.kind
        return proof_link(self.office.link_url, kind, token, proof.tenant_id)  # type: ignore[arg-type]  # a notice has none
