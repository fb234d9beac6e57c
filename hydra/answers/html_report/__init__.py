"""The reports of a run and of a training, each one self-contained HTML page."""
