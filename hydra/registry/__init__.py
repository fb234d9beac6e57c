"""Models in the database: registered with their manifest, judged by gates, published, pinned, rolled back."""
