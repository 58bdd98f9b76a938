//! What a restored copy must be able to do: take writes, hold sound tables and indexes, be backed up again. It never acts on
//! anything but the copy.

use super::*;

pub(super) fn promote(drill: &mut Restore<'_>, copy: &Copy, endpoint: &Endpoint) -> Result<(), Stop> {
    let runtime = drill.runtime.clone();
    let (root, user) = (copy.root.clone(), copy.superuser.clone());
    let database = endpoint.database.clone().unwrap_or_default();
    let outcome = drill.time.phase("promote", false, || -> Result<bool, EngineError> {
        runtime.block_on(async {
            let connection = connect_scratch_as(&root, PORT, &database, &user).await?;
            let state = connection
                .query_rows("SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_promote(true, 60)::text ELSE 'no need' END")
                .await?;
            Ok(state.rows.first().and_then(|row| row[0].clone()).is_some_and(|word| word != "false"))
        })
    });
    match outcome {
        Ok(true) => Ok(()),
        Ok(false) => Err(failed("promote", "the copy did not begin to take writes within 60 s")),
        Err(error) => Err(failed("promote", error.to_string())),
    }
}

/// Indexes valid and sound, tables sound, references and collations as they were.
pub(super) fn check_objects(drill: &mut Restore<'_>, copy: &Copy, database: &str) -> Result<(), Stop> {
    drill.now("checking tables and indexes");
    let runtime = drill.runtime.clone();
    let (root, user, base) = (copy.root.clone(), copy.superuser.clone(), database.to_owned());
    let found = drill.time.phase("check tables and indexes", false, || runtime.block_on(catalog::sound(&root, &user, &base)))?;
    match found {
        catalog::Sound::Checked { indexes, tables, wrong } => {
            drill.compared(
                "tables and indexes",
                wrong,
                format!("{indexes} B-tree indexes hold every row (amcheck), {tables} tables are sound"),
            );
        }
        catalog::Sound::Unable(why) => drill.record.undecided.push(format!("tables and indexes: {why}")),
    }
    Ok(())
}

pub(super) fn write_to(drill: &mut Restore<'_>, copy: &Copy, database: &str) -> Result<(), Stop> {
    let runtime = drill.runtime.clone();
    let (root, user, base) = (copy.root.clone(), copy.superuser.clone(), database.to_owned());
    let outcome = drill.time.phase("write", false, || {
        runtime.block_on(async {
            let connection = connect_scratch_as(&root, PORT, &base, &user).await?;
            let script = "CREATE SCHEMA dbwright_drill; CREATE TABLE dbwright_drill.t (a int PRIMARY KEY); INSERT INTO dbwright_drill.t SELECT pg_catalog.generate_series(1, 1000); \
                          DELETE FROM dbwright_drill.t WHERE a % 2 = 0; DROP SCHEMA dbwright_drill CASCADE";
            connection.execute_script(&format!("SET client_min_messages = error; {script}")).await.map_err(|error| error.error)
        })
    });
    outcome.map_err(|error: EngineError| failed("write", error.to_string()))?;
    drill.pass("write", "a table was made, filled, changed and dropped");
    Ok(())
}

/// A backup of the copy: what was restored must be able to be backed up.
pub(super) fn backup_again(drill: &mut Restore<'_>, copy: &Copy) -> Result<(), Stop> {
    drill.now("backing the copy up");
    let again = copy.root.join("again");
    let mut command = Command::new(copy.programs.program("pg_basebackup"));
    command.arg("-D").arg(&again).args(["-X", "fetch", "-c", "fast", "--no-sync", "--no-password"]);
    command.env("PGHOST", &copy.root).env("PGPORT", PORT.to_string()).env("PGUSER", &copy.superuser);
    for variable in ["PGPASSWORD", "PGSSLMODE", "PGSERVICE", "PGDATABASE", "PGOPTIONS"] {
        command.env_remove(variable);
    }
    let cancel = drill.options.drill.cancel.clone();
    let said = drill.time.phase("back up the copy", false, || run_program(command, &copy.root, &cancel))?;
    let _ = std::fs::remove_dir_all(&again);
    if !said.success {
        return Err(failed("backup of the copy", said.words()));
    }
    drill.pass("backup of the copy", "pg_basebackup took it");
    Ok(())
}

/// Checksums of all pages, where the cluster has them; needs a clean stop.
pub(super) fn pages(drill: &mut Restore<'_>, copy: &mut Copy) -> Result<(), Stop> {
    let numbers = control_data(&copy.programs, &copy.root, drill)?;
    let version = numbers.iter().find(|(name, _)| name == "Data page checksum version").map_or("0", |(_, value)| value.as_str());
    if version == "0" {
        drill.record.remarks.push("The cluster has no page checksums: damage of pages is seen only by what reads them.".to_owned());
        return Ok(());
    }
    let mut check = Command::new(copy.programs.program("pg_checksums"));
    check.arg("--check").arg("-D").arg(copy.root.join("data"));
    let cancel = drill.options.drill.cancel.clone();
    let root = copy.root.clone();
    let texts: Vec<&str> = copy.settings.iter().map(String::as_str).collect();
    let command = copy.programs.command(&root, &texts);
    let mut said = None;
    let stopped = drill.time.phase("page checksums", false, || {
        copy.server.restart(command, Duration::from_secs(60), || said = Some(run_program(check, &root, &cancel)))
    });
    stopped?;
    let said = said.unwrap_or_else(|| Err(failed("page checksums", "they were not looked at")))?;
    if !said.success {
        return Err(failed("page checksums", said.words()));
    }
    let blocks = said.output.lines().find(|line| line.starts_with("Blocks scanned")).unwrap_or_default().to_owned();
    drill.pass("page checksums", blocks);
    Ok(())
}
