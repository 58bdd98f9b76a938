CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES author (id), title TEXT NOT NULL);
CREATE INDEX book_author ON book (author_id);
-- Refers without saying so: all values are there, and none is missing.
CREATE TABLE loan (id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL, lent_on TEXT NOT NULL);
CREATE INDEX loan_book ON loan (book_id);
