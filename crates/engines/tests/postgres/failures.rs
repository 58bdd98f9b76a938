//! What goes wrong on the way to a server, each with its class, its words and what to do.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use dbwright_engines::{CollectOptions, ErrorKind};

use crate::{on_each, options, refused, try_collect};

#[tokio::test]
async fn nobody_there() {
    let cases = [
        ("postgres://a@127.0.0.1:1/x", ErrorKind::Unreachable, "port"),
        ("postgres://a@%2Fnonexistent/x", ErrorKind::Unreachable, "socket"),
        ("postgres://a@no-such-host.invalid/x", ErrorKind::Unreachable, "host"),
        ("postgres://a@127.0.0.1:1/x?sslmode=never", ErrorKind::Target, "verify-full"),
        ("postgres://a@127.0.0.1:1/x?no_such_option=1", ErrorKind::Target, "sslmode"),
    ];
    for (url, kind, hint) in cases {
        let error = refused(url).await;
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.hint.to_lowercase().contains(hint), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://a@127.0.0.1:{}/x", listener.local_addr().unwrap().port());
    let started = Instant::now();
    let limited = CollectOptions { connect_timeout: Duration::from_millis(300), ..options() };
    let error = try_collect(&url, &limited).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn wrong_password_role_and_database() {
    on_each(&["password_encryption=scram-sha-256"], async |server| {
        server.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'right'");
        server.put("pg_hba.conf", b"local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n");
        server.sql("postgres", "SELECT pg_reload_conf()");
        server.wait_for("postgres", "SELECT count(*) = 3 FROM pg_hba_file_rules");
        let over_socket = server.url_as("app:canary-7f3a", "postgres");
        let over_loopback = format!("postgres://app:canary-7f3a@127.0.0.1:{}/postgres", server.port);
        for url in [over_socket, over_loopback] {
            let error = refused(&url).await;
            assert_eq!(error.kind, ErrorKind::Authentication, "{error:?}");
            assert!(error.detail.contains("28P01") && error.hint.contains("password"), "{error:?}");
            assert!(!format!("{error:?} {error}").contains("canary-7f3a"));
        }
        let none = refused(&server.url_as("app", "postgres")).await;
        assert_eq!((none.kind, none.hint.contains("PGPASSWORD")), (ErrorKind::Authentication, true), "{none:?}");
        assert!(try_collect(&server.url_as("app:right", "postgres"), &options()).await.is_ok(), "the right password gets in");
        let database = refused(&server.url("missing")).await;
        assert_eq!(database.kind, ErrorKind::NotFound, "{database:?}");
        let role = refused(&format!("postgres://ghost:x@127.0.0.1:{}/postgres", server.port)).await;
        assert_eq!(role.kind, ErrorKind::Authentication, "{role:?}");
    })
    .await;
}

/// A server that asks for the password in clear text, or as MD5, without TLS: the password must stay here. The loopback
/// interface is taken for a network by calling it by another address's name.
#[tokio::test]
async fn a_password_never_crosses_a_network_readable() {
    for code in [3_u32, 5] {
        let Ok(listener) = TcpListener::bind("0.0.0.0:0") else { continue };
        let port = listener.local_addr().unwrap().port();
        let Some(address) = own_address() else { continue };
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut start = [0; 1024];
            let _ = stream.read(&mut start).unwrap();
            let body = if code == 5 { vec![0, 0, 0, 5, 1, 2, 3, 4] } else { vec![0, 0, 0, 3] };
            let length = u32::try_from(body.len() + 4).unwrap();
            stream.write_all(&[&b"R"[..], &length.to_be_bytes(), &body].concat()).unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
            rest
        });
        let error = refused(&format!("postgres://a:canary-91b2@{address}:{port}/x?sslmode=disable")).await;
        assert_eq!(error.kind, ErrorKind::Authentication, "{error:?}");
        assert!(error.detail.contains("listener"), "{error:?}");
        let sent = server.join().unwrap();
        assert!(!sent.starts_with(b"p"), "nothing was answered to the request: {sent:?}");
    }
}

/// An address of this machine that is not the loopback interface's.
fn own_address() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

#[tokio::test]
async fn a_peer_that_is_no_postgresql_is_an_error_and_no_panic() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\0\0\0\0", b"R\xff\xff\xff\xff\0\0\0\0", b"", b"S"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(2) {
                let Ok(mut stream) = stream else { continue };
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer);
            }
        });
        let limited = CollectOptions { connect_timeout: Duration::from_secs(2), ..options() };
        let error = try_collect(&format!("postgres://a@127.0.0.1:{port}/x"), &limited).await.unwrap_err();
        assert!(!error.detail.is_empty(), "{error:?}");
    }
}

#[tokio::test]
async fn the_second_host_is_tried_when_the_first_is_silent() {
    on_each(&[], async |server| {
        let url = format!("postgres://postgres@127.0.0.1:1,127.0.0.1:{}/postgres", server.port);
        assert!(try_collect(&url, &options()).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_server_without_room_says_so() {
    on_each(&["max_connections=6", "superuser_reserved_connections=3"], async |server| {
        server.sql("postgres", "CREATE ROLE app LOGIN");
        let holders: Vec<_> = (0..3).map(|_| server.in_background("postgres", "SELECT pg_sleep(30)")).collect();
        server.wait_for("postgres", "SELECT count(*) >= 4 FROM pg_stat_activity WHERE backend_type = 'client backend'");
        let error = refused(&server.url_as("app", "postgres")).await;
        drop(holders);
        assert!(error.detail.contains("53300") && error.hint.contains("connections"), "{error:?}");
    })
    .await;
}
