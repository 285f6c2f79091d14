//! One way to connect for everything that speaks to AWS: rustls on aws-lc, the system's certificates and the user's own, the
//! proxies of the environment.

use std::path::{Path, PathBuf};

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// Why a bundle of certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate bundle {} cannot be used: {reason}", path.display())]
pub struct BundleError {
    pub path: PathBuf,
    pub reason: String,
}

/// Whom to trust. Without `tls` (a simulated service on this computer) nobody: loading the system's certificates costs 5 ms.
///
/// The SDK does not read `AWS_CA_BUNDLE` by itself (aws-sdk-rust issue 1362).
pub fn context(ca_bundle: Option<&Path>, tls: bool) -> Result<TlsContext, BundleError> {
    let mut trust = TrustStore::empty().with_native_roots(tls);
    if let Some(path) = ca_bundle.filter(|_| tls) {
        trust = trust.with_pem_certificate(bundle(path)?);
    }
    TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| BundleError {
            path: ca_bundle.map_or_else(PathBuf::new, Path::to_owned),
            reason: error.to_string(),
        })
}

/// A connector of one's own loses the proxy variables unless they are put back. Plain HTTP stays on this computer, and no proxy
/// may see it.
pub fn connector(
    context: &TlsContext,
    tls: bool,
    settings: Option<&HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
) -> Connector {
    let mut connector = ConnectorBuilder::default()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context.clone())
        .proxy_config(if tls {
            ProxyConfig::from_env()
        } else {
            ProxyConfig::disabled()
        });
    if let Some(settings) = settings {
        connector = connector.connector_settings(settings.clone());
    }
    if let Some(sleep) = sleep {
        connector = connector.sleep_impl(sleep);
    }
    connector.build()
}

/// The SDK panics at a bundle that it cannot read, so it is looked at first.
fn bundle(path: &Path) -> Result<Vec<u8>, BundleError> {
    let refuse = |reason: String| BundleError {
        path: path.to_owned(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(bytes),
        _ => Err(refuse("it holds no PEM certificates".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_certificates_is_an_error_and_no_panic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bundle.pem");
        for content in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        ] {
            std::fs::write(&path, content).unwrap();
            let error = context(Some(&path), true).unwrap_err().to_string();
            assert!(error.contains("bundle.pem"), "{error}");
        }
        assert!(context(Some(&dir.path().join("absent")), true).is_err());
    }
}
