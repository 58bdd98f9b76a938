//! Collecting from a Redis server with five million keys: time here, memory here, share of the server's time (its CPU seconds
//! beyond those of an equally long time with the probe alone), and the latency that the probe sees, with and without us. `cargo bench -p dbwright-engines --bench redis_collect --features redis`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dbwright_engines::{CollectOptions, Target, driver_for};
use dbwright_model::{Engine, Timestamp};
use dbwright_testkit::redis::RedisServer;

const KEYS: u64 = 5_000_000;
/// Repetitions: shares this small vary.
const ROUNDS: usize = 5;

fn main() {
    let Some(server) = RedisServer::start(&["--enable-debug-command", "local"]) else { return };
    server.commands(&format!("DEBUG POPULATE {KEYS} key 32"));
    for round in 1..=ROUNDS {
        let (mut idle_share, mut took, mut busy_share, mut asked) = (0.0, Duration::ZERO, 0.0, 0.0);
        let idle = probe(server.port(), || idle_share = share_of(&server, || std::thread::sleep(Duration::from_secs(4))));
        let beside = probe(server.port(), || {
            let started = Instant::now();
            busy_share = share_of(&server, || {
                let facts = collect(&server.url());
                asked = facts[0].effort.elapsed_ms;
            });
            took = started.elapsed();
        });
        println!("round {round}: {KEYS} keys collected in {:.2} s; peak memory here {:.1} MB", took.as_secs_f64(), peak_memory_mb());
        println!(
            "  server: {:.2} % of one core with the probe alone, {:.2} % while collecting: {:.2} % for us; answers took {asked:.0} ms",
            idle_share * 100.0,
            busy_share * 100.0,
            (busy_share - idle_share) * 100.0
        );
        println!("  probe alone:  p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms", idle[0], idle[1], idle[2]);
        println!("  probe beside: p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms", beside[0], beside[1], beside[2]);
    }
}

/// CPU time of the server over elapsed time while something is done.
fn share_of(server: &RedisServer, work: impl FnOnce()) -> f64 {
    let (before, started) = (server_seconds(server), Instant::now());
    work();
    let elapsed = started.elapsed().as_secs_f64();
    (server_seconds(server) - before) / elapsed
}

fn collect(url: &str) -> Vec<dbwright_model::Facts> {
    let Ok(Target::Endpoint(endpoint)) = Target::recognise(url) else { panic!("a server") };
    let options = CollectOptions::at(Timestamp::from_seconds(1_800_000_000));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on((driver_for(Engine::Redis).expect("built in").collect)(&endpoint, &options)).expect("facts")
}

/// CPU seconds that the server used so far.
fn server_seconds(server: &RedisServer) -> f64 {
    let info = server.commands("INFO cpu");
    let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok()).unwrap_or(0.0);
    value("used_cpu_sys:") + value("used_cpu_user:")
}

/// Latency of PING, one every 5 ms, while `work` runs: median, 99th percentile and largest, ms.
fn probe(port: u16, work: impl FnOnce()) -> [f64; 3] {
    let stop = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&stop);
    let prober = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let (mut times, mut answer) = (Vec::new(), [0_u8; 64]);
        while !ended.load(Ordering::Relaxed) {
            let started = Instant::now();
            stream.write_all(b"PING\r\n").expect("sent");
            let _ = stream.read(&mut answer).expect("answered");
            times.push(started.elapsed().as_secs_f64() * 1000.0);
            std::thread::sleep(Duration::from_millis(5));
        }
        times
    });
    work();
    stop.store(true, Ordering::Relaxed);
    let mut times = prober.join().expect("the probe ends");
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    [at(0.5), at(0.99), at(1.0)]
}

fn peak_memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}
