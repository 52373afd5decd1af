"""Every mail in every language: nothing is missing, and nothing that somebody wrote becomes markup or a header."""

from __future__ import annotations

import re
from email.header import decode_header
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Any, get_args

import pytest
from jinja2 import UndefinedError

from doorward.languages import DEFAULT, LANGUAGES, best_language, read_catalogue, translations
from doorward.mail.addresses import from_header, mailable, one_line, shown_name
from doorward.mail.programs import program_name
from doorward.mail.sender import MailRefused
from doorward.mail.words import TEMPLATES, Words, put_into_words
from doorward.model.proofs import NoticeKind, ProofKind
from tools.messages import CATALOGUES, catalogue, messages

MAILS = sorted(file.stem for file in (TEMPLATES / "mails").glob("*.jinja"))
EVIL = "<script>alert(1)</script>\"'&{{ 7*7 }}{% raw %} %(name)s %s\r\nBcc: victim@people.example\r\n\r\n"
NAMES = ("name", "inviter", "address", "time", "source", "program", "ends", "change")
PLACEHOLDER = re.compile(r"%\(\w+\)s|%")


def values(text: str, **rest: Any) -> dict[str, Any]:
    """Return what any template needs, with the same text wherever there may be one."""
    given: dict[str, Any] = dict.fromkeys(NAMES, text)
    given |= {"link": "https://id.example/links/x?token=t&tenant=a", "code": "012345", "minutes": 10}
    return {**given, **rest}


class Tags(HTMLParser):
    """Counts the tags of a page, and reads its text and its links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def written(mail: str, language: str, text: str = "Acme", **rest: Any) -> Words:
    return put_into_words(mail, language, values(text, **rest))


def test_every_kind_of_proof_and_notice_has_a_mail() -> None:
    assert set(MAILS) == {*get_args(ProofKind), *get_args(NoticeKind), "sign_up_taken"}


ALIKE = {
    "Administration",
    "Code",
    "Conditions",
    "Domains",
    "Invitations",
    "Message",
    "Name",
    "Organisation",
    "Organisations",
    "Roles",
    "Service",
    "Sessions",
    "Status",
}
"""Words that another language may spell as English does."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_in_the_catalogue_and_translated(language: str) -> None:
    assert (CATALOGUES / f"{language}.po").read_text("utf-8") == catalogue(language), "run make messages"
    known = translations(language)
    for message in messages():
        said = known.gettext(message)
        assert said
        assert (said == message) == (language == DEFAULT) or message in ALIKE, message
        assert sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(message))
        assert not set("<>{}&") & set(said), "a translation is taken for markup"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mail", MAILS)
def test_what_somebody_wrote_stays_text(mail: str, language: str) -> None:
    plain, evil = written(mail, language), written(mail, language, EVIL)
    page, attacked = Tags(plain.html), Tags(evil.html)
    assert attacked.tags == page.tags
    assert attacked.links == page.links
    assert "script" not in attacked.tags
    assert "<script>" not in evil.html
    assert "49" not in evil.text
    assert "{" not in plain.text
    if "<script>" in evil.text:
        assert "<script>alert(1)</script>" in attacked.text
    for words in (plain, evil):
        assert words.subject.isprintable()
        assert 0 < len(words.subject) <= 150
        assert f'lang="{language}"' in words.html
        assert "012345" in words.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mail", MAILS)
def test_without_link_and_code_neither_is_spoken_of(mail: str, language: str) -> None:
    words = written(mail, language, link=None, code=None, inviter=None, source=None, program=None)
    assert not re.search(r"\d{6}|https?://", words.text)
    assert "<a " not in words.html
    assert "None" not in words.text + words.html


