//! A PostgreSQL cluster that can be restarted in the middle of everything.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub struct Cluster {
    folder: tempfile::TempDir,
    port: u16,
}

impl Cluster {
    /// Makes and starts one. What is committed outlives the process; a power cut is not what is tried here.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let it = Self { folder, port };
        it.run("initdb", &["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]);
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=60 -c shared_buffers=32MB"
        );
        it.run("pg_ctl", &["start", "-w", "-l", &it.folder.path().join("log").display().to_string(), "-o", &options]);
        it
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Ends every process of it without a checkpoint, and starts it again: it recovers from its log.
    pub fn restart(&self) {
        self.run("pg_ctl", &["restart", "-w", "-m", "immediate", "-l", &self.folder.path().join("log").display().to_string()]);
    }

    fn run(&self, program: &str, words: &[&str]) {
        let data = self.folder.path().join("data");
        let programs = programs();
        let mut command = if fs::metadata("/proc/self").unwrap().uid() == 0 {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(programs.join(program));
            command
        } else {
            Command::new(programs.join(program))
        };
        command.args(words).arg("-D").arg(data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let done = command.status().unwrap();
        assert!(done.success(), "{program}: {}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-m", "immediate"]);
    }
}

/// Where Debian keeps the newest version's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir(Path::new("/usr/lib/postgresql")).into_iter().flatten().flatten();
    let newest = versions.map(|it| it.path().join("bin")).filter(|it| it.join("initdb").exists()).max();
    newest.expect("there is no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql")
}
