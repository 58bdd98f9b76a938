SELECT * FROM mysql.user
