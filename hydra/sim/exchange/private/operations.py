"""What an account can be asked by signed REST: the calls, their weights, what they change."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from hydra.sim.exchange.account.account import Account
from hydra.sim.exchange.private import account_operations as money
from hydra.sim.exchange.private import order_operations as orders
from hydra.sim.exchange.private.fields import Fields

_V1: Final = "/fapi/v1/"
_SYMBOL: Final = frozenset({"symbol"})
_KEY: Final = frozenset({"symbol", "orderId", "origClientOrderId"})
_BATCH: Final = frozenset({"batchOrders"})
_CANCELS: Final = _SYMBOL | {
    "orderIdList",
    "origClientOrderIdList",
    "orderidlist",
    "origclientorderidlist",
}
_ALGO_KEY: Final = frozenset({"algoId", "clientAlgoId", "symbol"})


class Operation(NamedTuple):
    """A call. weight: of the address; weight_of_all: where no symbol is named. orders: what it counts as.

    reads: the parameters that a change may have (-1104 for others); None: it only asks, others are ignored.
    """

    answer: Callable[[Account, Fields, int], Any]
    weight: int = 1
    weight_of_all: int | None = None
    orders: int = 0
    reads: frozenset[str] | None = None

    @property
    def changes(self) -> bool:
        """Whether it may change the account."""
        return self.reads is not None


OPERATIONS: Final[Mapping[str, Operation]] = {
    f"POST {_V1}order": Operation(orders.place, 0, orders=1, reads=orders.OF_ORDER),
    f"PUT {_V1}order": Operation(orders.modify, 0, orders=1, reads=orders.OF_CHANGE),
    f"DELETE {_V1}order": Operation(orders.cancel, reads=_KEY),
    f"GET {_V1}order": Operation(orders.order),
    f"GET {_V1}openOrder": Operation(orders.open_order),
    f"GET {_V1}openOrders": Operation(orders.open_orders, 1, 40),
    f"GET {_V1}allOrders": Operation(orders.all_orders, 5),
    f"DELETE {_V1}allOpenOrders": Operation(orders.cancel_all, reads=_SYMBOL),
    f"POST {_V1}batchOrders": Operation(orders.place_batch, 5, orders=5, reads=_BATCH),
    f"PUT {_V1}batchOrders": Operation(orders.modify_batch, 5, orders=5, reads=_BATCH),
    f"DELETE {_V1}batchOrders": Operation(orders.cancel_batch, reads=_CANCELS),
    f"POST {_V1}countdownCancelAll": Operation(orders.count_down, 10, reads=_SYMBOL | {"countdownTime"}),
    f"POST {_V1}algoOrder": Operation(orders.place_conditional, 0, orders=1, reads=orders.OF_CONDITIONAL),
    f"DELETE {_V1}algoOrder": Operation(orders.cancel_conditional, reads=_ALGO_KEY),
    f"GET {_V1}algoOrder": Operation(orders.conditional),
    f"GET {_V1}openAlgoOrders": Operation(orders.open_conditionals, 1, 40),
    f"GET {_V1}allAlgoOrders": Operation(orders.all_conditionals, 5),
    f"DELETE {_V1}algoOpenOrders": Operation(orders.cancel_all_conditional, reads=_SYMBOL),
    f"GET {_V1}userTrades": Operation(money.trades, 5),
    f"GET {_V1}income": Operation(money.incomes, 30),
    f"GET {_V1}commissionRate": Operation(money.commission_rate, 20),
    f"GET {_V1}symbolConfig": Operation(money.symbol_config, 5),
    f"GET {_V1}accountConfig": Operation(money.account_config, 5),
    f"GET {_V1}positionSide/dual": Operation(money.position_side, 30),
    f"POST {_V1}positionSide/dual": Operation(money.set_position_side, reads=frozenset({"dualSidePosition"})),
    f"POST {_V1}leverage": Operation(money.set_leverage, reads=_SYMBOL | {"leverage"}),
    f"POST {_V1}marginType": Operation(money.set_margin_type, reads=_SYMBOL | {"marginType"}),
    "GET /sapi/v1/account/apiRestrictions": Operation(money.key_restrictions),
    "GET /fapi/v2/account": Operation(money.account_v2, 5),
    "GET /fapi/v3/account": Operation(money.account_v3, 5),
    "GET /fapi/v2/balance": Operation(money.balances, 5),
    "GET /fapi/v3/balance": Operation(money.balances, 5),
    "GET /fapi/v2/positionRisk": Operation(money.positions_v2, 5),
    "GET /fapi/v3/positionRisk": Operation(money.positions_v3, 5),
}
"""Method and path -> the call. leverageBracket and listenKey do not ask the account (`private_rest.py`)."""
