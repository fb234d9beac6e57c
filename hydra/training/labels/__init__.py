"""Labels: what came after a decision. Each kind is a file; all return the columns of `label_rows`."""
