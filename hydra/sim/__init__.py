"""A simulated exchange. Everything in here is invented: it says nothing about profit (DESIGN, law 10)."""
