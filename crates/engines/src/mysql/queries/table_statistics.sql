SELECT database_name AS `schema`, table_name AS `name`, n_rows AS `rows`, clustered_index_size AS `clustered_pages`, sum_of_other_index_sizes AS `other_pages`,
       UNIX_TIMESTAMP(last_update) AS `updated`
FROM mysql.innodb_table_stats WHERE database_name NOT IN ('mysql', 'sys')
