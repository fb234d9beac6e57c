"""`hydra import_history`."""


def command() -> None:
    """Placeholder until the verb lands."""
