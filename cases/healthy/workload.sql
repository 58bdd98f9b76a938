-- name: member by mail
SELECT id, country_code FROM member WHERE email = 'member77@example.org';
-- name: clubs of a member
SELECT c.id, c.name FROM club AS c JOIN membership AS m ON m.club_id = c.id WHERE m.member_id = 77 ORDER BY c.name;
-- name: size of a club
SELECT count(*) FROM membership WHERE club_id = 12;
