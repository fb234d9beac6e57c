"""The `hydra` command. Each verb has a file of its own in this folder."""

import sys

import typer
from rich.console import Console
from rich.text import Text

from hydra.cli import audit, config, db, demo, doctor, import_history, kill, report, resume, run, status, why
from hydra.errors import HydraError

app = typer.Typer(
    name="hydra",
    help="A market-participant behaviour engine for crypto perpetual futures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(db.app, name="db")
app.add_typer(config.app, name="config")
app.command("import")(import_history.command)
app.command("doctor")(doctor.command)
app.command("status")(status.command)
app.command("run")(run.command)
app.command("kill")(kill.command)
app.command("resume")(resume.command)
app.command("why")(why.command)
app.command("audit")(audit.command)
app.command("report")(report.command)
app.command("demo")(demo.command)


def main() -> None:
    """Run the command line; an error of ours becomes one red sentence and exit status 1."""
    try:
        app()
    except HydraError as error:
        Console(stderr=True).print(Text.assemble(("hydra: ", "red"), str(error)), soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
