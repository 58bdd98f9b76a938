SELECT COUNT(*) AS `count`, MAX(TIMESTAMPDIFF(SECOND, trx_started, UTC_TIMESTAMP())) AS `oldest_seconds` FROM information_schema.INNODB_TRX
