-- The indexes that were made with each of ours: itself, or one for each partition.
SELECT c.relname::pg_catalog.text AS name, x.oid::pg_catalog.int8 AS member
  FROM pg_catalog.pg_class AS c
  CROSS JOIN LATERAL pg_catalog.pg_partition_tree(c.oid) AS t
  JOIN pg_catalog.pg_class AS x ON x.oid = t.relid
 WHERE c.relname LIKE $1 AND c.relkind IN ('i', 'I') AND x.relkind = 'i'
 UNION
SELECT c.relname::pg_catalog.text, c.oid::pg_catalog.int8 FROM pg_catalog.pg_class AS c WHERE c.relname LIKE $1 AND c.relkind = 'i'
