"""The simulated market. It is invented: its results say nothing about profit (law 10)."""
