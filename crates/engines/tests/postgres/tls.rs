//! Transport encryption: what is asked for is what is had, or an error.

use std::path::Path;
use std::process::Command;

use dbwright_engines::ErrorKind;
use dbwright_model::Timestamp;
use dbwright_model::security::Reach;

use crate::{collect, on_each, options, refused, try_collect};

/// Makes an authority and certificates: for `localhost`, for another name, and one that has expired.
fn certificates(directory: &Path) {
    let script = r#"
set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.crt -days 3650 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE 2>/dev/null
cp ca.crt index.crt; : > index.txt
issue() { # name, subject alternative name, further arguments
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $1.key -out $1.csr -subj /CN=$1 2>/dev/null
  printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$2" > $1.ext
  openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $1.crt -extfile $1.ext -days $3 2>/dev/null
}
issue good DNS:localhost 400
issue other DNS:db.example 400
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout self.key -out self.crt -days 400 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
issue app DNS:app 400
chmod 600 *.key
"#;
    let status = Command::new("sh").arg("-c").arg(script).current_dir(directory).status().expect("running openssl");
    assert!(status.success());
}

#[tokio::test]
async fn certificates_are_checked_as_far_as_asked() {
    let directory = tempfile::tempdir().unwrap();
    certificates(directory.path());
    let file = |name: &str| std::fs::read(directory.path().join(name)).unwrap();
    let authority = directory.path().join("ca.crt").display().to_string();
    on_each(&[], async |server| {
        let url = |host: &str, options: &str| format!("postgres://postgres@{host}:{}/postgres?{options}", server.port);
        let no_tls = refused(&url("localhost", "sslmode=require")).await;
        assert_eq!(no_tls.kind, ErrorKind::Tls, "required and not offered: {no_tls:?}");
        assert!(no_tls.hint.contains("ssl=on"));
        let plain = collect(&url("localhost", "")).await;
        assert_eq!((plain.security.connection.reach, plain.security.connection.tls.as_deref()), (Reach::Loopback, None));
        assert_eq!(plain.security.tls_offered, Some(false));

        let serve = |name: &str, hba: &str| {
            server.put("server.crt", &file(&format!("{name}.crt")));
            server.put("server.key", &file(&format!("{name}.key")));
            server.put("root.crt", &file("ca.crt"));
            server.put("pg_hba.conf", format!("local all all trust\n{hba}\n").as_bytes());
            server.sql("postgres", "ALTER SYSTEM SET ssl = on");
            server.sql("postgres", "ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
            server.sql("postgres", "SELECT pg_reload_conf()");
            server.wait_for(
                "postgres",
                &format!("SELECT current_setting('ssl') = 'on' AND (SELECT count(*) FROM pg_hba_file_rules) = {}", hba.lines().count() + 1),
            );
        };
        serve("good", "hostssl all all all trust");
        let full = collect(&url("localhost", &format!("sslmode=verify-full&sslrootcert={authority}"))).await;
        let connection = &full.security.connection;
        assert!(connection.verified && connection.tls.as_deref() == Some("TLSv1.3"), "{connection:?}");
        assert_eq!((full.security.tls_offered, full.security.tls_minimum.as_deref()), (Some(true), Some("TLSv1.2")));
        let days = full.security.certificate_expires.unwrap().days_since(Timestamp::from_seconds(now()));
        assert!((390.0..=400.0).contains(&days), "{days}");
        assert_eq!(full.security.plaintext_refused, Some(true));
        let weak = collect(&url("localhost", "sslmode=require")).await;
        assert!(
            !weak.security.connection.verified && weak.security.connection.tls.is_some() && weak.security.certificate_expires.is_some()
        );
        let offered = collect(&url("127.0.0.1", "")).await;
        assert!(offered.security.connection.tls.is_some() && !offered.security.connection.verified, "loopback takes what is offered");

        let by_address = refused(&url("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={authority}"))).await;
        assert_eq!(by_address.kind, ErrorKind::Tls, "{by_address:?}");
        assert!(by_address.hint.contains("another host name"), "{by_address:?}");
        assert!(try_collect(&url("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={authority}")), &options()).await.is_ok());
        let refused_plain = refused(&url("localhost", "sslmode=disable")).await;
        assert_eq!(refused_plain.kind, ErrorKind::Tls, "{refused_plain:?}");
        assert!(refused_plain.hint.contains("TLS"), "{refused_plain:?}");

        serve("self", "hostssl all all all trust");
        let unknown = refused(&url("localhost", &format!("sslmode=verify-full&sslrootcert={authority}"))).await;
        assert_eq!(unknown.kind, ErrorKind::Tls, "{unknown:?}");
        assert!(unknown.hint.contains("sslrootcert"), "{unknown:?}");
        let unknown = refused(&url("localhost", "sslmode=verify-full")).await;
        assert_eq!(unknown.kind, ErrorKind::Tls, "the system's authorities did not issue it either: {unknown:?}");

        serve("good", "hostssl all all all trust clientcert=verify-ca\nhost all all all reject");
        let wanted = refused(&url("localhost", "sslmode=require")).await;
        assert!(matches!(wanted.kind, ErrorKind::Tls | ErrorKind::Authentication | ErrorKind::Lost), "{wanted:?}");
        let ours = format!("sslmode=require&sslcert={0}/app.crt&sslkey={0}/app.key", directory.path().display());
        assert!(try_collect(&url("localhost", &ours), &options()).await.is_ok());
    })
    .await;
}

fn now() -> i64 {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(elapsed.as_secs()).unwrap()
}
