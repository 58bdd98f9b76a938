-- weight: heavy
-- params: (1, 2
SELECT $1