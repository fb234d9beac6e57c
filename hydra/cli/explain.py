"""`hydra explain`: a decision told by a language model from its rows. Generated text, for people."""

from decimal import Decimal
from typing import Annotated, Final

import psycopg
import typer

from hydra.answers.plain_values import plain
from hydra.answers.styled_text import styled
from hydra.bounds import LARGEST_KEY
from hydra.cli.output import output_console, print_json, print_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import StopError
from hydra.explanation.evidence import (
    Evidence,
    evidence_of_run,
    evidence_of_trade,
    evidence_of_veto,
)
from hydra.explanation.explain import GeneratedText, explain_evidence, most_cost_usd
from hydra.news.budget import Purpose, begin_call
from hydra.news.language_model import NoAnswerError
from hydra.news.models import model_of
from hydra.news.prices import price_of
from hydra.settings import Settings, load_settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="A decision told by a language model from its rows: generated, for people, never for a decision.",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print it for machines.")]
GENERATED: Final = (
    "GENERATED TEXT, written by {model} from {rows} rows; `hydra why` and `hydra report` show them"
)


@app.command("run")
def explain_run(
    run: Annotated[
        int | None, typer.Argument(min=1, max=LARGEST_KEY, help="The run; default: the newest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a run did and what came of it."""
    settings = load_settings()
    with _reader(settings) as connection:
        _tell(settings, evidence_of_run(connection, run), as_json=as_json)


@app.command("trade")
def explain_trade(
    trade: Annotated[
        int, typer.Argument(min=1, max=LARGEST_KEY, help="Its number (position_id).", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Tell why a trade was opened and how it ended."""
    settings = load_settings()
    with _reader(settings) as connection:
        _tell(settings, evidence_of_trade(connection, trade), as_json=as_json)


@app.command("veto")
def explain_veto(
    symbol: Annotated[str, typer.Argument(help="A pair: BTC, BTCUSDT, BTC/USDT ...", show_default=False)],
    at: Annotated[
        str | None, typer.Option("--at", help="ISO instant or HH:MM, UTC; default: the newest")
    ] = None,
    run: Annotated[
        int | None, typer.Option("--run", min=1, max=LARGEST_KEY, help="The run; default: the newest")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell why a minute of a pair ended without a trade."""
    settings = load_settings()
    with _reader(settings) as connection:
        _tell(settings, evidence_of_veto(connection, symbol, at, run), as_json=as_json)


def _reader(settings: Settings) -> psycopg.Connection:
    return connect(database_url(settings, Role.READER), autocommit=True)


def _tell(settings: Settings, evidence: Evidence, *, as_json: bool) -> None:
    try:
        told = _told(settings, evidence)
    except NoAnswerError as error:
        raise StopError(f"no explanation ({error.outcome}): {error}") from error
    if as_json:
        print_json({"generated": True, **plain(told)})
    else:
        _print(told)


def _told(settings: Settings, evidence: Evidence) -> GeneratedText:
    """The explanation; its call counts in the budget of the day, and nothing else of it is stored.

    Raises:
        NoAnswerError: there is none.
        StopError: no price is known.
    """
    model, price = model_of(settings), price_of(settings)
    if price is None:
        raise StopError(
            "no price is known for the model: set LLM_INPUT_USD_PER_MTOK and LLM_OUTPUT_USD_PER_MTOK, so "
            "that LLM_BUDGET_USD_PER_DAY can be kept"
        )
    budget_usd = Decimal(str(settings.llm_budget_usd_per_day))
    with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
        call = begin_call(connection, Purpose.EXPLANATION, most_cost_usd(evidence, price), budget_usd)
        try:
            told = explain_evidence(model, evidence, settings.llm_timeout_seconds, price)
        except NoAnswerError as error:
            call.failed(error)
            raise
        call.ended(told.cost_usd)
    return told


def _print(told: GeneratedText) -> None:
    console = output_console()
    print_line(console, styled((GENERATED.format(model=told.model_id, rows=told.rows_read), "yellow")))
    print_line(console, styled(told.text))
    print_line(console, f"Rows named: {', '.join(told.row_ids) or 'none'}")
    if told.unknown_rows:
        print_line(console, styled((f"Rows named that do not exist: {', '.join(told.unknown_rows)}", "red")))
    if told.unknown_numbers:
        words = f"Numbers that stand in none of these rows: {', '.join(told.unknown_numbers)}"
        print_line(console, styled((words, "red")))
    else:
        print_line(console, "Every number in figures stands in these rows")
    if told.rows_left_out:
        print_line(console, f"{told.rows_left_out} rows did not fit and were not read by the model")
    if told.cost_usd is not None:
        print_line(console, f"It cost {told.cost_usd:.4f} USD")
