//! Signatures that count and those that do not.

use ssh_key::private::{Ed25519Keypair, KeypairData};

use super::*;

fn key(seed: u8) -> PrivateKey {
    let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&[seed; 32]));
    PrivateKey::new(pair, "test").expect("a key of a seed")
}

fn statement() -> Statement {
    let record = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Record>();
    Statement {
        by: "ada@example.org".into(),
        on: "2026-11-20".into(),
        database: "shop".into(),
        reason: "Reviewed\nin the meeting".into(),
        accepted: vec![Accepted {
            rule: "schema/not-third-normal-form".into(),
            object: "sale.product_name".into(),
            reason: "frozen at the time of sale".into(),
        }],
        schema: vec![record(&["collection", "sale\n-----", "table"]), record(&["field", "id", "integer"])],
    }
}

fn allowed(options: &str, seed: u8) -> String {
    let public = key(seed).public_key().to_openssh().expect("a public key");
    format!("# who may approve\nbob@example.org {options} {public}\n*@example.org,!eve@* {options} {public}\n")
}

fn refusal(text: &str, signers: &str) -> String {
    verify(text, signers).expect_err("it must not count").to_string()
}

#[test]
fn a_signed_approval_counts_and_says_what_it_approved() {
    let text = sign(&write(&statement()), &key(1)).expect("signs");
    let approval = verify(&text, &allowed("namespaces=\"git,dbwright-*\",valid-after=\"20260101\"", 1)).expect("it counts");
    assert!(approval.signed && approval.key.starts_with("SHA256:"));
    assert_eq!((approval.by.as_str(), approval.reason.as_str()), ("ada@example.org", "Reviewed in the meeting"));
    assert_eq!(approval.schema_hash, schema_hash::of_records(&statement().schema));
    let ignores = ignores(&text).expect("it reads");
    assert_eq!((ignores[0].rule.as_str(), ignores[0].object.as_str()), ("schema/not-third-normal-form", "sale.product_name"));
    assert_eq!(ignores[0].waiver.by.as_deref(), Some("ada@example.org"));
}

#[test]
fn altered_foreign_and_unsigned_ones_do_not() {
    let text = sign(&write(&statement()), &key(1)).expect("signs");
    let signers = allowed("", 1);
    assert!(refusal(&text.replace("frozen", "warm"), &signers).contains("altered after it was signed"));
    assert!(refusal(&text.replace("\"integer\"", "\"bigint\""), &signers).contains("altered"));
    assert!(refusal(&text, &allowed("", 2)).contains("another key"));
    assert!(refusal(&text, "").contains("no line for ada@example.org"));
    assert!(refusal(&write(&statement()), &signers).contains("not signed"));
    assert!(refusal("hello", &signers).contains("no schema"));
    assert!(refusal(&text[..text.len() - 60], &signers).contains("can't be read"));
    let eve = Statement { by: "eve@example.org".into(), ..statement() };
    let text = sign(&write(&eve), &key(1)).expect("signs");
    assert!(refusal(&text, &signers).contains("no line for eve@example.org"));
}

#[test]
fn the_list_limits_purpose_and_time() {
    let text = sign(&write(&statement()), &key(1)).expect("signs");
    assert!(refusal(&text, &allowed("namespaces=\"git\"", 1)).contains("purposes"));
    assert!(refusal(&text, &allowed("valid-before=\"20261120\"", 1)).contains("only before"));
    assert!(refusal(&text, &allowed("valid-after=\"20261121\"", 1)).contains("only after"));
    assert!(refusal(&text, &allowed("cert-authority", 1)).contains("not supported"));
    let elsewhere = key(1).sign("git", HashAlg::Sha512, write(&statement()).as_bytes()).expect("signs");
    let text = signed(&write(&statement()), &elsewhere.to_pem(LineEnding::LF).expect("a signature"));
    assert!(refusal(&text, &allowed("", 1)).contains("made for \"git\""));
}
