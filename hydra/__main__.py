"""`python -m hydra`."""

from hydra.cli.main import main

main()
