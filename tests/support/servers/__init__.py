"""The database servers that the tests run against, and databases on them."""
