SELECT CONSTRAINT_SCHEMA AS `schema`, TABLE_NAME AS `table`, CONSTRAINT_NAME AS `name`, UPDATE_RULE AS `on_update`, DELETE_RULE AS `on_delete`
FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {constraint_schemas}
