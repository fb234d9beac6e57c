"""HYDRA's own paths of the simulated exchange: what market it is, its clock, its faults, what it has sent."""

from collections.abc import Awaitable, Callable, Set
from datetime import datetime
from typing import Any, Final

import orjson
from aiohttp import web

from hydra.durations import FIVE_MINUTES_MS, SECOND_MS
from hydra.errors import SettingsError
from hydra.sim.exchange.channels import Channels
from hydra.sim.exchange.clock import MAXIMAL, SimulatedClock
from hydra.sim.exchange.faults import described, fault_of
from hydra.sim.exchange.market import PlayedMarket, instant
from hydra.sim.exchange.message_faults import Faults
from hydra.sim.exchange.pair_sender import COUNTED
from hydra.sim.exchange.past import Rows, minute_bars

_KEPT_TABLES: Final = ("candles_1m", "mark_prices", "funding_rates", "open_interest", "positioning")
"""Counted as they become available for REST; open interest on the five-minute grid."""


class Admin:
    """Answers HYDRA."""

    def __init__(
        self,
        market: PlayedMarket,
        clock: SimulatedClock,
        channels: Channels,
        faults: Faults,
        seed: int | None,
    ) -> None:
        self._market, self._clock, self._channels, self._faults = market, clock, channels, faults
        self._seed = seed

    def add_routes(self, app: web.Application) -> None:
        """The paths under /hydra."""
        app.router.add_get("/hydra/market", _answered(self._tell_market))
        app.router.add_get("/hydra/clock", _answered(self._tell_clock))
        app.router.add_post("/hydra/clock", _answered(self._set_clock))
        app.router.add_get("/hydra/faults", _answered(self._tell_faults))
        app.router.add_post("/hydra/faults", _answered(self._set_faults))
        app.router.add_get("/hydra/sent", _answered(self._tell_sent))

    async def _tell_market(self, _request: web.Request) -> Any:
        source = self._market.source
        return {
            "venue": source.venue,
            "market": "recorded" if self._seed is None else "generated",
            "seed": self._seed,
            "speed": self._clock.speed,
            "start": source.start.isoformat(),
            "end": source.end.isoformat() if source.end else None,
            "pairs": [pair.symbol for pair in source.pairs],
            "feeds": sorted(source.feeds),
        }

    async def _tell_clock(self, _request: web.Request) -> Any:
        hold_ms = self._clock.hold_ms
        return {
            "now": instant(self._clock.now_ms()).isoformat(),
            "speed": self._clock.speed,
            "hold_until": None if hold_ms is None else instant(hold_ms).isoformat(),
            # What was until then has been sent, too.
            "is_held": self._clock.is_held and self._clock.now_ms() - self._market.sent_ms < SECOND_MS,
            "has_ended": self._clock.has_ended,
            "messages": self._channels.messages,
            "connections": len(self._channels.connections),
        }

    async def _set_clock(self, request: web.Request) -> Any:
        """{"hold_until": "2025-06-01T00:05+00:00" or null, "speed": 60 or "max"}; what is not named stays."""
        content = await _body(request, {"speed", "hold_until"})
        if "speed" in content:
            self._clock.set_speed(_speed(content["speed"]))
        if "hold_until" in content:
            text = content["hold_until"]
            self._clock.hold_until(None if text is None else _instant_ms(str(text)))
        return await self._tell_clock(request)

    async def _tell_faults(self, _request: web.Request) -> Any:
        return {"faults": [described(one) for one in self._faults.active]}

    async def _set_faults(self, request: web.Request) -> Any:
        """{"faults": [{"kind": "drop", ...}]}: these and no others; counts begin anew."""
        content = await _body(request, {"faults"})
        self._faults.set(tuple(fault_of(one) for one in content.get("faults", [])))
        return await self._tell_faults(request)

    async def _tell_sent(self, _request: web.Request) -> Any:
        """Facts by table and symbol since the start: count, first and last time."""
        sent: dict[str, dict[str, Any]] = {name: {} for name in (*_KEPT_TABLES, *COUNTED)}
        history: dict[str, dict[str, Any]] = {name: {} for name in _KEPT_TABLES}
        for place, sender in enumerate(self._market.senders):
            for name in _KEPT_TABLES:
                rows = self._market.past.table(name, place)
                sent[name][sender.pair.symbol] = self._kept(name, rows, self._market.start_ms, None)
                end_ms = self._market.start_ms - 1
                history[name][sender.pair.symbol] = self._kept(name, rows, None, end_ms)
            for name, tally in sender.tallies.items():
                times = (tally.first_ms, tally.last_ms) if tally.count else None
                sent[name][sender.pair.symbol] = _counted(tally.count, times)
        return {
            "venue": self._market.source.venue,
            "now": instant(self._clock.now_ms()).isoformat(),
            "sent": sent,
            "history": history,
        }

    def _kept(self, name: str, rows: Rows, start_ms: int | None, end_ms: int | None) -> dict[str, Any]:
        found = rows.between(start_ms, end_ms, self._clock.now_ms())
        times = found.times
        if name == "open_interest":
            times = times[times % FIVE_MINUTES_MS == 0]
        elif name == "mark_prices":
            times = minute_bars(found).times
        return _counted(len(times), (int(times[0]), int(times[-1])) if len(times) else None)


def _counted(count: int, times: tuple[int, int] | None) -> dict[str, Any]:
    first, last = (instant(time).isoformat() for time in times) if times else (None, None)
    return {"count": count, "first": first, "last": last}


def _answered(
    answer: Callable[[web.Request], Awaitable[Any]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        try:
            content, status = await answer(request), 200
        except (SettingsError, ValueError, TypeError) as error:
            content, status = {"error": str(error)}, 400
        return web.Response(status=status, body=orjson.dumps(content), content_type="application/json")

    return handler


async def _body(request: web.Request, names: Set[str]) -> dict[str, Any]:
    content = orjson.loads(await request.read())
    if not isinstance(content, dict) or not content.keys() <= names:
        raise SettingsError(f"the body has to be a JSON object with {', '.join(sorted(names))}, nothing else")
    return content


def _speed(told: Any) -> float:
    speed = MAXIMAL if told == "max" else float(told)
    if not 0.0 <= speed < float("inf"):
        raise SettingsError(f"speed {speed}: write max, or a number above 0 such as 60")
    return speed


def _instant_ms(text: str) -> int:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise SettingsError(f"{text} has no time zone; write it as 2025-06-01T00:00:00+00:00")
    return int(time.timestamp() * 1_000)
