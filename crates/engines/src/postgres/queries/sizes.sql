-- Sizes of the files of tables and of their values out of line. A relation under an exclusive lock is not measured, since
-- that would wait.
WITH w AS (
  SELECT ARRAY(SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                     WHERE d.datname = pg_catalog.current_database())) AS locked
)
SELECT c.oid::pg_catalog.int8 AS relation, pg_catalog.pg_relation_size(c.oid) AS bytes,
       CASE WHEN c.reltoastrelid <> 0 THEN pg_catalog.pg_total_relation_size(c.reltoastrelid) END AS large_value_bytes
  FROM w CROSS JOIN pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.oid BETWEEN $1 AND $2 AND c.relkind IN ('r', 'm') AND c.oid <> ALL (w.locked)
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
