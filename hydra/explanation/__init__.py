"""A decision told by a language model from its rows: for people, on request, and never for a decision."""
