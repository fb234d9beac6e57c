"""Inputs of the models to come: the recipe, the windows of the sequence model, the exit predictor."""
