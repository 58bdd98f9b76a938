SELECT DISTINCT n.nspname::pg_catalog.text AS schema, t.typname::pg_catalog.text AS name, e.extname::pg_catalog.text AS extension
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm', 'v')
  JOIN pg_catalog.pg_type AS w ON w.oid = a.atttypid
  JOIN pg_catalog.pg_type AS t ON t.oid = CASE WHEN w.typelem <> 0 AND w.typlen = -1 AND w.typcategory = 'A' THEN w.typelem ELSE w.oid END
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e'
  JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
 WHERE a.attnum > 0 AND NOT a.attisdropped
 ORDER BY 1, 2
