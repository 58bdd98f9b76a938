INSERT INTO author (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, 'Author ' || i FROM n;
INSERT INTO book (id, author_id, title) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i, CASE WHEN i % 500 = 7 THEN 9000 + i ELSE 1 + i % 300 END, 'Title ' || i FROM n;
INSERT INTO loan (id, book_id, lent_on) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) SELECT i, 1 + (i * 7) % 2000, date('2026-01-01', '+' || (i % 300) || ' days') FROM n;
