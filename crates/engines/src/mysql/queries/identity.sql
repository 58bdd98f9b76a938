SELECT DATABASE() AS `database`, CURRENT_USER() AS `account`, @@hostname AS `host`, @@character_set_server AS `charset`, @@collation_server AS `collation`
