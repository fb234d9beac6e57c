"""Renders a page from its template and writes it: every value shown and escaped."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hydra.errors import StopError
from hydra.outside_text import shown

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render(template: str, context: Mapping[str, Any]) -> str:
    """The page as text; a name that the context lacks is an error."""
    return _environment().get_template(template).render(**context)


def write_page(text: str, path: Path) -> None:
    """Write a page.

    Raises:
        StopError: the file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StopError(f"the report cannot be written to {path}: {error.strerror}") from None


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=_shown_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown_value(value: object) -> object:
    """What a template prints: text from outside shown; what is HTML already as it is."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value
