//! A configuration in a folder of its own, and the binary run on it.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Command, Output},
    thread,
};

use tempfile::TempDir;

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
        fs::write(folder.path().join("maildesk.toml"), configuration).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `maildesk COMMAND` on the configuration.
    pub fn run(&self, command: &str) -> Said {
        let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MAILDESK_")) {
            maildesk.env_remove(name);
        }
        let Output { status, stdout, stderr } = maildesk.arg(command).arg("--config").arg(self.path("maildesk.toml")).output().unwrap();
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

/// An address of loopback that nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A web server that gives every visitor this answer.
pub fn web_server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut visitor in listener.incoming().flatten() {
            let _ = visitor.read(&mut [0; 1024]);
            let _ = visitor.write_all(answer.as_bytes());
        }
    });
    address
}
