//! Rules on who may come in and what they may do. They never judge the access of a scratch server.

use crate::rule::Rule;

mod application_is_superuser;
mod audit_off;
mod backup_unencrypted;
mod certificate_expiring;
mod dangerous_feature;
mod definer_search_path;
mod empty_password;
mod excess_privilege;
mod exposed_listener;
mod no_encryption_at_rest;
mod outdated_server;
mod plaintext_accepted;
mod public_create;
mod readable_files;
mod row_security_bypassed;
mod sensitive_data_unprotected;
mod trust_authentication;
mod versions;
mod weak_password_hash;
mod weak_tls;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &application_is_superuser::RULE,
    &audit_off::RULE,
    &backup_unencrypted::RULE,
    &certificate_expiring::RULE,
    &dangerous_feature::RULE,
    &definer_search_path::RULE,
    &empty_password::RULE,
    &excess_privilege::RULE,
    &exposed_listener::RULE,
    &no_encryption_at_rest::RULE,
    &outdated_server::RULE,
    &plaintext_accepted::RULE,
    &public_create::RULE,
    &readable_files::RULE,
    &row_security_bypassed::RULE,
    &sensitive_data_unprotected::RULE,
    &trust_authentication::RULE,
    &weak_password_hash::RULE,
    &weak_tls::RULE,
];
