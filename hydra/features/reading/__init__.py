"""The facts behind decisions, read from the database as they were known at a point in time."""
