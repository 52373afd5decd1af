"""QR codes, as SVG in a page."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """Return a QR code: a drawing of squares, in which nothing of the text is text.

    It is black on white in dark pages too, because few apps read the reverse. It has no style, which the pages' policy
    would forbid, and no size of its own.
    """
    drawn = segno.make(text, error="m", micro=False)
    return Markup(drawn.svg_inline(light="#fff", omitsize=True, svgclass=None, lineclass=None))  # noqa: S704
