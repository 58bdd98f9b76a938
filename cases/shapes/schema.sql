-- Repeated columns.
CREATE TABLE contact (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, phone1 VARCHAR(20), phone2 VARCHAR(20), phone3 VARCHAR(20));
-- Several values in one column.
CREATE TABLE film (id INTEGER PRIMARY KEY, title VARCHAR(80) NOT NULL, genres VARCHAR(200) NOT NULL, plot VARCHAR(900) NOT NULL);
-- Names, values and the thing they belong to.
CREATE TABLE film_attribute (film_id INTEGER NOT NULL REFERENCES film (id), attribute VARCHAR(60) NOT NULL, value VARCHAR(200), PRIMARY KEY (film_id, attribute));
-- A reference that may mean two tables.
CREATE TABLE remark (id INTEGER PRIMARY KEY, commentable_type VARCHAR(40) NOT NULL, commentable_id INTEGER NOT NULL, body VARCHAR(900) NOT NULL);
-- A look-alike: numbered columns that are different things, and prose with commas.
CREATE TABLE parcel (id INTEGER PRIMARY KEY, film_id INTEGER NOT NULL REFERENCES film (id), line1 VARCHAR(80) NOT NULL, line2 VARCHAR(80), note VARCHAR(900) NOT NULL);
CREATE INDEX parcel_film ON parcel (film_id);
