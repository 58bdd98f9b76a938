-- Sizes as the planner sees them. A relation under an exclusive lock is not measured: it keeps the size that the catalog remembers.
WITH locked AS (
  SELECT ARRAY(SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())) AS relations
)
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name, c.relkind = 'i' AS is_index,
       c.reltuples::pg_catalog.float8 AS rows, c.relpages::pg_catalog.int8 AS pages, c.relallvisible::pg_catalog.int8 AS visible_pages,
       CASE WHEN c.relkind IN ('p', 'I') THEN 0
            WHEN c.oid = ANY (w.relations) THEN c.relpages::pg_catalog.int8
            ELSE pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8 END AS blocks,
       c.relkind = 'f' AS is_foreign, c.relrowsecurity AS row_security, m.amname::pg_catalog.text AS method
  FROM locked AS w CROSS JOIN pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
 WHERE c.relkind IN ('r', 'p', 'm', 'i', 'f') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (c.relkind <> 'i' OR EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = c.oid AND i.indisvalid))
 ORDER BY n.nspname, c.relname
