"""Characters that nobody sees, or that change how a line is seen: one set for all that is shown or compared.

Control and format characters, all blanks but the ordinary one and the one that does not break, separators of lines
and paragraphs, halves of surrogate pairs, and what has no shape (Unicode's Default_Ignorable_Code_Point, fillers,
the empty Braille cell). Must not: decide what becomes of them.
"""

from __future__ import annotations

import re
from typing import Final

_ALWAYS: Final = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200c\u200e\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\udfff\ufe00-\ufe0e"
    "\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_PICTURES: Final = "\u203c\u2049\u2100-\u27ff\u2900-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_CHOSEN: Final = f"[#*0-9\xa9\xae{_PICTURES}]"  # what a selector makes a picture of
# Joiners and selectors make one picture of two, as in a family: between pictures they stay.
_JOINER: Final = f"\u200d(?![{_PICTURES}])|(?<![{_PICTURES}])(?<!{_CHOSEN}\ufe0f)\u200d"
_SELECTOR: Final = f"(?<!{_CHOSEN})\ufe0f"

INVISIBLE: Final = re.compile(f"[{_ALWAYS}]|{_JOINER}|{_SELECTOR}")
