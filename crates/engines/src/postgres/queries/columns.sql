SELECT a.attrelid::pg_catalog.int8 AS relation, a.attnum::pg_catalog.int8 AS number, a.attname::pg_catalog.text AS name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type_name,
       COALESCE(b.typname, t.typname)::pg_catalog.text AS base, t.typtype::pg_catalog.text AS type_kind,
       COALESCE(b.typcategory, t.typcategory)::pg_catalog.text AS category,
       a.attlen::pg_catalog.int8 AS width, a.attalign::pg_catalog.text AS alignment,
       (CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END)::pg_catalog.int8 AS modifier,
       a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS required,
       a.attidentity <> '' AS identity, a.attgenerated <> '' AS generated,
       CASE WHEN a.attcollation <> t.typcollation THEN l.collname END::pg_catalog.text AS collation,
       a.attstorage::pg_catalog.text AS storage, a.attcompression::pg_catalog.text AS compression,
       pg_catalog.left(d.description, 10000) AS comment
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_type AS b ON t.typtype = 'd' AND b.oid = t.typbasetype
  LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
  LEFT JOIN pg_catalog.pg_description AS d
    ON d.objoid = a.attrelid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = a.attnum
 WHERE a.attnum > 0 AND NOT a.attisdropped
   AND a.attrelid BETWEEN $1 AND $2 AND c.oid BETWEEN $1 AND $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY a.attrelid, a.attnum
