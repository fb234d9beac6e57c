"""Models: how each is fitted, judged without leaks, and registered. What serves them is hydra/registry."""
