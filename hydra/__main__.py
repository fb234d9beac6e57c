"""`python -m hydra`."""

from hydra.cli.entry import main

main()
