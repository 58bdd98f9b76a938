-- Tables, partitions, views, materialised views, foreign tables. The expressions of a relation under an exclusive lock are
-- left out, since printing them would wait.
WITH locked AS (
  SELECT l.relation FROM pg_catalog.pg_locks AS l
   WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
)
SELECT c.oid::pg_catalog.int8 AS oid, c.relnamespace::pg_catalog.int8 AS schema, c.relname::pg_catalog.text AS name,
       c.relkind::pg_catalog.text AS kind, c.relpersistence::pg_catalog.text AS persistence, c.relispartition AS is_partition,
       pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text AS owner, m.amname::pg_catalog.text AS method,
       c.reltuples::pg_catalog.float8 AS rows, c.relpages::pg_catalog.int8 AS pages,
       c.relallvisible::pg_catalog.int8 AS all_visible, c.reloptions::pg_catalog.text[] AS options,
       c.relrowsecurity AS row_security, c.relforcerowsecurity AS row_security_forced,
       c.relhastriggers AS has_triggers,
       CASE WHEN c.relfrozenxid <> '0' THEN pg_catalog.age(c.relfrozenxid) END::pg_catalog.int8 AS transaction_age,
       c.relacl::pg_catalog.text[] AS acl,
       pg_catalog.left(d.description, 10000) AS comment,
       CASE WHEN c.relispartition AND k.relation IS NULL THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid)
            WHEN c.relispartition THEN '?' END AS bound,
       p.partstrat::pg_catalog.text AS strategy,
       p.partattrs::pg_catalog.int2[]::pg_catalog.int8[] AS partition_columns,
       CASE WHEN p.partexprs IS NOT NULL AND k.relation IS NULL THEN pg_catalog.pg_get_expr(p.partexprs, c.oid) END AS partition_expressions,
       ARRAY(SELECT i.inhparent::pg_catalog.int8 FROM pg_catalog.pg_inherits AS i
              WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
       EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e') AS of_extension,
       k.relation IS NOT NULL AS locked,
       pg_catalog.current_setting('block_size')::pg_catalog.int8 AS block_bytes
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
  LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
  LEFT JOIN pg_catalog.pg_description AS d
    ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0
  LEFT JOIN (SELECT DISTINCT relation FROM locked) AS k ON k.relation = c.oid
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY n.nspname, c.relname
