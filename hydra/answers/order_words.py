"""An order of `hydra why` in words: what was sent, how it ended, and what says that it filled."""

from collections.abc import Mapping
from typing import Any, Final

from hydra.answers.formatting import exact_text, price_text
from hydra.domain import FillEvidence, ReasonCode
from hydra.reason_words import WORDS

_EVIDENCE: Final = {
    FillEvidence.BAR: "the bar",
    FillEvidence.BOOK: "the recorded book and trades",
    FillEvidence.EXCHANGE: "the exchange",
}


def order_words(order: Mapping[str, Any]) -> str:
    """One line. order: a row of `sql/why/orders.sql`."""
    limit = order["limit_price"] or order["trigger_price"]
    at = f" at {price_text(limit)}" if limit is not None else ""
    filled = f"{exact_text(order['filled_quantity'])} of {exact_text(order['quantity'])} filled"
    average = f" at {price_text(order['average_price'])}" if order["average_price"] is not None else ""
    why = f": {WORDS[ReasonCode(order['reason_code'])]}" if order["reason_code"] else ""
    kind, state = (str(order[name]).lower().replace("_", "-") for name in ("order_type", "state"))
    return f"{kind} order to {order['side'].lower()}{at}: {state}, {filled}{average}{_evidence(order)}{why}"


def _evidence(order: Mapping[str, Any]) -> str:
    """What the fills rest on, and the queue before what is not filled."""
    by = [_EVIDENCE[FillEvidence(one)] for one in order["evidence"]]
    ahead = order["queue_ahead"]
    is_behind = ahead is not None and order["filled_quantity"] < order["quantity"]
    queue = [f"{exact_text(ahead)} ahead of it in the queue"] if is_behind else []
    said = [*([f"by {' and '.join(by)}"] if by else []), *queue]
    return f" ({', '.join(said)})" if said else ""
