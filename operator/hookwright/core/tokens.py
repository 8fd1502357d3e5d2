"""What stands in a file of tokens: one a line, behind the name of who holds it if it has one (docs/decisions/0016).

Must not: read files, or compare tokens.
"""

from __future__ import annotations


def read_tokens(text: str) -> tuple[tuple[str, str], ...]:
    """The tokens of a file with their holders ("" without a name), in order: `billing s3cret` → ("billing", "s3cret")."""
    lines = (line.split() for line in text.splitlines())
    return tuple((" ".join(words[:-1]), words[-1]) for words in lines if words)
