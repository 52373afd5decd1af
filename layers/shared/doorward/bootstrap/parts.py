"""The parts that functions are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache, cached_property

from doorward.aws.dynamodb.acts import KeepingDatabase
from doorward.aws.dynamodb.attempts import DynamoAttempts
from doorward.aws.dynamodb.database import Database
from doorward.aws.dynamodb.directory import DynamoDirectory
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.keys import load_cursor_key
from doorward.aws.dynamodb.policies import DynamoPolicies
from doorward.aws.dynamodb.proofs import DynamoProofs
from doorward.aws.dynamodb.revocations import DynamoRevocations, RevocationWriter
from doorward.aws.dynamodb.sessions import DynamoSessions
from doorward.bootstrap.clock import clock
from doorward.bootstrap.keys import public_keyring, verifying_keys
from doorward.errors import NotInitialised
from doorward.keys.former_names import FormerNames
from doorward.keys.keyring import Signer, Signing, Verifying
from doorward.keys.mac import MacKeyring
from doorward.keys.shared_secret import SharedSecret
from doorward.keys.signing import PrivateKeys
from doorward.keys.stores import SecretReader
from doorward.rules.factors import FactorRule
from doorward.rules.throttles import Throttles
from doorward.sessions.begin import BeginSession
from doorward.sessions.family import EndFamily
from doorward.sessions.minting import Ask, TokenMinter
from doorward.sessions.pending import AskForFactor
from doorward.settings import Settings
from doorward.tokens.device import Devices
from doorward.tokens.proofs import MintProofs, Notices, ProofTexts
from doorward.tokens.refresh import RefreshTokens


class Parts(ABC):
    """All parts that a function may need, but DynamoDB and Secrets Manager: each function chooses how to reach these.

    `LeanParts` and `SdkParts` are the choices. A part is made when the function first asks for it.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the function's settings."""
        self.settings = settings

    @property
    @abstractmethod
    def plain_database(self) -> Database:
        """DynamoDB."""

    @property
    @abstractmethod
    def secrets(self) -> SecretReader:
        """Secrets Manager."""

    @cached_property
    def database(self) -> Database:
        """DynamoDB; where the function may write to the audit trail, with what happens in the same transactions."""
        table = self.settings.audit_table
        return KeepingDatabase(self.plain_database, table, clock) if table else self.plain_database

    @cached_property
    def tables(self) -> Tables:
        """The tables that this function may use."""
        settings = self.settings
        return Tables(
            settings.users_table,
            settings.refresh_tokens_table,
            settings.revocations_table,
            settings.login_attempts_table,
            settings.proofs_table,
            settings.marker_shards,
            settings.webhooks_table,
        )

    @cached_property
    def keyring(self) -> Verifying:
        """The keys that verify access tokens."""
        return verifying_keys(self.settings, self.database)

    @cached_property
    def signer(self) -> Signing:
        """The key that signs access tokens."""
        if isinstance(self.keyring, SharedSecret):
            return self.keyring
        keyring = public_keyring(self.settings, self.database)
        return Signer(keyring, lambda: PrivateKeys.decode(self._secret("signing_secret_id")).pems)

    @cached_property
    def refresh_tokens(self) -> RefreshTokens:
        """What mints and reads refresh tokens."""
        return RefreshTokens(self.mac_keyring)

    @cached_property
    def devices(self) -> Devices:
        """What mints and reads device tokens."""
        return Devices(self.mac_keyring)

    @cached_property
    def mac_keyring(self) -> MacKeyring:
        """The keys whose MAC proves refresh tokens and device tokens."""
        max_age_ms = self.settings.key_cache_seconds * 1000
        return MacKeyring(lambda: self._secret("refresh_mac_secret_id"), clock, max_age_ms=max_age_ms)

    @cached_property
    def end_family(self) -> EndFamily:
        """What ends families of sessions."""
        return EndFamily(self.sessions, clock)

    @cached_property
    def proofs(self) -> DynamoProofs:
        """Proofs, to read and write them."""
        return DynamoProofs(self.database, self.settings.require("proofs_table"))

    @cached_property
    def proof_texts(self) -> ProofTexts:
        """What derives and reads the texts of proofs."""
        return ProofTexts(self.mac_keyring)

    @cached_property
    def former_names(self) -> FormerNames:
        """What is kept of the user names of deleted users."""
        return FormerNames(lambda: self._secret("name_secret_id"))

    @cached_property
    def mint_proofs(self) -> MintProofs:
        """What makes proofs, to be stored."""
        return MintProofs(self.proof_texts, clock)

    @cached_property
    def attempts(self) -> DynamoAttempts:
        """Counters of attempts."""
        return DynamoAttempts(self.database, self.settings.require("login_attempts_table"))

    @cached_property
    def policies(self) -> DynamoPolicies:
        """Policies of tenants."""
        return DynamoPolicies(self.database, self.tables.users, self.revocation_writer.markers)

    @cached_property
    def directory(self) -> DynamoDirectory:
        """Users as signing in sees them."""
        return DynamoDirectory(self.database, self.tables)

    @cached_property
    def notices(self) -> Notices:
        """What makes the mails that tell something."""
        return Notices(clock, mail_is_on=self.settings.mail_is_on)

    @cached_property
    def begin_session(self) -> BeginSession:
        """What begins sessions."""
        ttl_seconds = self.settings.refresh_ttl_seconds
        ask = AskForFactor(self.mint_proofs, self.proofs)
        return BeginSession(
            self.sessions, self.devices, self.minter, self.end_family, clock, ttl_seconds, self.notices, ask
        )

    @cached_property
    def minter(self) -> TokenMinter:
        """The object that mints token pairs."""
        settings = self.settings
        return TokenMinter(
            self.signer,
            self.refresh_tokens,
            settings.audience,
            settings.access_ttl_seconds,
            settings.claim_names,
            self._ask_hook() if settings.token_hook_arn else None,
            self.factor_rule,
        )

    @cached_property
    def factor_rule(self) -> FactorRule:
        """Who must prove a second factor."""
        return FactorRule(self.settings.platform_second_factor)

    @cached_property
    def throttles(self) -> Throttles:
        """This deployment's limits for attempts to sign in."""
        settings = self.settings
        return Throttles(
            window_ms=settings.throttle_window_seconds * 1000,
            per_pair=settings.throttle_per_pair,
            per_account=settings.throttle_per_account,
            per_source=settings.throttle_per_source,
            per_source_day=settings.throttle_per_source_day,
            mask=lambda text: self.refresh_tokens.mask(text),  # noqa: PLW0108 - the secret is read only when a name is masked
        )

    @cached_property
    def revocation_writer(self) -> RevocationWriter:
        """The object that makes the actions that revoke."""
        self.settings.require("revocations_table")
        return RevocationWriter(self.database, self.tables)

    @cached_property
    def revocations(self) -> DynamoRevocations:
        """Revocations, to write them."""
        return DynamoRevocations(self.database, self.revocation_writer)

    @cached_property
    def cursor_key(self) -> Callable[[], bytes]:
        """The key that authenticates list cursors, read once."""
        return cache(lambda: load_cursor_key(self.database, self.settings.require("signing_keys_table")))

    @cached_property
    def sessions(self) -> DynamoSessions:
        """Sessions, to read and write them."""
        return DynamoSessions(self.database, self.tables, self.revocation_writer)

    def _ask_hook(self) -> Ask:
        # Only a deployment that has a hook pays for its import.
        from doorward.aws.token_hook import LambdaTokenHook  # noqa: PLC0415
        from doorward.sessions.hook import AskHook  # noqa: PLC0415

        settings = self.settings
        hook = LambdaTokenHook.from_environment(settings.token_hook_arn, settings.token_hook_timeout_ms / 1000)
        return AskHook(hook, settings.token_hook_failure)

    def _secret(self, setting: str) -> str:
        text = self.secrets.get(self.settings.require(setting)).text
        if text is None:
            raise NotInitialised(reason=f"{setting} has no value")
        return text
