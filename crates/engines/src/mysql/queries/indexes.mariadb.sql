SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table`, INDEX_NAME AS `name`, NON_UNIQUE AS `repeats`, SEQ_IN_INDEX AS `position`, COLUMN_NAME AS `column`,
       COLLATION AS `direction`, SUB_PART AS `prefix`, INDEX_TYPE AS `method`, IGNORED AS `invisible`
FROM information_schema.STATISTICS WHERE {schemas}
