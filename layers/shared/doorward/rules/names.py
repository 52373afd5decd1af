"""How names, e-mail addresses and tenant ids are compared, and which are refused."""

from __future__ import annotations

import re
import unicodedata

from doorward.errors import InvalidRequest, UnacceptableName
from doorward.model import TenantId

MAX_USERNAME = 128

_ENCODED = "xn--"
_PART = r'[^@\s.()<>\[\]:;,\\"]'  # a mail's header reads the marks among these as a second address (RFC 5322, 3.2.3)
_EMAIL = re.compile(rf"(?:{_PART}|\.){{1,64}}@{_PART}+(?:\.{_PART}+)+")
_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?")
_TENANT_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")  # letters that show nothing
_RESERVED_USERNAMES = frozenset({"me", ".", ".."})
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def fold(text: str) -> str:
    """Return the form in which two names are compared.

    The same folding serves uniqueness, look-up and throttling (Unicode Standard, section 3.13,
    toNFKC_Casefold; Python's own functions, trimmed).
    """
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once).strip()


def fold_email(text: str) -> str:
    """Return the form in which two e-mail addresses are compared.

    A domain's letters beyond ASCII and their encoding (`xn--…`, RFC 5890 section 2.3.2.1) are one: what an encoded
    label says stands in its place, folded. It does not if it is none that IDNA makes: it would imitate another domain.

    The mapping is that of `fold` and not IDNA2008's, so `ß` and `ss` are one, and a domain need not be registrable;
    Python's own codec `idna` stays with the letters of Unicode 3.2.
    """
    local, at, domain = fold(text).rpartition("@")
    labels = domain.replace("\u3002", ".").split(".")  # RFC 3490 section 3.1
    return f"{local}{at}{'.'.join(_decoded_label(label) or label for label in labels)}" if at else domain


def check_username(text: str) -> str:
    """Return a user name fit to be given, trimmed and in NFKC.

    Args:
        text: 1 to 128 letters, digits and . _ - + ' of any one alphabet.

    Raises:
        UnacceptableName: it has other characters, is reserved, or looks like another name.
    """
    name = unicodedata.normalize("NFKC", text).strip()
    if not 1 <= len(name) <= MAX_USERNAME or not all(map(_is_name_character, name)):
        raise UnacceptableName(f"A user name has 1 to {MAX_USERNAME} letters, digits and . _ - + '")
    if fold(name) in _RESERVED_USERNAMES:
        raise UnacceptableName("This user name is reserved.")
    _refuse_deception(name)
    return name


def name_within(name: str, tenant_id: TenantId) -> str:
    """Return a user name within a tenant: of a name that a tenant's administrator gives, or somebody signs in with."""
    return f"{name}@{tenant_id}"


def check_username_within(text: str, tenant_id: TenantId, *, plain: bool) -> str:
    """Return the user name that a user of a tenant gets.

    A name with an `@` is within the tenant that stands after the `@`. So the names of two tenants never meet.

    Args:
        text: a name, or a name with `@` and the tenant.
        tenant_id: the tenant in which the user is made; PLATFORM for none.
        plain: whether a name without `@` stays one; if not, the tenant is added.

    Raises:
        UnacceptableName: the name is none, or is within another tenant.
    """
    name, at, realm = text.rpartition("@")
    if not at:
        checked = check_username(text)
        return checked if plain else name_within(checked, tenant_id)
    if fold(realm) != tenant_id or not is_tenant_id(tenant_id):
        raise UnacceptableName("After the @ of a user name stands the user's own tenant.")
    return name_within(check_username(name), tenant_id)


def check_display_name(text: str) -> str:
    """Return a name to be shown, in NFC.

    Raises:
        UnacceptableName: it is empty, or has control or formatting characters.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise UnacceptableName("A name must not be empty.")
    _refuse_unprintable(name)
    return name


def check_email(text: str) -> str:
    """Return an e-mail address fit to be stored, trimmed and in NFKC.

    Raises:
        UnacceptableName: it is no address, or looks like another one.
    """
    email = unicodedata.normalize("NFKC", text).strip()
    if len(email) > 254 or not _EMAIL.fullmatch(email):  # noqa: PLR2004 - RFC 5321 section 4.5.3.1.3
        raise UnacceptableName("This is not an e-mail address.")
    labels = fold(email).rpartition("@")[2].split(".")
    if any(label.startswith(_ENCODED) and _decoded_label(label) is None for label in labels):
        raise UnacceptableName("This is not an e-mail address.")
    _refuse_deception(email)
    return email


def check_locale(text: str) -> str:
    """Return a language tag such as `de` or `pt-BR`, with the customary capitals (RFC 5646 section 2.1.1).

    Raises:
        InvalidRequest: it is no language with an optional script and region.
    """
    match = _LOCALE.fullmatch(text.strip())
    if match is None:
        raise InvalidRequest("A locale is a language tag such as de or pt-BR.")
    language, script, region = match.groups()
    return "-".join(filter(None, [language.lower(), script and script.title(), region and region.upper()]))


def check_tenant_id(text: str) -> TenantId:
    """Return a tenant id: a slug of 1 to 63 characters, as in a host name (RFC 1123 section 2.1).

    Raises:
        InvalidRequest: it is not.
    """
    if not _TENANT_ID.fullmatch(text):
        raise InvalidRequest("A tenant id has 1 to 63 of a-z, 0-9 and inner hyphens.")
    return TenantId(text)


def is_tenant_id(text: str) -> bool:
    """Return whether the text has the form of a tenant id."""
    return _TENANT_ID.fullmatch(text) is not None


def is_ulid(text: str) -> bool:
    """Return whether the text could be an id at all: users, tokens and notifications have ULIDs."""
    return _ULID.fullmatch(text) is not None


def _decoded_label(label: str) -> str | None:
    """Return, folded, what an encoded label of a domain says; None if it is no encoding that IDNA makes."""
    if not label.startswith(_ENCODED):
        return None
    try:
        said = label.removeprefix(_ENCODED).encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return None
    folded = fold(said)
    mapped = said != unicodedata.normalize("NFKC", said).lower()
    honest = all(unicodedata.category(one)[0] in "LMN" or one == "-" for one in said)
    return None if said.isascii() or mapped or not honest or folded.startswith(_ENCODED) else folded


def _is_name_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in "._-+'"


def _refuse_unprintable(name: str) -> None:
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES or character in _FILLERS for character in name):
        raise UnacceptableName("Control and formatting characters are not allowed.")


def _refuse_deception(name: str) -> None:
    _refuse_unprintable(name)
    if not name.isascii() and _looks_like_another(name):
        raise UnacceptableName("The name looks like another one: it mixes or imitates alphabets.")


def _looks_like_another(name: str) -> bool:
    # Its tables take 20 ms to load, and only names beyond ASCII need them.
    from confusable_homoglyphs import confusables  # noqa: PLC0415

    if confusables.is_dangerous(name):
        return True
    return all(character.isascii() or _imitates_ascii(character) for character in name)


def _imitates_ascii(character: str) -> bool:
    from confusable_homoglyphs import confusables  # noqa: PLC0415

    found = confusables.is_confusable(character, greedy=True, preferred_aliases=[])
    homoglyphs = found[0]["homoglyphs"] if found else []
    return any(glyph["c"].isascii() and glyph["c"].isalnum() for glyph in homoglyphs)
