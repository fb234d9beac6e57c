-- Do not wait long for what another process has locked, until the transaction ends.
SET LOCAL lock_timeout = '3s';