CHANGES = (
    "totp_enrolled",
    "totp_removed",
    "passkey_registered",
    "passkey_removed",
    "recovery_codes_renewed",
    "recovery_codes_removed",
    "reset",
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_change_of_factors_is_told_in_words_of_its_own(language: str) -> None:
    told = {change: written("factors_changed", language, change=change).text for change in (*CHANGES, "unheard_of")}
    assert len(set(told.values())) == len(told)
    assert all("Acme" in text for text in told.values())
    assert [change for change, text in told.items() if "24" in text] == ["reset"]


def test_plain_text_has_short_lines_and_whole_links() -> None:
    link = f"https://id.example/links/x?token={'t' * 100}"
    lines = written("sign_up", "fr", link=link).text.splitlines()
    assert link in lines
    assert all(len(line) <= 72 for line in lines if line != link)


def test_a_mail_has_no_picture_and_asks_nobody_for_anything() -> None:
    page = written("invitation", "en").html
    assert not re.search(r"<img|<script|<link|url\(|@import|@font-face", page)
    assert "prefers-color-scheme: dark" in page


def test_a_missing_value_is_an_error_and_no_hole() -> None:
    given = values("Acme")
    del given["name"]
    with pytest.raises(UndefinedError):
        put_into_words("sign_up", "en", given)


@pytest.mark.parametrize(
    ("locales", "language"),
    [
        ((), "en"),
        ((None, None), "en"),
        (("de",), "de"),
        (("DE-ch",), "de"),
        (("pt-BR", None, "fr"), "fr"),
        (("zh-Hans-CN",), "en"),
        (("es-419", "de"), "es"),
    ],
)
def test_the_first_language_that_is_spoken_counts(locales: tuple[str | None, ...], language: str) -> None:
    assert best_language(*locales) == language


@pytest.mark.parametrize("line", ['msgid_plural "x"', "msgid x", '"stray"', 'msgctxt "x"', 'msgid "x'])
def test_a_catalogue_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="catalogue"):
        read_catalogue(f"{line}\n")


def test_a_message_may_have_several_lines() -> None:
    assert read_catalogue('#: x\nmsgid ""\n"a\\n"\n"b"\nmsgstr "c"\n"d"\n') == {"a\nb": "cd"}


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("Ann+x@People.example", "Ann+x@people.example"),
        ("o'neil@people.example", "o'neil@people.example"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_in_ascii(address: str, sent_to: str) -> None:
    assert mailable(address) == sent_to


@pytest.mark.parametrize(
    "address",
    [
        "x<victim@people.example>",
        "a,b@people.example",
        '"a b"@people.example',
        "a@b@people.example",
        "ann@people.example>",
        "ann@people.example\r\nBcc: x@y.example",
        "änn@people.example",
        "ann@localhost",
        ".ann@people.example",
        "ann@-x.example",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.example",
        "",
    ],
)
def test_what_could_be_read_as_something_else_than_one_address_is_refused(address: str) -> None:
    with pytest.raises(MailRefused):
        mailable(address)


@pytest.mark.parametrize(
    "name",
    [
        "Acme",
        "Acme, Inc.",
        'The "Acme" \\ People',
        "Bücher & Söhne",
        "株式会社アクメ",
        "evil@people.example",
        "<evil@people.example>",
        "Acme\r\nBcc: victim@people.example",
        "\u202eemcA",
        "é" * 500,
    ],
)
def test_a_senders_name_is_a_name_and_nothing_else(name: str) -> None:
    header = from_header("doorward@id.example", name)
    assert header.isascii()
    assert header.isprintable()
    assert len(header) <= 320
    shown, address = parseaddr(header)
    assert address == "doorward@id.example"
    decoded = "".join(
        part.decode(charset or "ascii") if isinstance(part, bytes) else part for part, charset in decode_header(shown)
    )
    assert one_line(name, 64).startswith(decoded.rstrip("…")) or decoded == one_line(name, 64)


@pytest.mark.parametrize("name", [None, "", " \r\n\t"])
def test_without_a_name_the_sender_is_the_address(name: str | None) -> None:
    assert from_header("doorward@id.example", name) == "doorward@id.example"


def test_a_long_name_is_cut() -> None:
    assert shown_name("x" * 100) == "x" * 63 + "…"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:1) Gecko/1 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/1 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.5.0", "curl"),
        ("your account is locked: http://evil.example", None),
        ("", None),
        (None, None),
    ],
)
def test_a_program_is_named_in_words_of_our_own(user_agent: str | None, name: str | None) -> None:
    assert program_name(user_agent) == name
