CREATE TABLE employee (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    salary REAL NOT NULL,
    hired TEXT NOT NULL,
    country TEXT NOT NULL,
    nickname TEXT NOT NULL,
    badge TEXT NOT NULL,
    active TEXT NOT NULL,
    born TEXT NOT NULL,
    device TEXT NOT NULL,
    settings TEXT NOT NULL,
    postal_code TEXT NOT NULL
);
