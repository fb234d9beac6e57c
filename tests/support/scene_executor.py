"""The rules of execution on an account of the simulated exchange in a market that a test moves by hand.

No sockets and no database: rows are kept as objects, calls go to the account's own operations and come back
through HYDRA's parsers. What a network and a killed process do, the test does: lose, double, reorder.
"""

from collections import Counter, deque
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Final

import msgspec
import orjson

from hydra.domain import ExitUrgency, OrderRefusal, OrderRole, PositionState, ReasonCode
from hydra.exchange.account import LATEST_ARRIVAL_S, ORDER_WINDOW_S, OrderSeen, OrderUpdate, TradeSeen
from hydra.exchange.binance import account_answers as answers
from hydra.exchange.binance import user_events
from hydra.exchange.binance.change_refusals import REFUSAL_OF
from hydra.exchange.binance.order_requests import order_request
from hydra.exchange.wire_numbers import instant_of, to_ms
from hydra.execution.calls import (
    Ask,
    AskPosition,
    Call,
    Cancel,
    ListStops,
    ListTrades,
    Quote,
    Send,
    SetLeverage,
)
from hydra.execution.look import look
from hydra.execution.news import (
    LeverageSet,
    News,
    NotDone,
    NotFound,
    PairMemory,
    PositionShown,
    Quoted,
    Refused,
    Shown,
    StopsListed,
    StreamBroken,
    TradesListed,
    Unanswered,
)
from hydra.execution.order_life import has_fired
from hydra.execution.pair_orders import PairOrders
from hydra.layers.layer5_orders import entry_order, exit_order
from hydra.sim.exchange.private.fields import Fields
from hydra.sim.exchange.private.operations import OPERATIONS
from hydra.sim.exchange.refusals import Refusal
from hydra.trading.live_venue import LiveVenue, plan_of
from hydra.trading.pair_state import EntryPlan, Order, PairState, Position, planned_order
from tests.support.account_scene import BTC, Scene
from tests.support.generated_facts import terms_of

INSTRUMENT: Final = 1
_PLACE: Final = {
    "fapiPrivatePostOrder": "POST /fapi/v1/order",
    "fapiPrivatePostAlgoOrder": "POST /fapi/v1/algoOrder",
}


class Outcome(Enum):
    """What becomes of a call. LOST_BEFORE, LOST_AFTER: no answer, and it was not, or was, carried out.

    LATE: no answer, and an order may still arrive. NOT_DONE: the exchange says that it was not carried out,
    and may be sent again.
    """

    ANSWERED = auto()
    LOST_BEFORE = auto()
    LOST_AFTER = auto()
    LATE = auto()
    NOT_DONE = auto()


