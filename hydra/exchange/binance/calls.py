"""Calls of Binance USD-M over ccxt's own endpoints, and the exchange's clock, by which they are signed."""

from typing import Any, Final

from ccxt.base.errors import BaseError

from hydra.errors import RetryError
from hydra.exchange.binance.client import BinanceClient
from hydra.exchange.exchange_clock import ServerClock
from hydra.exchange.refusals import CLOCK_OFF, error_of, not_an_exchange, refusing_answer

Answer = list[Any] | dict[str, Any]


class Calls:
    """Asks one exchange. `endpoint`: the name of a method of ccxt, as fapiPublicGetTime."""

    def __init__(self, client: BinanceClient) -> None:
        self.client: Final = client
        self.host: Final = client.hosts.name

    async def ask(self, endpoint: str, **parameters: Any) -> Any:
        """The decoded answer, a list or an object.

        Raises:
            RetryError, StopError, BadDataError: as `hydra.exchange.refusals` says.
        """
        try:
            answer = await getattr(self.client, endpoint)(parameters)
        except BaseError as error:
            # Not "from error": its text may hold a signed URL.
            raise error_of(self.host, error) from None
        return self._decoded(answer)

    async def ask_signed(self, endpoint: str, **parameters: Any) -> Any:
        """The same for an account."""
        try:
            answer = await self.signed(endpoint, **parameters)
        except BaseError as error:
            raise error_of(self.host, error) from None
        return self._decoded(answer)

    def _decoded(self, answer: Any) -> Any:
        self.refuse_nothing(answer)
        if not isinstance(answer, list | dict):
            raise not_an_exchange(self.host, str(answer))
        return answer

    def refuse_nothing(self, answer: Any) -> None:
        """Raises: RetryError: the body is empty, as under load: that is temporary."""
        if answer == "":
            raise RetryError(f"{self.host} answered with nothing")

    async def signed(self, endpoint: str, **parameters: Any) -> Any:
        """What came, whatever it is. If the exchange finds the request's time off, it is measured again.

        Raises:
            BaseError: of ccxt, with a refusing answer among its arguments if one came.
            RetryError, StopError: the exchange's time cannot be told.
        """
        call = getattr(self.client, endpoint)
        try:
            return await call(parameters)
        except BaseError as error:
            refused = refusing_answer(error)
            if refused is None or refused.code != CLOCK_OFF:
                raise
        await self.server_clock()
        return await call(parameters)

    async def server_clock(self) -> ServerClock:
        """The exchange's clock; from now on signed requests carry its time."""
        answer = await self.ask("fapiPublicGetTime")
        try:
            clock = ServerClock(int(answer["serverTime"]) * 1_000, float(answer.get("simulatedSpeed", 1.0)))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise not_an_exchange(self.host, str(answer)) from None
        self.client.hear_clock(clock)
        return clock
