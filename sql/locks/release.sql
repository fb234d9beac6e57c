-- Gives a named lock back.
SELECT hydra.release_lock(%(name)s);
