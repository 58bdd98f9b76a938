//! Whether data are sensitive and whether the server can be reached from elsewhere: the condition of the security gate.
//! It never keeps or shows a value; columns are recognised by name and by counts of what values look like.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Field, TypeFamily};
use dbwright_model::policy::{Declared, Policy};
use dbwright_model::security::{AdmissionRule, Reach};
use dbwright_model::{Engine, FactKind, Facts, ObjectName, Reading};

/// What makes data sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Passwords, tokens, keys.
    Credentials,
    /// Numbers and dates that identify a person.
    Identity,
    /// Names of persons.
    PersonName,
    /// Ways to reach a person.
    Contact,
    /// Cards and accounts.
    Payment,
    /// Health, belief, income.
    Intimate,
}

impl Category {
    /// The words for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Identity => "identity numbers or birth dates",
            Self::PersonName => "names of persons",
            Self::Contact => "contact data",
            Self::Payment => "payment data",
            Self::Intimate => "health, belief or income",
        }
    }
}

/// A column that was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensitiveColumn {
    /// Its table.
    pub table: ObjectName,
    /// Its name.
    pub column: String,
    /// What it seems to hold.
    pub category: Category,
    /// Whether its values gave it away (else its name).
    pub by_values: bool,
}

/// The columns that look sensitive, in the catalog's order.
#[must_use]
pub fn columns(facts: &Facts) -> Vec<SensitiveColumn> {
    let mut found = Vec::new();
    for collection in &facts.catalog.collections {
        for field in &collection.fields {
            let by_values = looks_like_mail(field);
            let category = if by_values { Some(Category::Contact) } else { by_name(field) };
            if let Some(category) = category {
                found.push(SensitiveColumn { table: collection.name.clone(), column: field.name.clone(), category, by_values });
            }
        }
    }
    found
}

/// Ten texts at least, half of them mail addresses.
fn looks_like_mail(field: &Field) -> bool {
    field.values.as_ref().is_some_and(|values| values.texts >= 10 && values.email_like * 2 >= values.texts)
}

/// Words that must stand side by side in a column's name, what they mean, and whether only text can hold it.
const WORDS: &[(&[&str], Category, bool)] = &[
    (&["password"], Category::Credentials, true),
    (&["passwd"], Category::Credentials, true),
    (&["pwd"], Category::Credentials, true),
    (&["passphrase"], Category::Credentials, true),
    (&["secret"], Category::Credentials, true),
    (&["api", "key"], Category::Credentials, true),
    (&["apikey"], Category::Credentials, true),
    (&["private", "key"], Category::Credentials, true),
    (&["access", "token"], Category::Credentials, true),
    (&["refresh", "token"], Category::Credentials, true),
    (&["auth", "token"], Category::Credentials, true),
    (&["session", "token"], Category::Credentials, true),
    (&["ssn"], Category::Identity, false),
    (&["social", "security"], Category::Identity, false),
    (&["passport"], Category::Identity, true),
    (&["national", "id"], Category::Identity, false),
    (&["tax", "id"], Category::Identity, false),
    (&["driver", "license"], Category::Identity, true),
    (&["dob"], Category::Identity, false),
    (&["birthday"], Category::Identity, false),
    (&["birthdate"], Category::Identity, false),
    (&["birth", "date"], Category::Identity, false),
    (&["date", "of", "birth"], Category::Identity, false),
    (&["born", "on"], Category::Identity, false),
    (&["first", "name"], Category::PersonName, true),
    (&["firstname"], Category::PersonName, true),
    (&["last", "name"], Category::PersonName, true),
    (&["lastname"], Category::PersonName, true),
    (&["surname"], Category::PersonName, true),
    (&["given", "name"], Category::PersonName, true),
    (&["family", "name"], Category::PersonName, true),
    (&["full", "name"], Category::PersonName, true),
    (&["maiden", "name"], Category::PersonName, true),
    (&["email"], Category::Contact, true),
    (&["e", "mail"], Category::Contact, true),
    (&["mail", "address"], Category::Contact, true),
    (&["phone"], Category::Contact, false),
    (&["telephone"], Category::Contact, false),
    (&["mobile", "number"], Category::Contact, false),
    (&["street"], Category::Contact, true),
    (&["home", "address"], Category::Contact, true),
    (&["postal", "address"], Category::Contact, true),
    (&["ip", "address"], Category::Contact, true),
    (&["client", "ip"], Category::Contact, true),
    (&["iban"], Category::Payment, true),
    (&["card", "number"], Category::Payment, false),
    (&["credit", "card"], Category::Payment, true),
    (&["cvv"], Category::Payment, false),
    (&["cvc"], Category::Payment, false),
    (&["account", "number"], Category::Payment, false),
    (&["bank", "account"], Category::Payment, true),
    (&["diagnosis"], Category::Intimate, true),
    (&["medical"], Category::Intimate, true),
    (&["allergy"], Category::Intimate, true),
    (&["blood", "type"], Category::Intimate, true),
    (&["religion"], Category::Intimate, true),
    (&["ethnicity"], Category::Intimate, true),
    (&["salary"], Category::Intimate, false),
    (&["income"], Category::Intimate, false),
];

