CREATE TABLE author (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE book (id integer PRIMARY KEY, author_id integer NOT NULL, title text NOT NULL);
CREATE INDEX book_author ON book (author_id);
CREATE TABLE loan (id integer PRIMARY KEY, book_id integer NOT NULL, lent_on date NOT NULL);
CREATE INDEX loan_book ON loan (book_id);
