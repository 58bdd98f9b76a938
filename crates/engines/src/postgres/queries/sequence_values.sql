SELECT s.seqrelid::pg_catalog.int8 AS oid, v.last_value::pg_catalog.text AS last, v.is_called::pg_catalog.text AS used
  FROM pg_catalog.pg_sequence AS s
  JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace,
       LATERAL pg_catalog.pg_get_sequence_data(s.seqrelid) AS v
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT')
