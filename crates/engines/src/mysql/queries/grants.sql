SELECT GRANTEE AS `grantee`, PRIVILEGE_TYPE AS `privilege`, IS_GRANTABLE AS `grantable` FROM information_schema.USER_PRIVILEGES
