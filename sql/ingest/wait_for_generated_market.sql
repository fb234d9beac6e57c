-- Lets one generated market be stored at a time: the second process then finds what the first has stored.
SELECT pg_advisory_xact_lock(hashtext('hydra generated market'));
