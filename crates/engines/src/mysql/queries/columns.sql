SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table`, COLUMN_NAME AS `name`, ORDINAL_POSITION AS `position`, COLUMN_DEFAULT AS `default`,
       IS_NULLABLE AS `nullable`, DATA_TYPE AS `data_type`, COLUMN_TYPE AS `type`, CHARACTER_MAXIMUM_LENGTH AS `length`, COLLATION_NAME AS `collation`,
       CHARACTER_SET_NAME AS `charset`, EXTRA AS `extra`, GENERATION_EXPRESSION AS `generated`, COLUMN_COMMENT AS `comment`
FROM information_schema.COLUMNS WHERE {schemas}
