"""`hydra doctor`."""


def command() -> None:
    """Placeholder until the verb lands."""
