"""What an answer of a language model costs, exact.

Source: docs/news.md, "The analyst".
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from hydra.settings import Settings

_TABLE: Final = Path(__file__).with_name("prices.toml")
_TOKENS: Final = 1_000_000
_EXACT_USD: Final = Decimal("0.00000001")


@dataclass(frozen=True)
class TokenPrice:
    """USD for a million tokens sent and answered."""

    input_usd: Decimal
    output_usd: Decimal

    def of(self, input_tokens: int, output_tokens: int) -> Decimal:
        """USD.

        Formula: (tokens sent x price sent + tokens answered x price answered) / 1,000,000
        """
        total = input_tokens * self.input_usd + output_tokens * self.output_usd
        return (total / _TOKENS).quantize(_EXACT_USD)

    def at_most(self, sent_text: str, max_output_tokens: int) -> Decimal:
        """The most that a call can cost, USD: a token is at least one byte of its text."""
        return self.of(len(sent_text.encode("utf-8", "replace")), max_output_tokens)


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def price_of(settings: Settings) -> TokenPrice | None:
    """The price of the model in the settings: their own, else the table's; None: neither names it."""
    row = _table().get(settings.llm_provider, {}).get(settings.llm_model or "", {})
    sent = (
        row.get("input_usd") if settings.llm_input_usd_per_mtok is None else settings.llm_input_usd_per_mtok
    )
    answered = (
        row.get("output_usd")
        if settings.llm_output_usd_per_mtok is None
        else settings.llm_output_usd_per_mtok
    )
    if sent is None or answered is None:
        return None
    return TokenPrice(Decimal(str(sent)), Decimal(str(answered)))
