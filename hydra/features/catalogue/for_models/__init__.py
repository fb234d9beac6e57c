"""Feature definitions that only the models to come will read: the recipe and the sequence."""
