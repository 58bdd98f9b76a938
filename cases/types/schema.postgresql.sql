CREATE TABLE employee (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    salary double precision NOT NULL,
    hired timestamp NOT NULL,
    country char(2) NOT NULL,
    nickname char(20) NOT NULL,
    badge text NOT NULL,
    active text NOT NULL,
    born text NOT NULL,
    device text NOT NULL,
    settings text NOT NULL,
    postal_code text NOT NULL
);
