SELECT @@version AS `version`, @@version_comment AS `comment`
