-- Makes others that register or publish models of this name wait for the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('ml.models ' || %(name)s, 0));