/// Words that turn the rest of a name into a remark about it: when, how often, whether, in which form.
const ABOUT: &[&str] = &[
    "at",
    "count",
    "verified",
    "confirmed",
    "enabled",
    "required",
    "changed",
    "attempts",
    "template",
    "subject",
    "policy",
    "length",
    "type",
];

/// What the name says the column holds.
#[must_use]
pub fn by_name(field: &Field) -> Option<Category> {
    let words = words(&field.name);
    let last = words.last()?.as_str();
    let remark = ABOUT.contains(&last) && !(words.len() == 2 && words[0] == "blood");
    if remark || matches!(field.family, TypeFamily::Boolean | TypeFamily::Interval) {
        return None;
    }
    let holds_text = !matches!(
        field.family,
        TypeFamily::Integer
            | TypeFamily::Decimal
            | TypeFamily::Float
            | TypeFamily::Money
            | TypeFamily::Date
            | TypeFamily::Time
            | TypeFamily::Timestamp
            | TypeFamily::TimestampWithZone
    );
    let says = |pattern: &[&str]| words.windows(pattern.len()).any(|window| window.iter().map(String::as_str).eq(pattern.iter().copied()));
    WORDS.iter().find(|(pattern, _, text_only)| (holds_text || !text_only) && says(pattern)).map(|(_, category, _)| *category)
}

