-- pg_sequence_last_value() would take ROW EXCLUSIVE locks; reading the sequence's only row takes ACCESS SHARE.
-- The narrowest sequences come first, since those end first.
SELECT v.oid::pg_catalog.int8 AS oid,
       pg_catalog.substring(v.answer, '<last_value>(-?[0-9]+)</last_value>') AS last,
       pg_catalog.substring(v.answer, '<is_called>([a-z]+)</is_called>') AS used
  FROM (SELECT w.oid,
               pg_catalog.query_to_xml('SELECT last_value, is_called FROM ' || w.oid::pg_catalog.regclass::pg_catalog.text,
                                       false, true, '')::pg_catalog.text AS answer
          FROM (SELECT c.oid
                  FROM pg_catalog.pg_sequence AS s
                  JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
                  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                   AND pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT')
                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                                    WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock')
                 ORDER BY s.seqmax, c.oid
                 LIMIT 2000) AS w) AS v
