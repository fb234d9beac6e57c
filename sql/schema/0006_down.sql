-- The doorbells and their queue.
DROP SCHEMA doorbells CASCADE;