class SceneExecutor:
    """One pair: its rows, what the process remembers, the calls under way, and the events on their way."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._spec = terms_of((INSTRUMENT,))[INSTRUMENT]
        self._venue = LiveVenue(7, "test")
        self.memory = PairMemory()
        self.orders: list[Order] = []
        self.position: Position | None = None
        self.fills: dict[str, Order] = {}
        self.calls: deque[Call] = deque()
        self.events: deque[News] = deque()
        self._began = self.now
        self._given_up: dict[str, datetime] = {}
        self._late: deque[tuple[Order, datetime]] = deque()
        self.is_killed, self.is_compared = False, True
        self._plan: EntryPlan | None = None
        self._heard = 0

    @property
    def now(self) -> datetime:
        """The exchange's time."""
        return instant_of(self.scene.now_ms * 1_000)

    @property
    def working(self) -> list[Order]:
        """The orders that work, as the rows say."""
        return [one for one in self.orders if one.is_working]

    # What the stages do.

    def enter(self, quantity: str, price: str, *, is_long: bool) -> None:
        """A decision and its entry; none while the pair is at work."""
        if self.working or (self.position is not None and self.position.quantity):
            return
        direction, level = (1 if is_long else -1), Decimal(price)
        self._plan = EntryPlan(
            INSTRUMENT, direction, Decimal(quantity), level, Decimal(10),
            round(level * (1 - direction * Decimal("0.02")), 1),
            round(level * (1 + direction * Decimal("0.04")), 1), 4.0,
        )  # fmt: skip
        self.position = None
        key = self._venue.key(INSTRUMENT, self.now)
        plan = entry_order(key, direction, Decimal(quantity), (level, level), self._spec.filters)
        self._store(planned_order(plan, key, level, self.now))

    def leave(self, urgency: ExitUrgency) -> None:
        """A stage's exit of what is held."""
        position = self.position
        is_leaving = any(one.role is OrderRole.EXIT for one in self.working)
        if position is None or not position.quantity or is_leaving:
            return
        key = self._venue.key(INSTRUMENT, position.decision_time)
        sent = self._sent(position.decision_time).get(OrderRole.EXIT, 0)
        plan = exit_order(
            key, position.direction, position.quantity, urgency, self.touch(), self._spec.filters, sent
        )
        position.state = PositionState.CLOSING
        order = planned_order(plan, key, position.entry_price, self.now, ReasonCode.THESIS_BROKEN)
        self._store(order)

    def withdraw_entry(self) -> None:
        """A stage's cancel of the entry."""
        for order in self.working:
            if order.role is OrderRole.ENTRY:
                order.want_cancel(self.now, ReasonCode.CASCADE)

    def cancel_elsewhere(self, order: Order) -> None:
        """Somebody cancels an order at the exchange."""
        self._cancel(order)

    def _store(self, order: Order) -> None:
        order.order_id = len(self.orders) + 1
        self.orders.append(order)
        order.events.clear()

    def _sent(self, decision_time: datetime) -> Counter[OrderRole]:
        return Counter(one.role for one in self.orders if one.decision_time == decision_time)

    # What the process does.

    def look(self, *news: News) -> None:
        """One look; its calls join those under way, unless the same question waits already."""
        state = PairState(INSTRUMENT, position=deepcopy(self.position))
        for order in deepcopy(self.working):
            state.add(order)
            state.plan = self._plan
        pair = PairOrders(state, BTC, self._spec, self._venue, is_killed=self.is_killed)
        pair.is_compared = self.is_compared
        if self.orders:
            pair.sent = dict(self._sent(self.orders[-1].decision_time))
        for call in look(pair, self.memory, news, self.fills.keys(), self.now):
            if isinstance(call, Send) or not self._is_under_way(call):
                self.calls.append(call)
        self._keep(state)

    def _is_under_way(self, call: Call) -> bool:
        """As the executor has it: nothing is asked twice, and no order while it is sent."""
        if not isinstance(call, Ask | Cancel):
            return any(type(one) is type(call) for one in self.calls)
        identity = call.order.client_order_id
        changes = [one for one in self.calls if isinstance(one, Send | Ask | Cancel)]
        return any(one.order.client_order_id == identity for one in changes)

    def _keep(self, state: PairState) -> None:
        """What a commit keeps."""
        self.position = state.position
        rows = {one.client_order_id: place for place, one in enumerate(self.orders)}
        for order in state.orders:
            for trade in order.fills:
                assert trade.trade_id is not None
                assert trade.trade_id not in self.fills
                self.fills[trade.trade_id] = order
            order.fills, order.events = [], []
            if order.client_order_id in rows:
                self.orders[rows[order.client_order_id]] = order
            else:
                self._store(order)
        if self.position is not None:
            self.position.events = []

    def crash(self) -> None:
        """The process is killed: what it remembered, its calls and the events on their way are gone."""
        self.memory, self.calls, self.events = PairMemory(), deque(), deque()
        self._began, self._given_up = self.now, {}
        self._collect()
        self.events.clear()

    def deliver(self, *, doubled: bool = False) -> None:
        """The next event of the user stream comes."""
        self._collect()
        if self.events:
            event = self.events.popleft()
            self.look(*([event] * (2 if doubled else 1)))

    def reorder(self) -> None:
        """The next event will come after all others that are on their way."""
        self._collect()
        self.events.rotate(-1)

    def drop(self) -> None:
        """The next event never comes."""
        self._collect()
        if self.events:
            self.events.popleft()

    def _collect(self) -> None:
        for event in self.scene.events[self._heard :]:
            heard = user_events.parse(msgspec.json.encode(event))
            if isinstance(heard, OrderUpdate):
                self.events.append(Shown(heard.order, trade=heard.trade))
        self._heard = len(self.scene.events)

    def answer(self, outcome: Outcome = Outcome.ANSWERED) -> None:
        """The oldest call under way is carried out, or not, and answered, or not.

        Raises:
            LookupError: no call is under way.
        """
        if not self.calls:
            raise LookupError("no call is under way")
        call = self.calls.popleft()
        news = self._carry_out(call) if outcome in {Outcome.ANSWERED, Outcome.LOST_AFTER} else None
        if outcome is Outcome.ANSWERED and news is not None:
            self.look(news)
        elif isinstance(call, Send):
            identity = call.order.client_order_id
            if outcome is Outcome.NOT_DONE:
                self.look(NotDone(identity))
                return
            self._given_up[identity] = self.now
            if outcome is Outcome.LATE and not self._is_urgent(call.order):
                self._late.append((call.order, self.now))
            self.look(Unanswered(identity))

    def _is_urgent(self, order: Order) -> bool:
        """What protects is sent again at once; of a second one that came late reconciliation would hear."""
        is_held = self.position is not None and self.position.quantity > 0
        return is_held and order.role in {OrderRole.STOP, OrderRole.EXIT} and not self.memory.listed

    def arrive(self) -> None:
        """The oldest order that is under way comes to the exchange, which takes it only within its window."""
        if self._late:
            order, signed = self._late.popleft()
            if self.now - signed <= timedelta(seconds=ORDER_WINDOW_S):
                self._send(order)

    def _carry_out(self, call: Call) -> News:
        match call:
            case Send():
                return self._send(call.order)
            case Cancel():
                self._cancel(call.order)
                return self._asked(call.order)
            case Ask():
                return self._asked(call.order)
            case _:
                return self._looked_up(call)

    def _looked_up(self, call: SetLeverage | ListStops | ListTrades | AskPosition | Quote) -> News:
        match call:
            case SetLeverage():
                return LeverageSet(call.leverage)
            case ListStops():
                rows = self._ask("GET /fapi/v1/openAlgoOrders", symbol=BTC)
                return StopsListed(frozenset(row["clientAlgoId"] for row in rows), self.now)
            case ListTrades():
                return TradesListed(tuple(self.trades(call.start)))
            case AskPosition():
                return self._position()
            case Quote():
                return Quoted(*self.touch())

    def _position(self) -> PositionShown:
        rows = self._ask("GET /fapi/v3/positionRisk", symbol=BTC)
        config = answers.SymbolConfigRow(symbol=BTC, margin_type="ISOLATED", leverage=10)
        held = [row for row in rows if Decimal(row["positionAmt"])]
        seen = answers.each("positionRisk", held, answers.PositionRow, answers.itself)
        return PositionShown(answers.position_seen(seen[0], config) if seen else None, self.now)

    def touch(self) -> tuple[Decimal, Decimal]:
        """Best bid and best ask."""
        book = self.scene.book(BTC)
        assert book is not None
        return max(map(Decimal, book.bids.levels)), min(map(Decimal, book.asks.levels))

    def _ask(self, call: str, **sent: Any) -> Any:
        fields = Fields({name: str(value) for name, value in sent.items()}, {BTC: 1})
        now_ms = self.scene.tick() if OPERATIONS[call].changes else self.scene.now_ms
        return orjson.loads(orjson.dumps(OPERATIONS[call].answer(self.scene.account, fields, now_ms)))

    def _send(self, order: Order) -> News:
        request = order_request(BTC, plan_of(order))
        try:
            row = self._ask(_PLACE[request.endpoint], **request.parameters)
        except Refusal as refused:
            code = int(refused.body["code"])  # type: ignore[index]
            kind = REFUSAL_OF.get(code, OrderRefusal.OTHER)
            return Refused(order.client_order_id, kind, str(code))
        if order.order_type.is_conditional:
            return Shown(answers.one("", row, answers.ConditionalRow, answers.conditional_seen))
        return Shown(answers.one("", row, answers.OrderRow, answers.order_seen))

    def _cancel(self, order: Order) -> None:
        try:
            if order.order_type.is_conditional and not has_fired(order):
                self._ask("DELETE /fapi/v1/algoOrder", clientAlgoId=order.client_order_id)
            else:
                self._ask("DELETE /fapi/v1/order", symbol=BTC, origClientOrderId=order.client_order_id)
        except Refusal:
            pass

    def _asked(self, order: Order) -> News:
        identity = order.client_order_id
        seen = self._conditional(identity) if order.order_type.is_conditional else self._ordinary(identity)
        if seen is not None:
            return Shown(seen, is_answer=True)
        waited = self.now - self._given_up.get(identity, self._began)
        return NotFound(identity, self.now, waited > timedelta(seconds=LATEST_ARRIVAL_S))

    def _ordinary(self, identity: str) -> OrderSeen | None:
        try:
            row = self._ask("GET /fapi/v1/order", symbol=BTC, origClientOrderId=identity)
        except Refusal:
            return None
        return answers.one("", row, answers.OrderRow, answers.order_seen)

    def _conditional(self, identity: str) -> OrderSeen | None:
        rows = self._ask("GET /fapi/v1/allAlgoOrders", symbol=BTC, limit=1_000)
        found = [row for row in rows if row["clientAlgoId"] == identity]
        if not found:
            return None
        seen = answers.one("", found[-1], answers.ConditionalRow, answers.conditional_seen)
        return seen if seen.child_order_id is None else answers.with_child(seen, self._ordinary(identity))

    def trades(self, start: datetime) -> Sequence[TradeSeen]:
        """The exchange's list of trades."""
        rows = self._ask("GET /fapi/v1/userTrades", symbol=BTC, startTime=to_ms(start), limit=1_000)
        return answers.each("", rows, answers.TradeRow, answers.trade_seen)

    # The end.

    def come_to_rest(self, *, is_renewed: bool) -> None:
        """Nothing is lost any more, and a kill switch closes everything: until nothing works.

        is_renewed: the user stream begins anew.
        """
        self.is_killed = True
        if is_renewed:
            self.look(StreamBroken())
        for _ in range(100):
            if not self.working and not (self.position and self.position.quantity):
                return
            for _ in range(len(self.calls)):
                self.answer()
            while self.events or self._heard < len(self.scene.events):
                self.deliver()
            self.scene.tick()
            self.look()
        raise AssertionError(f"it does not come to rest: {self.working}, {self.position}")
