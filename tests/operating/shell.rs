//! A configuration in a folder of its own, and the binary run on it.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    thread,
};

use rcgen::IsCa;
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

/// A folder with a `maildesk.toml`.
pub struct Shell {
    folder: TempDir,
}

/// What a command said, and how it ended.
pub struct Said {
    pub text: String,
    pub code: Option<i32>,
}

impl Shell {
    pub fn with(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("maildesk.toml");
        fs::write(&file, configuration).unwrap();
        // As a package installs it: it holds passwords.
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `maildesk COMMAND` on the configuration.
    pub fn run(&self, command: &str) -> Said {
        self.run_with(command, &[])
    }

    /// `maildesk WORDS` on the configuration.
    pub fn run_words(&self, words: &[&str]) -> Said {
        self.run_words_with(words, &[])
    }

    /// `maildesk COMMAND` in an environment that says more.
    pub fn run_with(&self, command: &str, environment: &[(&str, &str)]) -> Said {
        self.run_words_with(&[command], environment)
    }

    fn run_words_with(&self, words: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MAILDESK_")) {
            maildesk.env_remove(name);
        }
        let Output { status, stdout, stderr } =
            maildesk.args(words).arg("--config").arg(self.path("maildesk.toml")).envs(environment.iter().copied()).output().unwrap();
        let text = format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        Said { text, code: status.code() }
    }

    /// The same from within a runtime that serves what the command connects to.
    pub async fn run_beside(self, command: &'static str) -> Said {
        tokio::task::spawn_blocking(move || self.run(command)).await.unwrap()
    }
}

impl Said {
    /// The one line that begins so.
    pub fn line(&self, begin: &str) -> &str {
        let mut lines = self.text.lines().filter(|it| it.starts_with(begin));
        let (line, more) = (lines.next(), lines.next());
        assert!(line.is_some() && more.is_none(), "not one line begins with {begin:?}:\n{}", self.text);
        line.unwrap()
    }
}

/// An address of loopback that nobody listens on: tcpmux, which no machine of today runs.
pub const NOBODY: &str = "127.0.0.1:1";

/// Any free port: what a desk listens on that is never started.
pub const ANY: &str = "127.0.0.1:0";

/// A web server that gives every visitor this answer.
pub fn web_server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut visitor in listener.incoming().flatten() {
            BufReader::new(&visitor).read_line(&mut String::new()).ok();
            Write::write_all(&mut visitor, answer.as_bytes()).ok();
        }
    });
    address
}

/// The same over TLS, with a certificate that signed itself: written to `pem`, for one name, until the end of a year, an authority’s or not.
pub async fn tls_web_server(answer: &'static str, pem: &Path, name: &str, until: i32, is_ca: IsCa) -> SocketAddr {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut wanted = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    wanted.is_ca = is_ca;
    wanted.not_after = rcgen::date_time_ymd(until, 12, 31);
    let certificate = wanted.self_signed(&key).unwrap();
    fs::write(pem, certificate.pem()).unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider())).with_safe_default_protocol_versions().unwrap();
    let tls =
        tls.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into());
    let acceptor = TlsAcceptor::from(Arc::new(tls.unwrap()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (visitor, _) = listener.accept().await.unwrap();
            let Ok(mut visitor) = acceptor.accept(visitor).await else { continue };
            AsyncBufReadExt::read_line(&mut tokio::io::BufReader::new(&mut visitor), &mut String::new()).await.ok();
            visitor.write_all(answer.as_bytes()).await.ok();
            visitor.shutdown().await.ok();
        }
    });
    address
}
