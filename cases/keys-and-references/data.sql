INSERT INTO customer (id, email) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i, 'c' || i || '@example.org' FROM n;
INSERT INTO visit (customer_id, page) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT 1 + i % 500, 'page ' || (i % 40) FROM n;
INSERT INTO invoice (id, customer_id, total_cents) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 1 + (i * 7) % 500, 100 + (i * 37) % 9000 FROM n;
INSERT INTO line (invoice_id, position, amount) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) SELECT 1 + i % 5000, 1 + i / 5000, i % 9 FROM n;
INSERT INTO reminder (id, invoice_id, sent_on) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, i * 3, CAST('2026-05-01' AS DATE) FROM n;
