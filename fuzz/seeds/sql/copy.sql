COPY t (a, b) FROM stdin;
1	2
\N	x
\.
SELECT 1;