SELECT t.tgrelid::pg_catalog.int8 AS relation, t.tgname::pg_catalog.text AS name, t.tgtype::pg_catalog.int8 AS bits,
       t.tgenabled::pg_catalog.text AS enabled, t.tgconstraint <> 0 AS of_constraint,
       (n.nspname || '.' || p.proname)::pg_catalog.text AS function
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE NOT t.tgisinternal
 ORDER BY t.tgrelid, t.tgname
