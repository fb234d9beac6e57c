"""Texts as a person, a file name or another program may give them, and what no output may hold."""

import os
from typing import Final

from hypothesis import strategies

ATTACKS: Final = (
    "[/red]", "[bold]", "[link=http://a.b]", ":smile:", "\\[", "{0}", "%s", "%(time)s",
    "\x1b[31m", "\x1b]0;owned\x07", "\x9b2J", "\x7f", "\x08", "\t", "\r",
    "\n2025-06-01 10:00 UTC  all is well",
    "\u202e", "\u2066", "\u200b", "\u2028", "é", "中",
    "=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "<script>alert(1)</script>", "' OR 1=1; --",
)  # fmt: skip
"""Markup, control sequences, signs that turn the direction, forged lines, formulas, HTML."""


def _as_argument(raw: bytes) -> str:
    return os.fsdecode(raw.replace(b"\0", b""))


arguments: Final = (
    strategies.lists(
        strategies.sampled_from(ATTACKS) | strategies.binary(max_size=8).map(_as_argument)
        | strategies.text(strategies.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
        min_size=1, max_size=6,
    )
    .map("".join)
    .filter(lambda text: bool(text.strip()))
)  # fmt: skip
"""Arguments of a command line: any bytes but NUL, as the operating system hands them over."""


def that_act(output: str) -> list[str]:
    """The characters of `output` that a terminal obeys instead of showing; a line may end."""
    return sorted({one for one in output if not one.isprintable() and one != "\n"})
