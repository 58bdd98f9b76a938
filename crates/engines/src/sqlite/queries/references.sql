SELECT t.name, r.id, r."table", r."from", r."to", r.on_update, r.on_delete
FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS r
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY t.name, r.id DESC, r.seq
