SELECT i.dealloc AS evicted, (EXTRACT(epoch FROM i.stats_reset) * 1000000)::pg_catalog.int8 AS since
  FROM {schema}.pg_stat_statements_info AS i
