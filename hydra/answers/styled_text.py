"""Text with colours for a terminal, made from parts; every part is shown, so none can act."""

from rich.text import Text

from hydra.outside_text import shown

Part = str | tuple[str, str]
"""Words, or words and their style: ("latched", "red")."""


def styled(*parts: Part) -> Text:
    """One line of `parts`. What looks like markup stays text."""
    return Text.assemble(
        *(shown(part) if isinstance(part, str) else (shown(part[0]), part[1]) for part in parts)
    )


def stacked(*lines: str) -> Text:
    """Lines one below the other, for a cell of a table."""
    return Text("\n").join(map(styled, lines))
