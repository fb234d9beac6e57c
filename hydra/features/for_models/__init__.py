"""Inputs of future models: the recipe, the windows of the sequence model, the exit predictor."""
