-- Nothing is wrong here: no warning may come.
CREATE TABLE country (code VARCHAR(2) PRIMARY KEY, name VARCHAR(80) NOT NULL UNIQUE);
CREATE TABLE member (
    id INTEGER PRIMARY KEY,
    email VARCHAR(200) NOT NULL UNIQUE,
    country_code VARCHAR(2) NOT NULL REFERENCES country (code),
    zip VARCHAR(10) NOT NULL
);
CREATE INDEX member_country ON member (country_code);
CREATE TABLE club (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL UNIQUE);
CREATE TABLE membership (
    member_id INTEGER NOT NULL REFERENCES member (id),
    club_id INTEGER NOT NULL REFERENCES club (id),
    PRIMARY KEY (member_id, club_id)
);
CREATE INDEX membership_club ON membership (club_id, member_id);
