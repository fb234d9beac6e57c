"""What keeps a run alive: clock, supervisor, worker processes, broker and notifications."""
