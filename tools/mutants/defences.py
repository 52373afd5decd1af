"""The defences: what breaks each, and which tests notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defence, broken.

    Args:
        name: the promise that does not hold any more.
        file: below the repository's root.
        before: text that is once in the file.
        after: what takes its place.
        tests: a file or a name of pytest's, which fails then.
    """

    name: str
    file: str
    before: str
    after: str
    tests: str


_D = "layers/shared/doorward"

MUTANTS: tuple[Mutant, ...] = (
    # Webhooks
    Mutant(
        "a neighbour's trail names no user of others",
        f"{_D}/sessions/login.py",
        "known = user if user is not None and _is_of(user, tenant_id) else None",
        "known = user",
        "tests/functions/test_audit_trail.py",
    ),
    Mutant(
        "a head that any key signed is no proof",
        "scripts/audit.py",
        "        except InvalidToken as error:\n            lines.append(",
        "        except InvalidToken as error:\n            error.reason == 'unknown_kid' or lines.append(",
        "tests/functions/test_audit_script.py",
    ),
    Mutant(
        "what a revoked key signed proves nothing",
        f"{_D}/keys/rotation.py",
        "return [FormerKey(key, key.kid in revoked_kids) for key in left]",
        "return [FormerKey(key, revoked=False) for key in left]",
        "tests/functions/test_audit_script.py",
    ),
    Mutant(
        "a webhook names no address",
        f"{_D}/rules/webhooks.py",
        'return not last.isdigit() and not last.startswith("0x")',
        "return True",
        "tests/unit/test_webhooks.py",
    ),
    Mutant(
        "a webhook hears of its own tenant alone",
        f"{_D}/webhooks/publish.py",
        "tuple(self.webhooks.list_by_tenant(tenant_id))",
        'tuple(self.webhooks.list_by_tenant(TenantId("acme")))',
        "tests/unit/test_events.py",
    ),
    Mutant(
        "a secret opens for its webhook alone",
        f"{_D}/webhooks/secrets.py",
        'key.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], webhook_id.encode("ascii"))',
        'key.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], b"")',
        "tests/unit/test_webhooks.py",
    ),
    Mutant(
        "a message that is out of date sends nothing",
        f"{_D}/webhooks/deliver.py",
        'if delivery is None or delivery.version != ref.version or delivery.status != "waiting":',
        "if delivery is None:",
        "tests/unit/test_webhooks.py",
    ),
    Mutant(
        "an attempt is counted before anything is sent",
        f"{_D}/webhooks/deliver.py",
        "if not self.deliveries.change(begun):",
        "if self.deliveries.get(begun.tenant_id, begun.webhook_id, begun.id) is None:",
        "tests/unit/test_webhooks.py",
    ),
    Mutant(
        "a receiver that fails is left alone",
        f"{_D}/webhooks/deliver.py",
        "elif now_ms < webhook.pauses_until_ms:",
        "elif False:",
        "tests/unit/test_webhooks.py",
    ),
    Mutant(
        "a webhook needs a young sign-in",
        f"{_D}/webhooks/administer.py",
        "require_sure(principal, self.clock())",
        "require_own_admin(principal, tenant_id)",
        "tests/unit/test_webhooks.py",
    ),
    # Second factors
    Mutant(
        "who has a factor proves it",
        f"{_D}/rules/factors.py",
        'return "met" if "rba" in proved and admission.policy.remember_device_days else "pending"',
        'return "met"',
        "tests/unit/test_factor_bypass.py",
    ),
    Mutant(
        "who must have a factor enrols one",
        f"{_D}/rules/factors.py",
        'return "met" if now_ms < since_ms + policy.second_factor_grace_days * 86_400_000 else "missing"',
        'return "met"',
        "tests/unit/test_factor_bypass.py",
    ),
    Mutant(
        "after a reset there is a day to enrol",
        f"{_D}/rules/factors.py",
        'return "missing" if now_ms < user.factors_reset_at_ms + RESET_SECONDS * 1000 else "late"',
        'return "missing"',
        "tests/unit/test_enrolment.py",
    ),
    Mutant(
        "a remembered device ends with the factors",
        f"{_D}/rules/factors.py",
        "proved_at_ms < max(admission.sessions_from, user.factors_from_ms)",
        "proved_at_ms < admission.sessions_from",
        "tests/unit/test_factors.py",
    ),
    Mutant(
        "a remembered device does nothing dangerous",
        f"{_D}/rules/factors.py",
        'if "rba" in proved.amr:',
        'if "rba" in ():',
        "tests/unit/test_factors.py",
    ),
    Mutant(
        "a code works once",
        f"{_D}/factors/totp.py",
        " and step > last_step]",
        "]",
        "tests/unit/test_factors.py",
    ),
    Mutant(
        "of many uses of a factor one wins",
        f"{_D}/aws/dynamodb/factors.py",
        'when, values = (_SAME_VERSION, {"version": before}) if before else (actions.ABSENT, None)',
        "when, values = None, None",
        "tests/contract/test_factors.py",
    ),
    Mutant(
        "a challenge of a passkey is answered once",
        f"{_D}/aws/dynamodb/factors.py",
        "answered_key(change.challenge_id), answered, when=actions.ABSENT)",
        "answered_key(change.challenge_id), answered)",
        "tests/contract/test_factors.py",
    ),
    Mutant(
        "only this deployment makes challenges",
        f"{_D}/tokens/challenges.py",
        "proving_key(keys, body, match[4])",
        "True",
        "tests/unit/test_passkeys.py",
    ),
    Mutant(
        "a challenge ends",
        f"{_D}/tokens/challenges.py",
        "if not -_EARLY_MS <= age_ms < SECOND_FACTOR_SECONDS * 1000:",
        "if False:",
        "tests/unit/test_passkeys.py",
    ),
    Mutant(
        "a passkey verifies its user",
        f"{_D}/passkeys/webauthn.py",
        "if not said.flags.uv:",
        "if False:",
        "tests/unit/test_webauthn.py",
    ),
    Mutant(
        "a passkey answers no framed page",
        f"{_D}/passkeys/webauthn.py",
        "if answer.client.framed:",
        "if False:",
        "tests/unit/test_webauthn.py",
    ),
    Mutant(
        "a step-up spends the tokens from before",
        f"{_D}/factors/raising.py",
        "_SPENT = 2",
        "_SPENT = 1",
        "tests/unit/test_enrolment.py",
    ),
    Mutant(
        "a password is no step-up of who has a factor",
        f"{_D}/factors/step_up.py",
        "if admission.user is not None and admission.user.factors:",
        "if False:",
        "tests/unit/test_enrolment.py",
    ),
    Mutant(
        "a thief enrols no factor beside one",
        f"{_D}/factors/keep.py",
        'if record.user.factors and (proved is None or proved.acr == "1fa"):',
        "if False:",
        "tests/unit/test_enrolment.py",
    ),
    Mutant(
        "a lax tenant is no way into a strict one",
        f"{_D}/sessions/enter.py",
        'proved, self.clock()) in {"pending", "late"}:',
        "proved, self.clock()) in set():",
        "tests/unit/test_factor_bypass.py",
    ),
    Mutant(
        "a changed password kills sign-ins that wait",
        f"{_D}/factors/finish.py",
        "if subject is None or admission.user is None or outdated(proof, admission.user):",
        "if subject is None or admission.user is None:",
        "tests/unit/test_factors.py",
    ),
    Mutant(
        "wrong codes are counted",
        f"{_D}/factors/prove.py",
        "            raise  # counted",
        "            self._uncount(counters)\n            raise",
        "tests/unit/test_factors.py",
    ),
    # Sessions and tokens
    Mutant(
        "reuse of a refresh token ends the family",
        f"{_D}/sessions/refresh.py",
        "        self.end_family(ref)\n",
        "",
        "tests/unit/test_refresh.py",
    ),
    Mutant(
        "one refresh token is rotated once",
        f"{_D}/aws/dynamodb/sessions.py",
        '_ROTATABLE = "generation = :expected AND attribute_not_exists',
        '_ROTATABLE = "generation <> :expected OR attribute_not_exists',
        "tests/contract/test_sessions.py",
    ),
    Mutant(
        "an ended session refuses its tokens",
        f"{_D}/rules/revocation.py",
        '"session_ended": token.session_id in user.sessions,',
        '"session_ended": False,',
        "tests/unit/test_sign_out.py",
    ),
    Mutant(
        "a changed user refuses older tokens",
        f"{_D}/rules/revocation.py",
        '"user_cut_off": token.epochs.user < user.min_epoch and not _is_spared(token, user),',
        '"user_cut_off": False,',
        "tests/unit/test_accounts.py",
    ),
    Mutant(
        "a revoked key refuses its tokens",
        f"{_D}/rules/revocation.py",
        '"key_revoked": token.kid in revocations.revoked_kids,',
        '"key_revoked": False,',
        "tests/unit/test_rotation.py",
    ),
    Mutant(
        "a token has one form",
        f"{_D}/tokens/form.py",
        "if len(members) != len(pairs):",
        "if False:",
        "tests/unit/test_authorization.py",
    ),
    Mutant(
        "a signature has one form",
        f"{_D}/tokens/access.py",
        'if key.algorithm == "ES256" and not has_low_s(token):',
        "if False:",
        "tests/unit/test_authorization.py",
    ),
    Mutant(
        "an expired token is refused",
        f"{_D}/tokens/access.py",
        "if claims.expires_at * 1000 <= now_ms:",
        "if False:",
        "tests/unit/test_authorization.py",
    ),
    Mutant(
        "a cookie has a secret",
        f"{_D}/tokens/cookie.py",
        "return stored_hash is not None and hmac.compare_digest(stored_hash, presented_hash)",
        "return stored_hash is not None",
        "tests/unit/test_authorization.py",
    ),
    Mutant(
        "a page of another site changes nothing",
        f"{_D}/authorization.py",
        "        if is_cross_site(credentials, self.allowed_origins):",
        "        if False:",
        "tests/unit/test_authorization.py",
    ),
    # Tenants and people
    Mutant(
        "a path of another tenant is refused",
        f"{_D}/rules/routes.py",
        'return "other_tenant"',
        "pass",
        "tests/unit/test_verifier.py",
    ),
    Mutant(
        "an administrator administers one tenant",
        f"{_D}/rules/tenancy.py",
        "if principal.tenant_id != tenant_id or tenant_id == PLATFORM:",
        "if False:",
        "tests/unit/test_policies.py",
    ),
    Mutant(
        "a tenant keeps an administrator",
        f"{_D}/aws/dynamodb/user_writer.py",
        '("administrators > :one", {"one": 1}) if guards',
        "(actions.PRESENT, {}) if guards",
        "tests/contract/test_tenants.py",
    ),
    Mutant(
        "of two changes of a user one wins",
        f"{_D}/aws/dynamodb/user_writer.py",
        '_SAME_VERSION = "version = :version"',
        '_SAME_VERSION = "version <> :version OR version = :version"',
        "tests/contract/test_users.py",
    ),
    Mutant(
        "a proof is used once",
        f"{_D}/aws/dynamodb/proofs.py",
        '_UNUSED = "attribute_not_exists(used_at_ms) AND expires_at_ms > :now"',
        '_UNUSED = "expires_at_ms > :now"',
        "tests/contract/test_proofs.py",
    ),
    Mutant(
        "wrong passwords are counted",
        f"{_D}/sessions/login.py",
        "            raise  # counted: this was a guess",
        "            self.throttle.undo(begun)\n            raise",
        "tests/unit/test_sign_in.py",
    ),
    Mutant(
        "nobody's password is hashed like somebody's",
        f"{_D}/rules/passwords.py",
        "self._argon2.verify(encoded or self._dummy, password)",
        "encoded and self._argon2.verify(encoded, password)",
        "tests/unit/test_formats.py",
    ),
    Mutant(
        "nothing inside is reached",
        f"{_D}/outbound/addresses.py",
        "return found.is_global and not found.is_multicast and not any(found in network for network in _SPECIAL)",
        "return True",
        "tests/unit/test_outbound.py",
    ),
    Mutant(
        "pages lead to allowed origins alone",
        "layers/mail/doorward_pages/returns.py",
        'return text if f"{parts.scheme}://{parts.netloc}" in allowed_origins else None',
        "return text",
        "tests/functions/test_pages.py",
    ),
    Mutant(
        "a verifier that is blind lets nobody in",
        f"{_D}/verifier/verifier.py",
        "if self._feed.head is None or self._clock() - self._known_at_ms >= limit_ms:",
        "if self._feed.head is None:",
        "tests/unit/test_verifier.py",
    ),
    Mutant(
        "a remembered token falls with its key",
        f"{_D}/tokens/access.py",
        "same_key = keyring.verification_key(known.key.kid).key is known.key.key",
        "same_key = True",
        "tests/unit/test_token_memory.py",
    ),
    Mutant(
        "what is remembered of a token serves no other",
        f"{_D}/tokens/memory.py",
        'hashlib.sha256(token.encode("utf-8", "surrogatepass"))',
        'hashlib.sha256(token.rpartition(".")[0].encode("utf-8", "surrogatepass"))',
        "tests/unit/test_token_memory.py",
    ),
    Mutant(
        "a session that a switch made knows that it is not alone",
        f"{_D}/sessions/enter.py",
        "links=max(1, there.links) if there else 1,",
        "links=there.links if there else 0,",
        "tests/functions/test_tenancy.py",
    ),
    Mutant(
        "a session of a larger family does not end alone",
        f"{_D}/aws/dynamodb/sessions.py",
        'end = self._end_linked(ref, now_ms, "links = :links", 0)',
        'end = self._end_linked(ref, now_ms, "links >= :links", 0)',
        "tests/contract/test_tenants.py",
    ),
)
