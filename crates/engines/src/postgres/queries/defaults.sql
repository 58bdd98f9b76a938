-- Printing an expression opens its table: where that is locked, the expression is left out instead of waited for.
WITH w AS (
  SELECT ARRAY(SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                     WHERE d.datname = pg_catalog.current_database())) AS locked
)
SELECT f.adrelid::pg_catalog.int8 AS relation, f.adnum::pg_catalog.int8 AS number,
       CASE WHEN f.adrelid <> ALL (w.locked)
            THEN pg_catalog.left(pg_catalog.pg_get_expr(f.adbin, f.adrelid), 10000) END AS expression
  FROM w CROSS JOIN pg_catalog.pg_attrdef AS f
  JOIN pg_catalog.pg_class AS c ON c.oid = f.adrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE f.adrelid BETWEEN $1 AND $2 AND c.oid BETWEEN $1 AND $2 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY f.adrelid, f.adnum
