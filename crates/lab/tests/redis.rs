//! Scratch Redis servers: reached by their socket alone, bounded, gone when dropped.

use dbwright_engines::{CollectOptions, driver_for};
use dbwright_lab::LabErrorKind;
use dbwright_lab::scratch::ScratchOptions;
use dbwright_lab::scratch::redis::RedisScratch;
use dbwright_model::{Engine, Timestamp};

#[test]
fn a_scratch_server_is_private_and_goes() {
    let scratch = match RedisScratch::start(&ScratchOptions::default()) {
        Ok(scratch) => scratch,
        Err(error) if error.kind == LabErrorKind::ServerMissing => {
            dbwright_testkit::skip("redis", &error.message);
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(scratch.send(&["SET", "a:1", "x"]).unwrap(), "OK");
    for forbidden in
        [&["REPLICAOF", "127.0.0.1", "6379"][..], &["MODULE", "LIST"], &["MIGRATE", "127.0.0.1", "6379", "a:1", "0", "9"], &["ACL", "LIST"]]
    {
        let answer = scratch.send(forbidden).unwrap();
        assert!(answer.starts_with("-NOPERM"), "{forbidden:?}: {answer}");
    }
    // It listens on no port: none of the process's files is a socket of the internet.
    let tcp = std::fs::read_to_string(format!("/proc/{}/net/tcp", scratch.process_id())).unwrap();
    let listening: Vec<&str> =
        tcp.lines().filter(|line| line.split_whitespace().nth(3) == Some("0A")).filter_map(|line| line.split_whitespace().nth(9)).collect();
    let own = std::fs::read_dir(format!("/proc/{}/fd", scratch.process_id())).unwrap().flatten();
    let own: Vec<String> = own.filter_map(|entry| std::fs::read_link(entry.path()).ok()).map(|link| link.display().to_string()).collect();
    assert!(!listening.iter().any(|inode| own.contains(&format!("socket:[{inode}]"))), "it listens on a port");

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let driver = driver_for(Engine::Redis).unwrap();
    let endpoint = scratch.endpoint().unwrap();
    let facts = runtime.block_on((driver.collect)(&endpoint, &CollectOptions::at(Timestamp(0)))).unwrap();
    assert!(!facts[0].catalog.collections.is_empty());

    let (directory, process) = (scratch.directory().to_owned(), scratch.process_id());
    drop(scratch);
    assert!(!directory.exists() && !std::path::Path::new(&format!("/proc/{process}")).exists());
}
