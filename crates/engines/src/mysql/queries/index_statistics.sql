SELECT database_name AS `schema`, table_name AS `table`, index_name AS `name`, stat_name AS `statistic`, stat_value AS `value`
FROM mysql.innodb_index_stats WHERE database_name NOT IN ('mysql', 'sys') AND (stat_name = 'size' OR stat_name LIKE 'n\\_diff%')
