SELECT COUNT(*) AS `count` FROM information_schema.TABLES WHERE {schemas}
