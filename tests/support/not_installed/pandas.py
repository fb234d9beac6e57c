"""Stands before pandas in the processes that tests start: HYDRA does not need it, and users do not have it.

Arrow imports it where it is installed, as it is for some comparisons here: a third of a second a process.
"""

raise ImportError("HYDRA is installed without pandas")
