SELECT s.seqrelid::pg_catalog.int8 AS oid, n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name,
       s.seqmax::pg_catalog.float8 AS most, s.seqmin::pg_catalog.float8 AS least, s.seqstart::pg_catalog.float8 AS start,
       s.seqincrement::pg_catalog.float8 AS increment, s.seqcycle AS cycles,
       o.refobjid::pg_catalog.int8 AS owner_relation, o.refobjsubid::pg_catalog.int8 AS owner_column
  FROM pg_catalog.pg_sequence AS s
  JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_depend AS o
    ON o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = s.seqrelid AND o.objsubid = 0
   AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY n.nspname, c.relname
