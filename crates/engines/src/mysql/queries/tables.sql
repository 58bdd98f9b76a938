SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `name`, TABLE_TYPE AS `type`, ENGINE AS `engine`, ROW_FORMAT AS `row_format`, TABLE_ROWS AS `rows`,
       DATA_LENGTH AS `data_bytes`, INDEX_LENGTH AS `index_bytes`, DATA_FREE AS `free_bytes`, AUTO_INCREMENT AS `next_number`,
       TABLE_COLLATION AS `collation`, CREATE_OPTIONS AS `options`, TABLE_COMMENT AS `comment`
FROM information_schema.TABLES WHERE {schemas}
