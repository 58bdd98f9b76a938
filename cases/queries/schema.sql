CREATE TABLE account (id INTEGER PRIMARY KEY, email VARCHAR(200) NOT NULL UNIQUE, referrer_id INTEGER REFERENCES account (id), opened_on DATE NOT NULL, city VARCHAR(80) NOT NULL);
CREATE INDEX account_referrer ON account (referrer_id);
CREATE INDEX account_opened ON account (opened_on);
CREATE TABLE booking (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account (id), cents INTEGER NOT NULL, booked_on DATE NOT NULL);
CREATE INDEX booking_account ON booking (account_id);
