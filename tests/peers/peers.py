"""The systems that run side by side, and what each of them does and does not do in this run."""

from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements")


@dataclass(frozen=True)
class Does:
    """What a system's backtest does, in a word or three each, as it is run here."""

    fees: str
    funding: str
    partial_fills: str
    liquidation: str
    account: str
    equity_per_bar: str
    decisions_kept: str


@dataclass(frozen=True)
class Peer:
    """A rival: the environment that it lives in, and the module that states the work in its terms.

    environment: the name of a file in `requirements`, whose first line pins the system itself; empty for what
    runs in HYDRA's own.
    """

    name: str
    environment: str
    module: str
    filled_at: str
    does: Does

    @property
    def release(self) -> str:
        """The pinned release of the system, empty for what has none."""
        if not self.environment:
            return ""
        return requirements_of(self.environment).read_text(encoding="utf-8").split()[0].partition("==")[2]


def requirements_of(environment: str) -> Path:
    """The file with everything that is installed in an environment."""
    return REQUIREMENTS / f"{environment}.txt"


_VECTORBT = Does("yes", "no", "when cash is short", "no", "one a pair", "when asked", "orders")

PEERS: tuple[Peer, ...] = (
    Peer(
        "plain loop",
        "",
        "tests.peers.strategies.plain_loop",
        "next open",
        Does("yes", "no", "no", "no", "none", "no", "no"),
    ),
    Peer(
        "vectorbt, first call",
        "vectorbt",
        "tests.peers.strategies.vectorbt_first_call",
        "next open",
        _VECTORBT,
    ),
    Peer("vectorbt, warm", "vectorbt", "tests.peers.strategies.vectorbt_warm", "next open", _VECTORBT),
    Peer(
        "backtesting.py",
        "backtesting",
        "tests.peers.strategies.backtesting_py",
        "next open",
        Does("yes", "no", "no", "at no equity", "one a pair", "yes", "trades"),
    ),
    Peer(
        "nautilus_trader",
        "nautilus_trader",
        "tests.peers.strategies.nautilus_margin",
        "close",
        Does("yes", "no", "by bar volume", "no", "one, margin", "at fills", "order events"),
    ),
    Peer(
        "freqtrade",
        "freqtrade",
        "tests.peers.strategies.freqtrade_futures",
        "next open",
        Does("yes", "yes", "no", "isolated price", "one, isolated", "wallet", "trades"),
    ),
)

HYDRA = "HYDRA"
HYDRA_DOES = Does("yes", "yes", "yes", "by bracket, on mark", "one, all pairs", "yes", "rows with reasons")
NOT_COMPARABLE = (
    "The work: the rivals run one strategy, two averages, long only, 1,000 USDT a trade. HYDRA runs its own"
    " five layers: the features that its rules read, five signal generators, assessment, sizing and risk over"
    " all pairs, execution with funding. It does more for each bar and trades far less often: its trades are"
    " no comparison, and what a rival spends on its thousands of trades HYDRA does not.",
    "backtest: indicators, decisions and account, without installing, starting the interpreter, imports,"
    " loading and statistics (backtesting.py cannot be had without its statistics). process: from the"
    " interpreter's start to its end, in which vectorbt warm is called six times; its CPU: of all its threads"
    " and children, which a busy machine changes least.",
    "HYDRA loads from the database (the others from files made for them) and writes its decisions back to it;"
    " the others write nothing. Memory is the largest process of a system, without HYDRA's database server.",
    "Orders are filled where a system fills them, at the close that decided or at the next open; freqtrade's"
    " money has funding in it.",
)
