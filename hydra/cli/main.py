"""The verbs of `hydra`. Each has a file of its own in this folder."""

from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

import hydra as package

VERBS: Final = (
    "db", "config", "check", "import", "doctor", "status", "run", "backtest", "sweep", "kill", "resume",
    "why", "audit", "report", "runs", "markets", "demo",
)  # fmt: skip
"""Each verb has a file of its name, with a function `command`, or an `app` if it has verbs of its own."""
_OTHER_FILES: Final = {"import": "import_history"}


class Verbs(TyperGroup):
    """Imports a verb's file only when needed: `hydra kill` must not wait for what a backtest imports."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the framework's signature
        """Every verb, in the order in which help lists them."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of a verb; None if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module = import_module(f"hydra.cli.{_OTHER_FILES.get(cmd_name, cmd_name)}")
        if hasattr(module, "app"):
            verbs = module.app
        else:
            verbs = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
            verbs.command(cmd_name)(module.command)
        command = typer.main.get_command(verbs)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    from hydra.trading.versions import code_version  # noqa: PLC0415  # only this option needs it

    typer.echo(f"hydra {package.__version__} (code {code_version()})")
    raise typer.Exit


@app.callback()
def hydra(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A market-participant behaviour engine for crypto perpetual futures."""


if __name__ == "__main__":
    from hydra.cli.entry import main

    main()
