-- Planted: a city that hangs on the postal code, a room's name that hangs on part of a key, a course that hangs on its
-- teacher inside a key. Look-alikes: prices of the day, computed amounts, flags, and codes that only seem to go together.
CREATE TABLE customer (
    id       INTEGER PRIMARY KEY,
    email    VARCHAR(200) NOT NULL UNIQUE,
    zip      VARCHAR(10) NOT NULL,
    city     VARCHAR(80) NOT NULL,
    language VARCHAR(20) NOT NULL
);

CREATE TABLE booking (
    room_number INTEGER NOT NULL,
    day_number  INTEGER NOT NULL,
    room_name   VARCHAR(80) NOT NULL,
    guest       VARCHAR(80) NOT NULL,
    PRIMARY KEY (room_number, day_number)
);

CREATE TABLE enrolment (
    student_id INTEGER NOT NULL,
    course_id  INTEGER NOT NULL,
    teacher    VARCHAR(80) NOT NULL,
    PRIMARY KEY (student_id, course_id)
);

CREATE TABLE sale (
    id          INTEGER PRIMARY KEY,
    article     VARCHAR(20) NOT NULL,
    price_cents INTEGER NOT NULL,
    tax_cents   INTEGER NOT NULL,
    clerk       VARCHAR(20) NOT NULL
);
