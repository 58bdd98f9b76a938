INSERT INTO article (id, slug, author, published_on, section) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
SELECT i, 'slug-' || i, 'Author ' || (i * 13 % 700), CASE WHEN i % 3 > 0 THEN CAST('2026-05-01' AS DATE) END, 'section ' || (i % 30) FROM n;
