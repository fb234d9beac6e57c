"""A simulated exchange. Everything in here is invented: it says nothing about profit (law 10)."""
