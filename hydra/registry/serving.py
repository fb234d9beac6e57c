"""Which model scores signals: loaded, checked, or a sentence why not.

A model that cannot be used never stops a run that goes on: the one before keeps scoring, or the rule does.
Source: docs/architecture.md, laws 4 and 8.
"""

from dataclasses import dataclass, replace
from typing import Final

import psycopg

from hydra.domain import ModelStatus
from hydra.errors import BadDataError, StopError
from hydra.features.version import FEATURE_SET_VERSION
from hydra.layers.scorer import PUBLISHED, SCORERS, TWIN, Scorer
from hydra.registry.manifest import read_manifest
from hydra.registry.publishing import serving_model
from hydra.registry.store import StoredModel, load_model, read_model
from hydra.trading.model_scorer import ModelScorer

SIGNAL_SCORER: Final = "signal-scorer"
"""The name of the models that score signals."""


@dataclass(frozen=True)
class Served:
    """What scores. wanted: what the run asks for. sha256: of the model; None: the rule scores.

    complaint: why what is wanted does not score; None: it does.
    """

    wanted: str
    scorer: Scorer
    sha256: str | None = None
    complaint: str | None = None

    @property
    def record(self) -> dict[str, str | None]:
        """Columns of hydra.run_scorers."""
        return {
            "wanted": self.wanted,
            "score_kind": self.scorer.kind,
            "sha256": self.sha256,
            "complaint": self.complaint,
        }


def load_signal_scorer(
    connection: psycopg.Connection, title: str, *, needs_publication: bool = False
) -> tuple[ModelScorer, StoredModel]:
    """The scorer of a registered model, with its record.

    needs_publication: refuse what was not published; what is retired is refused always.

    Raises:
        StopError: there is none, it is retired, or it has to be published and is not.
        BadDataError: it cannot be loaded here (see `load_scorer`), or runs do not store its features.
    """
    model = read_model(connection, title)
    if model.status is ModelStatus.RETIRED:
        raise StopError(f"{title} is retired: choose another version")
    if needs_publication and model.status is not ModelStatus.PUBLISHED:
        raise StopError(
            f"{title} is not published, so no order at an exchange may rest on it: "
            f"`hydra models publish {title}`"
        )
    return loaded(connection, model), model


def loaded(connection: psycopg.Connection, model: StoredModel) -> ModelScorer:
    """The scorer of a model, whatever its status.

    Raises:
        StopError: it is gone from the database.
        BadDataError: it cannot be loaded here (see `load_scorer`), or runs do not store its features.
    """
    if model.feature_set_version != FEATURE_SET_VERSION:
        raise BadDataError(
            f"{model.title} is refused: it was trained on {model.feature_set_version}, this code computes "
            f"{FEATURE_SET_VERSION}: train it again"
        )
    features = read_manifest(model.manifest).features
    served = load_model(connection, model, features)
    return ModelScorer(model.title, features, served.probabilities)


def serve(
    connection: psycopg.Connection,
    wanted: str,
    held: Served | None = None,
    *,
    needs_publication: bool = False,
) -> Served:
    """What scores from now on. wanted: `PUBLISHED` or name@version. held: what scores now.

    A newly chosen version that cannot be used leaves the held model in place; where that is the one that
    cannot be used, or none is held, the rule scores.

    Raises:
        psycopg.OperationalError: the server went away.
    """
    title = wanted
    if wanted == PUBLISHED:
        chosen = serving_model(connection, SIGNAL_SCORER)
        if chosen is None:
            return Served(wanted, TWIN, complaint=f"no version of {SIGNAL_SCORER} is chosen: the rule scores")
        title = chosen.title
    try:
        scorer, model = load_signal_scorer(connection, title, needs_publication=needs_publication)
    except (BadDataError, StopError) as error:
        if held is not None and held.sha256 is not None and held.scorer.kind != title:
            return replace(held, complaint=f"{error}; {held.scorer.kind} keeps scoring")
        return Served(wanted, TWIN, complaint=f"{error}; the rule scores")
    return Served(wanted, scorer, model.sha256)


def startable(connection: psycopg.Connection, wanted: str, *, needs_publication: bool) -> Served | None:
    """What will score a run that is to start; None: a rule of its own does.

    Where `PUBLISHED` is wanted and cannot be used, the run starts by the rule and says so.

    Raises:
        StopError: a model that is named cannot be used.
    """
    if wanted in SCORERS:
        return None
    served = serve(connection, wanted, needs_publication=needs_publication)
    if wanted != PUBLISHED and served.complaint is not None:
        reason = served.complaint.removesuffix("; the rule scores")
        raise StopError(f"{reason}. Nothing was started: correct SIGNAL_SCORER, or leave it to the rule")
    return served
