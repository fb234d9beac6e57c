"""The `hydra` command. Each verb has a file of its own in this folder."""

import sys
from typing import Final, NoReturn

import psycopg
import typer
from rich.console import Console
from rich.text import Text

from hydra.cli import (
    audit,
    backtest,
    check,
    config,
    db,
    demo,
    doctor,
    import_history,
    kill,
    report,
    resume,
    run,
    status,
    sweep,
    why,
)
from hydra.errors import HydraError

app = typer.Typer(
    name="hydra",
    help="A market-participant behaviour engine for crypto perpetual futures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(db.app, name="db")
app.add_typer(config.app, name="config")
app.add_typer(check.app, name="check")
app.command("import")(import_history.command)
app.command("doctor")(doctor.command)
app.command("status")(status.command)
app.command("run")(run.command)
app.command("backtest")(backtest.command)
app.command("sweep")(sweep.command)
app.command("kill")(kill.command)
app.command("resume")(resume.command)
app.command("why")(why.command)
app.command("audit")(audit.command)
app.command("report")(report.command)
app.command("demo")(demo.command)


# What a server may answer to a sound query, and what to do; any other answer is a defect and keeps its trace.
ADVICE: Final[dict[type[psycopg.Error], str]] = {
    psycopg.errors.UndefinedTable: "bring the schema up to date with `hydra db up`",
    psycopg.errors.UndefinedColumn: "bring the schema up to date with `hydra db up`",
    psycopg.errors.InsufficientPrivilege: "use an account that is a member of hydra_worker",
    psycopg.OperationalError: "look with `hydra doctor`, then run the same command again",
}


def main() -> None:
    """Run the command line; an error of ours or of the server becomes one red sentence, status 1."""
    try:
        app()
    except HydraError as error:
        _fail(str(error))
    except tuple(ADVICE) as error:
        advice = next(words for kind, words in ADVICE.items() if isinstance(error, kind))
        _fail(f"the database refused ({str(error).partition(chr(10))[0]}): {advice}")


def _fail(sentence: str) -> NoReturn:
    Console(stderr=True).print(Text.assemble(("hydra: ", "red"), sentence), soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
