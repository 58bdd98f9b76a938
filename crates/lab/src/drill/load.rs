//! Writers that keep their own schedule whatever the server does, and the ledger of what they were told. The ledger is held
//! by this process, which no drill kills. A write whose answer did not come is never tried again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dbwright_analysis::ledger::plan;
use dbwright_engines::EngineError;
use dbwright_engines::drill::{Client, Place};
use dbwright_model::Engine;
use dbwright_model::ledger::{Entry, Outcome, WriteId};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// How long a writer waits before it tries to connect again.
const AGAIN: Duration = Duration::from_millis(10);

/// Connects to a server of the lab.
pub(super) async fn connect(engine: Engine, place: &Place) -> Result<Box<dyn Client>, EngineError> {
    match engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => dbwright_engines::drill::sqlite::connect(place).await,
        #[cfg(feature = "postgres")]
        Engine::Postgresql => dbwright_engines::drill::postgres::connect(place).await,
        #[cfg(feature = "redis")]
        Engine::Redis => dbwright_engines::drill::redis::connect(place).await,
        other => Err(EngineError::new(
            dbwright_engines::ErrorKind::Unsupported,
            format!("connecting to {place}"),
            format!("{} can't be drilled by this dbwright", other.title()),
        )),
    }
}

/// How hard the writers write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) writers: u32,
    /// Writes a second of all together.
    pub(super) rate: f64,
}

struct Shared {
    engine: Engine,
    seed: u64,
    pace: Pace,
    began: Instant,
    /// Where to connect, in the order in which to try; changed when a replica takes over.
    places: Mutex<Vec<Place>>,
    ends: AtomicBool,
    paused: AtomicBool,
    acknowledged: AtomicU64,
    late: AtomicU64,
    sent: AtomicU64,
    writers: Vec<Writer>,
}

/// What a writer shows of itself.
#[derive(Default)]
struct Writer {
    busy: AtomicBool,
    ledger: Mutex<Vec<Entry>>,
}

/// Writers at work.
pub(super) struct Load {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
    runtime: Handle,
}

impl Load {
    /// Starts writers, paused.
    pub(super) fn start(runtime: &Handle, engine: Engine, places: Vec<Place>, seed: u64, pace: Pace) -> Self {
        let shared = Arc::new(Shared {
            engine,
            seed,
            pace,
            began: Instant::now(),
            places: Mutex::new(places),
            ends: AtomicBool::new(false),
            paused: AtomicBool::new(true),
            acknowledged: AtomicU64::new(0),
            late: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            writers: (0..pace.writers).map(|_| Writer::default()).collect(),
        });
        let tasks = (0..pace.writers).map(|worker| runtime.spawn(write(Arc::clone(&shared), worker))).collect();
        Self { shared, tasks, runtime: runtime.clone() }
    }

    /// Lets them write.
    pub(super) fn resume(&self) {
        self.shared.paused.store(false, Ordering::SeqCst);
    }

    /// Stops them and waits until no answer is outstanding: then the ledger says all there is to say.
    pub(super) fn pause(&self) {
        self.shared.paused.store(true, Ordering::SeqCst);
        while self.shared.writers.iter().any(|writer| writer.busy.load(Ordering::SeqCst)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Names the servers anew.
    #[allow(dead_code)]
    pub(super) fn turn_to(&self, places: Vec<Place>) {
        *self.shared.places.lock().unwrap_or_else(PoisonError::into_inner) = places;
    }

    /// Writes acknowledged so far.
    pub(super) fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::SeqCst)
    }

    /// Writes sent, and how many of them later than planned by more than a period of the schedule.
    pub(super) fn sent_and_late(&self) -> (u64, u64) {
        (self.shared.sent.load(Ordering::SeqCst), self.shared.late.load(Ordering::SeqCst))
    }

    /// Time since the writers began, µs: the ledger's clock.
    pub(super) fn clock_us(&self) -> u64 {
        clock(self.shared.began)
    }

    /// Takes the lines that came since the last time, each writer's in their order.
    pub(super) fn take(&self) -> Vec<Entry> {
        let take = |writer: &Writer| std::mem::take(&mut *writer.ledger.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.writers.iter().flat_map(take).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        let tasks = std::mem::take(&mut self.tasks);
        tasks.iter().for_each(JoinHandle::abort);
        self.runtime.block_on(async {
            for task in tasks {
                let _ = task.await;
            }
        });
    }
}

fn clock(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}

async fn write(shared: Arc<Shared>, worker: u32) {
    let mut client: Option<Box<dyn Client>> = None;
    let mut number = 0_u32;
    let mut due = Instant::now();
    let mut place = 0;
    let period = Duration::from_secs_f64(f64::from(shared.pace.writers) / shared.pace.rate.max(1.0));
    let own = &shared.writers[worker as usize];
    while !shared.ends.load(Ordering::SeqCst) {
        own.busy.store(true, Ordering::SeqCst);
        if shared.paused.load(Ordering::SeqCst) {
            own.busy.store(false, Ordering::SeqCst);
            client = None;
            tokio::time::sleep(Duration::from_millis(2)).await;
            due = Instant::now();
            continue;
        }
        let Some(open) = client.as_mut() else {
            let places = shared.places.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let there = places.get(place % places.len().max(1)).cloned();
            place += 1;
            if let Some(there) = there {
                client = connect(shared.engine, &there).await.ok();
            }
            own.busy.store(false, Ordering::SeqCst);
            if client.is_none() {
                tokio::time::sleep(AGAIN).await;
            }
            continue;
        };
        number += 1;
        let lost = attempt(&shared, open.as_mut(), WriteId { worker, number }).await;
        if lost {
            client = None;
        }
        own.busy.store(false, Ordering::SeqCst);
        due += period;
        let now = Instant::now();
        if now > due + period {
            shared.late.fetch_add(1, Ordering::Relaxed);
        }
        // A schedule that was missed is caught up with: at most a second of it, so that a long fault makes no flood.
        due = due.max(now.checked_sub(Duration::from_secs(1)).unwrap_or(due));
        tokio::time::sleep_until(due.into()).await;
    }
}

/// One write; tells whether the connection is gone.
async fn attempt(shared: &Shared, client: &mut dyn Client, id: WriteId) -> bool {
    let ledger = &shared.writers[id.worker as usize].ledger;
    let note = |outcome: Option<Outcome>| {
        let entry = Entry { id, outcome, at_us: clock(shared.began) };
        ledger.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    };
    let action = plan(shared.seed, id);
    note(None);
    shared.sent.fetch_add(1, Ordering::Relaxed);
    let told = client.perform(&action).await;
    note(Some(told.outcome));
    if told.outcome == Outcome::Acknowledged {
        shared.acknowledged.fetch_add(1, Ordering::SeqCst);
    }
    told.lost
}