/// The words of a name: parted by anything but letters and by a capital after a small letter, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_small = false;
    for letter in name.chars() {
        if !letter.is_alphabetic() || letter.is_uppercase() && before_small {
            words.push(String::new());
        }
        before_small = letter.is_lowercase();
        if let (true, Some(word)) = (letter.is_alphabetic(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// An answer that may be open, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Yes, no, or not known.
    pub value: Option<bool>,
    /// Why, as a sentence.
    pub reason: String,
}

/// Both halves of the condition under which the security gate applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Whether the data are sensitive.
    pub sensitive: Answer,
    /// Whether the server is reachable from elsewhere.
    pub reachable: Answer,
}

impl Condition {
    /// By the policy's declaration where there is one, else computed.
    #[must_use]
    pub fn of(facts: &Facts, policy: &Policy) -> Self {
        Self {
            sensitive: policy.sensitive_data.as_ref().map_or_else(|| sensitive(facts), |declared| said("sensitive", declared)),
            reachable: policy.reachable.as_ref().map_or_else(|| reachable(facts), |declared| said("reachable", declared)),
        }
    }

    /// Whether the gate applies: yes when either half holds, no when both don't, else not known.
    #[must_use]
    pub fn applies(&self) -> Option<bool> {
        match (self.sensitive.value, self.reachable.value) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }

    /// Both reasons.
    #[must_use]
    pub fn reason(&self) -> String {
        format!("{} {}", self.sensitive.reason, self.reachable.reason)
    }
}

fn said(what: &str, declared: &Declared) -> Answer {
    let no = if declared.value { "" } else { "not " };
    Answer { value: Some(declared.value), reason: format!("Declared {no}{what}: {}.", declared.reason.trim_end_matches('.')) }
}

/// By the columns' names and values.
#[must_use]
pub fn sensitive(facts: &Facts) -> Answer {
    let looked_at: usize = facts.catalog.collections.iter().map(|collection| collection.fields.len()).sum();
    let profiled = facts.catalog.collections.iter().flat_map(|one| &one.fields).filter(|field| field.values.is_some()).count();
    let found = columns(facts);
    if let Some(first) = found.first() {
        let mut counts: BTreeMap<Category, usize> = BTreeMap::new();
        for column in &found {
            *counts.entry(column.category).or_default() += 1;
        }
        let kinds: Vec<String> = counts.iter().map(|(category, count)| format!("{count} {}", category.title())).collect();
        let place = first.table.with_columns(&[&first.column]);
        let reason = format!("{} of {looked_at} columns look sensitive ({}), {place} for one.", found.len(), kinds.join(", "));
        return Answer { value: Some(true), reason };
    }
    match facts.reading(FactKind::Catalog) {
        Reading::Read if looked_at > 0 => Answer {
            value: Some(false),
            reason: format!("None of {looked_at} columns looks sensitive by its name, none of {profiled} by its values."),
        },
        _ => Answer { value: None, reason: "Whether the data are sensitive can't be told: declare it under [data] sensitive.".to_owned() },
    }
}

/// By the addresses the server listens on, the rules that admit clients, and how it was reached just now.
#[must_use]
pub fn reachable(facts: &Facts) -> Answer {
    let answer = |value, reason: &str| Answer { value, reason: reason.to_owned() };
    if facts.target.engine == Engine::Sqlite {
        return answer(Some(false), "It is a file without a server.");
    }
    if facts.target.scratch {
        return answer(None, "A scratch server says nothing of the reach of the real one: declare it under [data] reachable.");
    }
    let listen = listen_addresses(facts);
    if listen.is_empty() {
        return match facts.security.connection.reach {
            Reach::Network => answer(Some(true), "It was reached over a network."),
            _ => answer(None, "On which addresses it listens could not be read: declare it under [data] reachable."),
        };
    }
    let Some(public) = listen.iter().find(|address| !is_local(address)) else {
        return answer(Some(false), "It listens on this machine alone.");
    };
    if protected(facts) {
        return answer(Some(false), "Protected mode refuses every client from elsewhere.");
    }
    let remote: Vec<&AdmissionRule> = facts.security.admission.iter().filter(|rule| admits_remote(rule)).collect();
    if !facts.security.admission.is_empty() && facts.reading(FactKind::Admission) == Reading::Read && remote.is_empty() {
        return answer(Some(false), "It listens on a network, but its rules admit no client from elsewhere.");
    }
    Answer { value: Some(true), reason: format!("It listens on {public}.") }
}

/// The addresses, from the security facts or from the setting that holds them.
#[must_use]
pub fn listen_addresses(facts: &Facts) -> Vec<String> {
    if !facts.security.listen.is_empty() {
        return facts.security.listen.clone();
    }
    let setting = ["listen_addresses", "bind_address", "bind"].iter().find_map(|name| facts.settings.get(*name));
    let parts =
        setting.map(|setting| setting.value.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect());
    parts.unwrap_or_default()
}

/// Whether an address is this machine's own: loopback or a socket's path.
#[must_use]
pub fn is_local(address: &str) -> bool {
    let host = address.trim_start_matches('-').trim_start_matches('[');
    host == "localhost"
        || host.starts_with("localhost:")
        || host.starts_with("127.")
        || host.starts_with("::1")
        || host.starts_with(['/', '@'])
}

/// Whether a rule lets in a client that is not on this machine.
#[must_use]
pub fn admits_remote(rule: &AdmissionRule) -> bool {
    rule.kind.starts_with("host") && rule.method != "reject" && rule.error.is_none() && !is_local(&rule.address)
}

/// Redis without a password and with protected mode answers its own machine only.
fn protected(facts: &Facts) -> bool {
    let on = facts.settings.get("protected-mode").is_some_and(|setting| setting.value == "yes");
    on && facts.security.roles.iter().any(|role| role.name == "default" && role.password_empty == Some(true))
}

#[cfg(test)]
mod tests {
    use dbwright_model::catalog::{Collection, ValueProfile};
    use dbwright_model::{Coverage, Timestamp};

    use super::*;

    fn field(name: &str, family: TypeFamily) -> Field {
        Field { name: name.into(), family, ..Field::default() }
    }

    fn facts(engine: Engine, fields: Vec<Field>) -> Facts {
        let mut facts = Facts::empty(engine, "15.18", "shop", Timestamp(0));
        facts.coverage.push(Coverage { fact: FactKind::Catalog, state: Reading::Read, detail: String::new(), hint: None });
        facts.catalog.collections.push(Collection { name: ObjectName::bare("t"), fields, ..Collection::default() });
        facts
    }

    #[test]
    fn recognises_names_in_any_spelling() {
        for name in
            ["email", "customer_email", "contactEmail", "EMAIL_ADDRESS", "firstName", "password_hash", "Phone", "creditCardNumber", "iban"]
        {
            assert!(by_name(&field(name, TypeFamily::Text)).is_some(), "{name}");
        }
        assert_eq!(by_name(&field("date_of_birth", TypeFamily::Date)), Some(Category::Identity));
        assert_eq!(by_name(&field("salary", TypeFamily::Decimal)), Some(Category::Intimate));
    }

    #[test]
    fn look_alikes_stay_quiet() {
        for name in [
            "email_verified",
            "password_changed_at",
            "email_count",
            "token",
            "name",
            "address_id",
            "passwordless_",
            "emailing",
            "pwds",
            "phone_type",
        ] {
            assert_eq!(by_name(&field(name, TypeFamily::Text)), None, "{name}");
        }
        assert_eq!(by_name(&field("email", TypeFamily::Boolean)), None);
        assert_eq!(by_name(&field("email", TypeFamily::Integer)), None);
    }

    #[test]
    fn values_give_a_column_away() {
        let mut odd = field("c7", TypeFamily::Text);
        odd.values = Some(ValueProfile { texts: 100, email_like: 90, ..ValueProfile::default() });
        let found = columns(&facts(Engine::Sqlite, vec![odd]));
        assert!(found.len() == 1 && found[0].by_values && found[0].category == Category::Contact);
    }

    #[test]
    fn the_condition_is_open_while_a_half_is_unknown() {
        let policy = Policy::default();
        let plain = facts(Engine::Postgresql, vec![field("x", TypeFamily::Integer)]);
        assert_eq!(Condition::of(&plain, &policy).applies(), None);
        let file = facts(Engine::Sqlite, vec![field("x", TypeFamily::Integer)]);
        assert_eq!(Condition::of(&file, &policy).applies(), Some(false));
        let personal = facts(Engine::Postgresql, vec![field("email", TypeFamily::Text)]);
        assert_eq!(Condition::of(&personal, &policy).applies(), Some(true));
        let declared = Policy { sensitive_data: Some(Declared { value: false, reason: "invented".into() }), ..Policy::default() };
        let condition = Condition::of(&facts(Engine::Sqlite, vec![field("email", TypeFamily::Text)]), &declared);
        assert!(condition.applies() == Some(false) && condition.reason().contains("invented"));
    }

    #[test]
    fn reach_follows_addresses_and_admission() {
        let mut server = facts(Engine::Postgresql, vec![]);
        server.security.listen = vec!["localhost".into()];
        assert_eq!(reachable(&server).value, Some(false));
        server.security.listen = vec!["*".into()];
        assert_eq!(reachable(&server).value, Some(true));
        let rule = |address: &str| AdmissionRule {
            kind: "host".into(),
            address: address.into(),
            method: "scram-sha-256".into(),
            ..AdmissionRule::default()
        };
        server.security.admission = vec![rule("127.0.0.1/32"), rule("::1/128")];
        assert_eq!(reachable(&server).value, Some(true), "the list may be incomplete while it is not marked as read");
        server.coverage.push(Coverage { fact: FactKind::Admission, state: Reading::Read, detail: String::new(), hint: None });
        assert_eq!(reachable(&server).value, Some(false));
        server.security.admission.push(rule("0.0.0.0/0"));
        assert_eq!(reachable(&server).value, Some(true));
    }
}
