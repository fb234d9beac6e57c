-- Takes a named lock for the life of this session, unless another session has it.
SELECT hydra.take_lock(%(name)s);
