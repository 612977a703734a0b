//! A certificate authority of one's own house, and a server's certificate under it.

use std::{path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// The CA and one server certificate, as files in PEM; gone when dropped.
pub struct HouseCa {
    folder: TempDir,
}

impl HouseCa {
    /// For a server called so; an address counts as a name.
    pub fn for_server(name: &str) -> Self {
        Self::with(CertificateParams::new([name.to_owned()]).unwrap())
    }

    /// Whose certificate has expired.
    #[allow(dead_code)]
    pub fn expired(name: &str) -> Self {
        let mut of_server = CertificateParams::new([name.to_owned()]).unwrap();
        of_server.not_before = rcgen::date_time_ymd(2020, 1, 1);
        of_server.not_after = rcgen::date_time_ymd(2021, 1, 1);
        Self::with(of_server)
    }

    fn with(of_server: CertificateParams) -> Self {
        let folder = TempDir::new().unwrap();
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "House CA");
        let ca_cert = ca.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let cert = of_server.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let house = Self { folder };
        std::fs::write(house.ca_file(), ca_cert.pem()).unwrap();
        std::fs::write(house.cert_file(), cert.pem()).unwrap();
        std::fs::write(house.key_file(), key.serialize_pem()).unwrap();
        house
    }

    /// The CA's certificate: what a client names as `ca_file`.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The server's certificate.
    pub fn cert_file(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The server's key.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// What a server in this process accepts TLS with.
    pub fn acceptor(&self) -> TlsAcceptor {
        let certs = CertificateDer::pem_file_iter(self.cert_file()).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(self.key_file()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certs, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}
