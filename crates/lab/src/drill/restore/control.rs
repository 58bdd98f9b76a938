//! Faults planted in a copy, each undone: a comparison that does not notice them proves nothing. They are never planted in
//! anything but the lab's copy.

use dbwright_engines::EngineError;
use dbwright_engines::postgres::Scratch;
use dbwright_model::drill::Control;

use super::compare;
use super::postgres::{Asked, Contents, sequences, sum, things};

/// The control of a verification that should have failed; none was there to verify.
pub(super) fn judged(fault: &str, verdict: Option<Result<(), String>>) -> Control {
    let (detected, detail) = match verdict {
        None => (None, "there is no manifest to verify by".to_owned()),
        Some(Ok(())) => (Some(false), "verifying found nothing".to_owned()),
        Some(Err(words)) => (Some(true), words),
    };
    Control { fault: fault.to_owned(), detected, detail: detail.chars().take(200).collect() }
}

/// Which comparison must notice.
enum By {
    Rows,
    Things,
    Sequences,
}

/// Plants faults one by one in transactions that are rolled back.
pub(super) async fn plant(copy: &Scratch, own: &Contents, by_text: bool) -> Vec<Control> {
    let largest = own
        .rows
        .iter()
        .filter(|(_, sum)| sum.rows > 0 && sum.rows < 5_000_000)
        .max_by_key(|(_, sum)| sum.rows)
        .map(|(name, _)| name.clone());
    let table = largest.unwrap_or_default();
    let quoted = table.replace('\'', "''");
    let bare = format!(
        "SET LOCAL session_replication_role = replica; DO $do$ DECLARE c record; BEGIN FOR c IN SELECT conname FROM pg_catalog.pg_constraint \
         WHERE conrelid = '{quoted}'::regclass AND contype <> 'n' LOOP EXECUTE pg_catalog.format('ALTER TABLE {quoted} DROP CONSTRAINT IF EXISTS %I CASCADE', c.conname); END LOOP; \
         FOR c IN SELECT indexrelid::regclass::text AS conname FROM pg_catalog.pg_index WHERE indrelid = '{quoted}'::regclass LOOP EXECUTE 'DROP INDEX IF EXISTS ' || c.conname || ' CASCADE'; END LOOP; END $do$; "
    );
    let first = format!("(SELECT ctid FROM ONLY {table} LIMIT 1)");
    let simple = format!(
        "DO $do$ DECLARE a text; BEGIN SELECT attname INTO STRICT a FROM pg_catalog.pg_attribute WHERE attrelid = '{quoted}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND atttypid IN (20, 21, 23, 1700, 701) ORDER BY attnum DESC LIMIT 1; \
         EXECUTE pg_catalog.format('UPDATE ONLY {quoted} SET %I = coalesce(%I, 0) - 1 WHERE ctid = {first}', a, a); END $do$"
    );
    let faults: [(&str, By, String); 6] = [
        ("a row changed", By::Rows, format!("{bare}{simple}")),
        ("a row duplicated", By::Rows, format!("{bare}INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM ONLY {table} LIMIT 1")),
        ("a row removed", By::Rows, format!("{bare}DELETE FROM ONLY {table} WHERE ctid = {first}")),
        (
            "an index dropped",
            By::Things,
            format!(
                "DO $do$ DECLARE i record; BEGIN SELECT indexrelid::regclass::text AS name, c.conname INTO STRICT i FROM pg_catalog.pg_index x LEFT JOIN pg_catalog.pg_constraint c ON c.conindid = x.indexrelid AND c.contype IN ('p', 'u', 'x') WHERE indrelid = '{quoted}'::regclass LIMIT 1; \
                     IF i.conname IS NULL THEN EXECUTE 'DROP INDEX ' || i.name; ELSE EXECUTE pg_catalog.format('ALTER TABLE {quoted} DROP CONSTRAINT %I CASCADE', i.conname); END IF; END $do$"
            ),
        ),
        (
            "a grant dropped",
            By::Things,
            format!(
                "DO $do$ BEGIN EXECUTE pg_catalog.format('REVOKE ALL ON {quoted} FROM %I', (SELECT pg_catalog.pg_get_userbyid(relowner) FROM pg_catalog.pg_class WHERE oid = '{quoted}'::regclass)); END $do$"
            ),
        ),
        (
            "a sequence moved back",
            By::Sequences,
            own.sequences.iter().find(|(_, (last, up))| *up && *last > 1).map_or_else(String::new, |(name, (last, _))| {
                format!("SELECT pg_catalog.setval('{}', {})", name.replace('\'', "''"), last - 1)
            }),
        ),
    ];
    let mut controls = Vec::new();
    for (fault, by, script) in faults {
        let nothing = if matches!(by, By::Sequences) { script.is_empty() } else { table.is_empty() };
        let (detected, detail) = if nothing {
            (None, "there is nothing in the database to plant it in".to_owned())
        } else {
            match tried(copy, &by, &script, &table, own, by_text).await {
                Ok(differences) if differences.is_empty() => (Some(false), "the comparison found nothing".to_owned()),
                Ok(differences) => (Some(true), differences[0].clone()),
                Err(error) => (None, format!("it could not be planted: {}", error.detail)),
            }
        };
        controls.push(Control { fault: fault.to_owned(), detected, detail });
    }
    controls
}

/// Compares before and after a fault that is then undone.
async fn tried(copy: &Scratch, by: &By, script: &str, table: &str, own: &Contents, by_text: bool) -> Result<Vec<String>, EngineError> {
    let run = |text: String| async move { copy.execute_script(&text).await.map_err(|error| error.error) };
    run("ROLLBACK; SET search_path = pg_catalog; SET client_min_messages = error; SET DateStyle = ISO; SET TimeZone = 'UTC'; SET extra_float_digits = 3; BEGIN".to_owned()).await?;
    let asked = Asked::Copy(copy);
    let differences = async {
        match by {
            By::Rows => {
                let before = sum(asked, table, by_text).await?;
                run(script.to_owned()).await?;
                let after = sum(asked, table, by_text).await?;
                let named = |sum| std::collections::BTreeMap::from([(table.to_owned(), sum)]);
                Ok(compare::rows(&named(before), &named(after)))
            }
            By::Things => {
                let before = things(asked).await?;
                run(script.to_owned()).await?;
                Ok(compare::things(&before, &things(asked).await?))
            }
            By::Sequences => {
                run(script.to_owned()).await?;
                Ok(compare::sequences(&own.sequences, &sequences(asked).await?))
            }
        }
    }
    .await;
    run("ROLLBACK".to_owned()).await?;
    differences
}
