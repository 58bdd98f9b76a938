SELECT i.name, p.cid, p.name, p."desc", p.coll
FROM sqlite_schema AS t, pragma_index_list(t.name) AS i, pragma_index_xinfo(i.name) AS p
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND p.key = 1
ORDER BY i.name, p.seqno
