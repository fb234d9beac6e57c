"""`hydra models verify | replay | export`: what models are worth here, and models as files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hydra.answers.formatting import counted, minute_text
from hydra.answers.plain_values import plain
from hydra.bounds import LARGEST_KEY
from hydra.cli.market_options import FromOption, PairsOption, ToOption, parse_range
from hydra.cli.output import output_console, print_json, print_line
from hydra.cli.pair_names import base_names
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import BadDataError, StopError
from hydra.registry.export import export_model
from hydra.registry.score_replay import ScoreDifference, replay_scores
from hydra.registry.verify import verify_models
from hydra.settings import load_settings

AsJson = Annotated[bool, typer.Option("--json", help="Print for machines.")]
Title = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The model.", show_default=False)]


def models_verify(
    title: Annotated[
        str | None, typer.Argument(metavar="[NAME@VERSION]", help="The model; else all.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load models as a run would: hash, libraries, features, examples. Exit status 1 if one is refused."""
    with connect(database_url(load_settings(), Role.READER), autocommit=True) as connection:
        found = verify_models(connection, title)
    if as_json:
        print_json(plain([{"model": one.model.title, "complaint": one.complaint} for one in found]))
    elif not found:
        print_line(output_console(), "No model is registered.")
    else:
        for one in found:
            words = f"{one.model.title} can be used here." if one.complaint is None else one.complaint
            print_line(output_console(), words)
    if any(one.complaint is not None for one in found):
        raise typer.Exit(1)


def models_replay(
    title: Title,
    start: FromOption = None,
    end: ToOption = None,
    run: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_KEY, help="Only this run. [default: all runs]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score stored signals again from their stored features. Exit status 1 if a score is another one now."""
    first, last = parse_range(start, end)
    with connect(database_url(load_settings(), Role.READER), autocommit=True) as connection:
        try:
            found = replay_scores(connection, title, first, last, run)
        except BadDataError as error:
            raise StopError(str(error)) from None
    if as_json:
        print_json(plain({**vars(found), "differences": found.differences}))
    elif not found.compared:
        print_line(output_console(), f"No stored signal of these minutes was scored by {title}.")
    else:
        console = output_console()
        print_line(
            console,
            f"{counted(found.compared, 'score')} of {title} again: {found.equal:,} equal to the last bit, "
            f"{found.close:,} within 1e-9, {counted(found.differences, 'difference')}",
        )
        for one in found.first:
            print_line(console, _difference(one))
    if found.differences:
        raise typer.Exit(1)


def _difference(one: ScoreDifference) -> str:
    again = one.why or ("no score" if one.again is None else f"{one.again:.12g}")
    stored = "no score" if one.stored is None else f"{one.stored:.12g}"
    place = f"run {one.run_id} {minute_text(one.time)} UTC {one.base} {one.source}"
    return f"{place}: stored {stored}, again {again}"


def models_export(
    title: Title,
    target: Annotated[Path, typer.Argument(help="A folder; made if it has to be.", show_default=False)],
    pairs: PairsOption = "",
) -> None:
    """Write a model as files into TARGET/YYYY-MM-DD/models: artifact and metadata for each pair."""
    with connect(database_url(load_settings(), Role.READER), autocommit=True) as connection:
        try:
            done = export_model(connection, title, target, datetime.now(UTC), base_names(pairs))
        except BadDataError as error:
            raise StopError(str(error)) from None
    print_line(output_console(), f"{counted(len(done.files), 'file')} of {title} in {done.folder}")
