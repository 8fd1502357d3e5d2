"""What bytes that came from outside mean as text: by the charset that is told, else as UTF-8.

So that a secret in another charset is found, and an error in it can be read. Bytes that are no UTF-8 are taken for
Latin-1, one by one. Must not: fail, whatever is told or comes; know charsets that are no superset of ASCII, but UTF-16
and UTF-32.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_TOLD: Final = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_KNOWN: Final = re.compile(
    r"utf-?(?:16|32)(?:le|be)?|iso-?8859-?\d{1,2}|(?:windows-?|cp)125\d|latin-?1|koi8-[ru]|"
    r"shift[-_]jis|euc-(?:jp|kr)|gb(?:k|2312|18030)|big5"
)
_MARKS: Final = (  # UTF-32 before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_UTF8: Final = re.compile("[\udc80-\udcff]")


def decoded(body: bytes, content_type: str = "") -> str:
    """The text of a body. `content_type`: the header of that name."""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace")
    told = _TOLD.search(content_type)
    if told and _KNOWN.fullmatch(charset := told[1].lower()):
        if charset in ("utf-16", "utf-32", "utf16", "utf32"):
            charset += "-be" if body.startswith(b"\0") else "-le"  # its mark is missing
        try:
            return body.decode(charset, "replace")
        except LookupError:
            pass
    text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    return _NO_UTF8.sub(lambda byte: chr(ord(byte[0]) - 0xDC00), text)
