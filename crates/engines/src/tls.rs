//! Transport encryption for all drivers: rustls with ring, its trust, and what the handshake showed.
//! It never falls back to plaintext: who asks for TLS gets it or an error.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use dbwright_model::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::{EngineError, ErrorKind};

/// How far a server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verification {
    /// Not at all: protects from listeners, not from impostors.
    None,
    /// It was issued by a trusted authority, to whomever.
    Chain,
    /// It was issued by a trusted authority to the host that we called.
    Full,
}

/// Files that TLS is made with.
#[derive(Debug, Clone, Default)]
pub struct TlsFiles {
    /// Trusted authorities, PEM; the system's own when none is given.
    pub authorities: Option<PathBuf>,
    /// Our certificate chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Our key, PEM.
    pub key: Option<PathBuf>,
}

/// TLS ready for use, with a window to what the server showed.
#[derive(Debug, Clone)]
pub struct ClientTls {
    /// Configuration for connecting.
    pub config: Arc<ClientConfig>,
    /// How far the certificate is checked.
    pub verification: Verification,
    seen: Arc<Mutex<Option<Vec<u8>>>>,
}

impl ClientTls {
    /// Prepares TLS 1.2 and 1.3 with these files; `protocols` are offered by ALPN.
    ///
    /// # Errors
    /// [`ErrorKind::Tls`] when a file can't be read or holds no certificate or key.
    pub fn new(verification: Verification, files: &TlsFiles, protocols: &[&[u8]]) -> Result<Self, EngineError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let seen = Arc::new(Mutex::new(None));
        let inner = match verification {
            Verification::None => None,
            Verification::Chain | Verification::Full => Some(chain_verifier(files, &provider)?),
        };
        let verifier = Arc::new(Witness { inner, verification, provider: Arc::clone(&provider), seen: Arc::clone(&seen) });
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failure("preparing TLS", error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match client_identity(files)? {
            Some((chain, key)) => {
                builder.with_client_auth_cert(chain, key).map_err(|error| failure("using the client certificate", error.to_string()))?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Self { config: Arc::new(config), verification, seen })
    }

    /// End of validity of the certificate that the server showed last.
    #[must_use]
    pub fn certificate_expires(&self) -> Option<Timestamp> {
        let seen = self.seen.lock().ok()?;
        let (_, certificate) = x509_parser::parse_x509_certificate(seen.as_deref()?).ok()?;
        Some(Timestamp::from_seconds(certificate.validity().not_after.timestamp()))
    }
}

/// What to do about a TLS failure, from its text; empty when there is nothing better to say than the failure itself.
#[must_use]
pub fn advice(detail: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| detail.contains(word));
    if has(&["UnknownIssuer", "CaUsedAsEndEntity", "BadSignature"]) {
        "The certificate's issuer is not trusted here. Name the authority's file with sslrootcert=FILE."
    } else if has(&["NotValidForName", "not valid for name"]) {
        "The certificate was issued to another host name. Connect by the name it carries, or have it reissued with this name."
    } else if has(&["Expired", "expired"]) {
        "The server's certificate has expired. Have it renewed."
    } else if has(&["NotValidYet"]) {
        "The server's certificate is not valid yet. Check both clocks."
    } else if has(&["UnsupportedCertVersion", "BadEncoding"]) {
        "The server's certificate is of an old form that is not taken. Have it reissued as X.509 version 3 with a subject alternative name."
    } else if has(&["ProtocolVersion", "HandshakeFailure"]) {
        "Server and client share no protocol version or cipher. The server must offer TLS 1.2 or newer."
    } else if has(&["CertificateRequired", "certificate required"]) {
        "The server wants a client certificate. Name it with sslcert=FILE and sslkey=FILE."
    } else {
        ""
    }
}

fn failure(action: &str, detail: String) -> EngineError {
    let hint = advice(&detail);
    EngineError::new(ErrorKind::Tls, action, detail).hint(hint)
}

fn chain_verifier(files: &TlsFiles, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, EngineError> {
    let mut roots = RootCertStore::empty();
    let origin = match &files.authorities {
        Some(path) => {
            let action = format!("reading the authorities in {}", path.display());
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failure(&action, error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| failure(&action, error.to_string()))?;
                roots.add(certificate).map_err(|error| failure(&action, error.to_string()))?;
            }
            action
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            "reading the system's certificate authorities".to_owned()
        }
    };
    if roots.is_empty() {
        return Err(failure(&origin, "no certificate is there".to_owned()).hint("Name the authority's file with sslrootcert=FILE."));
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| failure(&origin, error.to_string()))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_identity(files: &TlsFiles) -> Result<Option<Identity>, EngineError> {
    let (Some(certificate), Some(key)) = (&files.certificate, &files.key) else {
        if files.certificate.is_some() || files.key.is_some() {
            return Err(failure("using the client certificate", "certificate and key belong together; one of them is missing".to_owned()));
        }
        return Ok(None);
    };
    let action = format!("reading the client certificate {}", certificate.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failure(&action, error.to_string()))?;
    let action = format!("reading the client key {}", key.display());
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| failure(&action, error.to_string()))?;
    Ok(Some((chain, key)))
}

/// Checks certificates as far as asked, and keeps what it was shown.
#[derive(Debug)]
struct Witness {
    inner: Option<Arc<WebPkiServerVerifier>>,
    verification: Verification,
    provider: Arc<CryptoProvider>,
    seen: Arc<Mutex<Option<Vec<u8>>>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Ok(mut seen) = self.seen.lock() {
            *seen = Some(end_entity.to_vec());
        }
        let Some(inner) = &self.inner else {
            return Ok(ServerCertVerified::assertion());
        };
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last, after the chain was found good.
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }))
                if self.verification == Verification::Chain =>
            {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_file_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        std::fs::write(&path, "no certificate").unwrap();
        let files = TlsFiles { authorities: Some(path), ..TlsFiles::default() };
        let error = ClientTls::new(Verification::Full, &files, &[]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Tls);
        assert!(error.action.contains("ca.pem"), "{error}");
        assert!(!error.hint.is_empty());
    }

    #[test]
    fn wants_certificate_and_key_together() {
        let files = TlsFiles { certificate: Some(PathBuf::from("c.pem")), ..TlsFiles::default() };
        let error = ClientTls::new(Verification::None, &files, &[]).unwrap_err();
        assert!(error.detail.contains("belong together"), "{error}");
    }

    #[test]
    fn advises_by_the_kind_of_failure() {
        assert!(advice("invalid peer certificate: UnknownIssuer").contains("sslrootcert"));
        assert!(advice("invalid peer certificate: Expired").contains("expired"));
        assert_eq!(advice("connection reset"), "");
    }
}
