"""Begin a session of somebody who proved who they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.errors import InvalidCredentials, InvalidGrant
from doorward.model import Admission, Clock, Extras, Method, Session, SessionRef, Subject, TokenPair
from doorward.model.proofs import NO_PROOFS, Proof, ProofChanges
from doorward.rules.factors import first_amr, merged_amr, remembered_until_ms
from doorward.sessions.family import EndFamily
from doorward.sessions.minting import TokenMinter
from doorward.sessions.pending import AskForFactor
from doorward.stores import SessionStore
from doorward.tokens.cookie import mint_cookie
from doorward.tokens.device import Device, Devices
from doorward.tokens.proofs import Notices, once_an_hour


@dataclass(frozen=True, slots=True)
class Client:
    """What asks for a session.

    Args:
        source: the address that the request came from.
        client_id: its name, if it says so.
        device_token: what it keeps of an earlier sign-in, if it has any.
        wants_cookie: whether a web session cookie may be given.
        cookie_alone: whether the cookie alone may renew, so that no script gets a refresh token.
        old_cookie: the session cookie that came with the request; its session ends when the new one begins.
        user_agent: what it says that it is.
    """

    source: str
    client_id: str | None = None
    device_token: str | None = None
    wants_cookie: bool = False
    cookie_alone: bool = False
    old_cookie: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The result of a sign-in.

    `cookie` is the value of the web session cookie, if one was wanted; `cookie_alone` is the client's wish.
    """

    tokens: TokenPair
    cookie: str | None
    device_token: str
    cookie_alone: bool = False


@dataclass(frozen=True, slots=True)
class BeginSession:
    """Begins sessions, whatever proved who begins them."""

    sessions: SessionStore
    devices: Devices
    minter: TokenMinter
    end_family: EndFamily
    clock: Clock
    refresh_ttl_seconds: int
    notices: Notices
    ask_for_factor: AskForFactor

    def __call__(
        self,
        admission: Admission,
        subject: Subject,
        client: Client,
        known: Device | None = None,
        proofs: ProofChanges = NO_PROOFS,
        *,
        first: bool = False,
        method: Method = "password",
        amr: tuple[str, ...] = (),
        ext: Extras | None = None,
    ) -> SignedIn:
        """Store a session and return its tokens. Its user is told by mail if the device is not known, where mail is on.

        Args:
            admission: what lets the user in, as it was read after the proof.
            subject: who enters, with the id of the new session.
            client: what asks.
            known: the device of the user that the client proves, if it does.
            proofs: the proof that allows the session, where it is one that works once.
            method: by what the user signed in.
            first: whether the user signs in for the first time, so that every device is new.
            amr: by which methods the user proved both factors; empty if only the method was proved.
            ext: what `permit` said, if it was asked already.

        Raises:
            SecondFactorRequired: the user has a second factor, and must prove it. There is no session until then.
            InvalidProof: the proof was used or has ended.
            NotInitialised: the deployment has no keys.
            InvalidCredentials: the user had to enrol a second factor, and it is too late for that. Or see `permit`.
            Unavailable: see `permit`.
        """
        ext = self.permit(admission, subject) if ext is None else ext
        ref = SessionRef(subject.tenant_id, subject.user_id, subject.session_id)
        proved = amr or self._first_amr(admission, method, known)
        standing = self.minter.factors.standing(admission, subject, proved, self.clock())
        if standing == "pending":
            raise self.ask_for_factor(admission, subject, method, client.client_id, proofs.used)
        if standing == "late":
            raise InvalidCredentials(reason="enrolment_too_late")
        cookie, cookie_hash = mint_cookie(ref) if client.wants_cookie else (None, None)
        session = replace(self._session(ref, admission, client, cookie_hash), method=method)
        if proved != first_amr(method):
            session = replace(session, amr=proved, authenticated_at_ms=session.created_at_ms)
        tokens = self.minter.mint(session, admission, subject, session.created_at_ms, ext)
        told = () if first or known is not None else self._notice(admission, subject, client)
        with audit.act("signed_in", tenant_id=ref.tenant_id, user_id=ref.user_id, session_id=ref.session_id):
            self.sessions.add(session, replace(proofs, made=(*proofs.made, *told)))
        if client.old_cookie is not None:
            self.end_family.by_cookie(client.old_cookie)
        device_token = self.devices.mint(ref.user_id, known, session.created_at_ms if amr else None)
        return SignedIn(tokens, cookie, device_token, client.cookie_alone)

    def waits(self, admission: Admission, subject: Subject, method: Method, known: Device | None) -> bool:
        """Return whether a sign-in by this method would wait for a second factor."""
        amr = self._first_amr(admission, method, known)
        return self.minter.factors.standing(admission, subject, amr, self.clock()) == "pending"

    def _first_amr(self, admission: Admission, method: Method, known: Device | None) -> tuple[str, ...]:
        """Return what a sign-in by a method proves, also by the device that it comes from."""
        proved_at_ms = known.proved_at_ms if known else None
        if proved_at_ms is not None and self.clock() < remembered_until_ms(proved_at_ms, admission):
            return merged_amr(first_amr(method), ("rba",))
        return first_amr(method)

    def permit(self, admission: Admission, subject: Subject) -> Extras:
        """Return what the deployment's own function adds to the access token; without such a function, nothing.

        Raises:
            InvalidCredentials: it denies the token.
            Unavailable: it gives no answer, and nobody may get a token without.
        """
        try:
            return self.minter.permit(admission, subject)
        except InvalidGrant as denied:
            raise InvalidCredentials(reason=denied.reason) from denied

    def _notice(self, admission: Admission, subject: Subject, client: Client) -> tuple[Proof, ...]:
        if admission.user is None:
            return ()
        details = {"source": client.source, **({"user_agent": client.user_agent} if client.user_agent else {})}
        made = self.notices("new_device", admission.user, details, tenant_id=subject.tenant_id)
        return tuple(map(once_an_hour, made))

    def _session(self, ref: SessionRef, admission: Admission, client: Client, cookie_hash: str | None) -> Session:
        now_ms = self.clock()
        seconds = min(self.refresh_ttl_seconds, admission.policy.session_seconds or self.refresh_ttl_seconds)
        return Session(
            ref=ref,
            generation=0,
            epochs=admission.epochs,
            created_at_ms=now_ms,
            rotated_at_ms=now_ms,
            expires_at_ms=now_ms + seconds * 1000,
            cookie_hash=cookie_hash,
            client_id=client.client_id,
            source=client.source,
            user_agent=client.user_agent,
        )
