INSERT INTO author SELECT i, 'Author ' || i FROM generate_series(1, 300) AS s (i);
INSERT INTO book SELECT i, CASE WHEN i % 500 = 7 THEN 9000 + i ELSE 1 + i % 300 END, 'Title ' || i FROM generate_series(1, 2000) AS s (i);
INSERT INTO loan SELECT i, 1 + (i * 7) % 2000, date '2026-01-01' + i % 300 FROM generate_series(1, 4000) AS s (i);
ALTER TABLE book ADD CONSTRAINT book_author_fk FOREIGN KEY (author_id) REFERENCES author (id) NOT VALID;
