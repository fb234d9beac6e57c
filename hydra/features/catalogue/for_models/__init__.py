"""Feature definitions that only the models to come read: the recipe and the sequence."""
