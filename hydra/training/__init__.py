"""What models are trained and judged on: labels, their weights, splits without leaks."""
