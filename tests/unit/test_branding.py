"""What the pages of a tenant may look like: colours that everybody can read, by the numbers of WCAG."""

from __future__ import annotations

import re

import pytest

from doorward.errors import InvalidRequest
from doorward.rules.branding import GROUNDS, LEAST_CONTRAST, check_branding, contrast
from doorward_pages.assets import style

# Published values: W3C, "Understanding Success Criterion 1.4.3", and what WebAIM's contrast checker shows.
KNOWN = [
    ("#000000", "#ffffff", 21.0),
    ("#ffffff", "#ffffff", 1.0),
    ("#777777", "#ffffff", 4.48),
    ("#767676", "#ffffff", 4.54),
    ("#ff0000", "#ffffff", 4.0),
    ("#0000ff", "#ffffff", 8.59),
    ("#00ff00", "#ffffff", 1.37),
    ("#595959", "#ffffff", 7.0),
]


@pytest.mark.parametrize(("one", "other", "ratio"), KNOWN)
def test_the_contrast_of_two_colours_is_as_published_in_either_order(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize(
    ("member", "good", "bad", "ratio"),
    [("accent", "#767676", "#777777", "4.47:1"), ("accent_dark", "#7d7d7d", "#7c7c7c", "4.48:1")],
)
def test_a_colour_passes_from_4_5_on_and_the_error_says_how_much_it_has(
    member: str, good: str, bad: str, ratio: str
) -> None:
    assert check_branding({member: good})
    with pytest.raises(InvalidRequest, match=rf"^{member} has a contrast of {ratio} to #\w{{6}}; it needs 4.5:1.$"):
        check_branding({member: bad})


def test_colours_are_held_against_the_grounds_of_the_style_sheet() -> None:
    light, dark = re.findall(r":root \{ (.*?) \}", style().replace("\n", " "))
    found = [dict(re.findall(r"--([\w-]+): (#\w{6})", rule)) for rule in (light, dark)]
    assert [(each["back"], each["on"]) for each in found] == [GROUNDS["accent"], GROUNDS["accent_dark"]]
    for each in found:  # the deployment's own colours keep to it too
        assert min(contrast(each["accent"], each[ground]) for ground in ("back", "on")) >= LEAST_CONTRAST
