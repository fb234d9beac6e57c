"""The verbs of `hydra`. Each has a file of its own in this folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

import hydra as package
from hydra.cli.output import print_whole
from hydra.outside_text import shown

VERBS: Final = (
    "db", "config", "check", "import", "backfill", "ingest", "replay", "doctor", "status", "run", "backtest",
    "sweep", "train", "kill", "resume", "adopt", "flatten", "alerts", "news", "models", "why", "explain",
    "audit", "report", "runs", "markets", "upkeep", "exchange", "demo",
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

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """The context of a call; a complaint about it repeats the input shown."""
        with _input_repeated_shown():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; the same of a complaint about its options."""
        with _input_repeated_shown():
            return super().invoke(ctx)


@contextmanager
def _input_repeated_shown() -> Iterator[None]:
    try:
        yield
    except typer.TyperException as error:
        error.message = shown(error.message)
        raise


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

    print_whole(f"hydra {package.__version__} (code {code_version()})")
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
