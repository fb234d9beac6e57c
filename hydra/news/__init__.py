"""News: headlines in, the analyst's views out. Advisory: a view only restricts (docs/news.md)."""
