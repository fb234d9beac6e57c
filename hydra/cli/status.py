"""`hydra status`."""


def command() -> None:
    """Placeholder until the verb lands."""
