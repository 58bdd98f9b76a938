//! One read-only snapshot of a database, asked with statements of the lab's own: what a restore drill compares a copy with. It
//! never writes and never waits long for a lock.

use super::connect::connect;
use super::session::ReadOnly;
use super::settings::Settings;
use crate::credentials::Environment;
use crate::error::EngineError;
use crate::options::CollectOptions;
use crate::target::Endpoint;

/// A REPEATABLE READ READ ONLY transaction.
pub struct Snapshot {
    session: ReadOnly,
}

/// A row; none is NULL.
pub type TextRow = Vec<Option<String>>;

impl Snapshot {
    /// Connects and takes the snapshot.
    ///
    /// # Errors
    /// What connecting can meet.
    pub async fn open(endpoint: &Endpoint, options: &CollectOptions) -> Result<Self, EngineError> {
        let settings = Settings::resolve(endpoint, options, &Environment::of_process())?;
        let mut session = connect(&settings, options).await?;
        session.begin(options).await?;
        Ok(Self { session })
    }

    /// Version of the server as it names itself, and its first number.
    #[must_use]
    pub fn version(&self) -> (&str, u32) {
        (&self.session.version_text, self.session.version)
    }

    /// Asks a statement of ours whose columns are all texts. A failure leaves the snapshot usable.
    ///
    /// # Errors
    /// What the server says.
    pub async fn ask(&self, statement: &str) -> Result<Vec<TextRow>, EngineError> {
        self.session.quietly("SAVEPOINT ask").await?;
        match self.session.ask_quietly(statement, &[]).await {
            Ok(rows) => {
                self.session.quietly("RELEASE SAVEPOINT ask").await?;
                Ok(rows.iter().map(|row| (0..row.len()).map(|at| row.try_get::<_, Option<String>>(at).ok().flatten()).collect()).collect())
            }
            Err(error) => {
                self.session.quietly("ROLLBACK TO SAVEPOINT ask").await?;
                Err(error)
            }
        }
    }

    /// Asks without a way back: after a failure the snapshot can't be used any more.
    ///
    /// # Errors
    /// What the server says.
    pub async fn ask_once(&self, statement: &str) -> Result<Vec<TextRow>, EngineError> {
        let rows = self.session.ask_quietly(statement, &[]).await?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|at| row.try_get::<_, Option<String>>(at).ok().flatten()).collect()).collect())
    }

    /// Takes a new snapshot.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn renew(&mut self, options: &CollectOptions) -> Result<(), EngineError> {
        self.session.quietly("ROLLBACK").await?;
        self.session.begin(options).await
    }

    /// Ends the transaction and the connection.
    pub async fn finish(self) {
        self.session.finish().await;
    }
}
