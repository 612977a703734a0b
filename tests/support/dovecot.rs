//! A real Dovecot (Debian's 2.3) in a folder of its own, on free loopback ports, with TLS under a CA of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::hmac;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use tempfile::TempDir;

use crate::house_ca::HouseCa;

const PROGRAM: &str = "/usr/sbin/dovecot";
const PATIENCE: Duration = Duration::from_secs(20);

/// What access tokens are signed with: this server and whoever gives them know it.
const TOKEN_KEY: &[u8] = b"the key that tokens are signed with";

/// A running server; stopped and gone when dropped.
pub struct Dovecot {
    folder: TempDir,
    /// Who signed its certificate, which is for `localhost`.
    pub house: HouseCa,
    /// Plain and STARTTLS.
    pub imap_port: u16,
    /// Implicit TLS.
    pub imaps_port: u16,
    owner: (u32, u32),
    delivered: AtomicU32,
    keeper: Option<Child>,
}

impl Dovecot {
    /// Starts one with these accounts, address and password.
    pub fn start(accounts: &[(&str, &str)]) -> Self {
        Self::that_takes("plain login xoauth2 oauthbearer", accounts)
    }

    /// The same with these mechanisms of signing in alone.
    pub fn that_takes(mechanisms: &str, accounts: &[(&str, &str)]) -> Self {
        assert!(Path::new(PROGRAM).exists(), "{PROGRAM} is missing: apt-get install dovecot-imapd");
        let folder = TempDir::new().unwrap();
        let root = fs::metadata("/proc/self").unwrap().uid() == 0;
        // Login processes refuse to run as root, and mail must not belong to it.
        let [user, group, login, internal] =
            if root { ["mail", "mail", "dovenull", "dovecot"].map(str::to_owned) } else { [id("-un"), id("-gn"), id("-un"), id("-un")] };
        let owner = if root { (id_of("-u", "mail"), id_of("-g", "mail")) } else { (id("-u").parse().unwrap(), id("-g").parse().unwrap()) };
        let mut server = Self {
            house: HouseCa::for_server("localhost"),
            imap_port: free_port(),
            imaps_port: free_port(),
            folder,
            owner,
            delivered: AtomicU32::new(0),
            keeper: None,
        };
        fs::set_permissions(server.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        server.folder_of_mail(&server.folder.path().join("mail"));
        let passwords: String = accounts.iter().map(|(user, password)| format!("{user}:{{PLAIN}}{password}\n")).collect();
        fs::write(server.folder.path().join("users"), passwords).unwrap();
        server.checks_tokens();
        fs::write(
            server.folder.path().join("dovecot.conf"),
            server.configuration(&user, &group, &login, &internal).replace("@mechanisms@", mechanisms),
        )
        .unwrap();
        server.run();
        server
    }

    /// Puts a message into the INBOX, as a delivery does.
    pub fn deliver(&self, user: &str, raw: &[u8]) {
        self.deliver_to(user, "INBOX", raw);
    }

    /// Puts a message into a folder that exists, or into the INBOX.
    pub fn deliver_to(&self, user: &str, folder: &str, raw: &[u8]) {
        let maildir = self.maildir(user, folder);
        for part in ["", "cur", "new", "tmp"] {
            self.folder_of_mail(&maildir.join(part));
        }
        let number = self.delivered.fetch_add(1, Ordering::Relaxed);
        // The name's number makes the order of the UIDs that of delivery.
        let name = format!("{}.M{number:06}.test", 1_700_000_000 + number);
        let temporary = maildir.join("tmp").join(&name);
        fs::write(&temporary, raw).unwrap();
        chown(&temporary, Some(self.owner.0), Some(self.owner.1)).unwrap();
        fs::rename(temporary, maildir.join("new").join(name)).unwrap();
    }

    /// How many messages lie in a folder.
    pub fn count(&self, user: &str, folder: &str) -> usize {
        let maildir = self.maildir(user, folder);
        ["cur", "new"].iter().filter_map(|it| fs::read_dir(maildir.join(it)).ok()).flatten().count()
    }

    /// How many of them are marked as seen.
    pub fn count_seen(&self, user: &str, folder: &str) -> usize {
        let seen = |name: String| name.rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('S'));
        fs::read_dir(self.maildir(user, folder).join("cur"))
            .map(|all| all.filter(|it| seen(it.as_ref().unwrap().file_name().to_string_lossy().into_owned())).count())
            .unwrap_or_default()
    }

    /// Somebody reads one of the messages that no mail program has met yet.
    pub fn mark_one_seen(&self, user: &str, folder: &str) {
        let maildir = self.maildir(user, folder);
        let one = fs::read_dir(maildir.join("new")).unwrap().next().unwrap().unwrap();
        fs::create_dir_all(maildir.join("cur")).unwrap();
        fs::rename(one.path(), maildir.join("cur").join(format!("{}:2,S", one.file_name().to_string_lossy()))).unwrap();
    }

    /// The folder's messages get new UIDs under a new UIDVALIDITY.
    pub fn renumber(&mut self, user: &str, folder: &str) {
        self.stop();
        for file in fs::read_dir(self.maildir(user, folder)).unwrap().map(|it| it.unwrap()) {
            if file.file_name().to_string_lossy().starts_with("dovecot") {
                fs::remove_file(file.path()).unwrap();
            }
        }
        // UIDVALIDITY is the second in which the folder was met.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        self.run();
    }

    /// Ends the server and every connection to it.
    pub fn stop(&mut self) {
        let Some(mut keeper) = self.keeper.take() else { return };
        // The keeper ends the server when nobody holds the other end of its input.
        drop(keeper.stdin.take());
        keeper.wait().unwrap();
    }

    /// Starts it again on the same ports, with the same mail.
    pub fn restart(&mut self) {
        self.stop();
        self.run();
    }

    /// Access tokens are JSON Web Tokens that it checks by itself.
    fn checks_tokens(&self) {
        let keys = self.folder.path().join("keys");
        fs::create_dir_all(keys.join("default/HS256")).unwrap();
        fs::write(keys.join("default/HS256/default"), BASE64.encode(TOKEN_KEY)).unwrap();
        let settings = format!(
            "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={}/\nusername_attribute = email\n",
            keys.display()
        );
        fs::write(self.folder.path().join("oauth2"), settings).unwrap();
    }

    fn run(&mut self) {
        let script = format!("{PROGRAM} -F -c {0}/dovecot.conf & p=$!; cat >/dev/null; kill $p; wait $p", self.folder.path().display());
        let log = fs::File::create(self.folder.path().join("output")).unwrap();
        let keeper = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
        self.keeper = Some(keeper.unwrap());
        let until = Instant::now() + PATIENCE;
        while !greets(self.imap_port) || TcpStream::connect(("127.0.0.1", self.imaps_port)).is_err() {
            assert!(Instant::now() < until, "dovecot does not start:\n{}", self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn words(&self) -> String {
        ["output", "dovecot.log"].map(|it| fs::read_to_string(self.folder.path().join(it)).unwrap_or_default()).join("\n")
    }

    fn maildir(&self, user: &str, folder: &str) -> PathBuf {
        let home = self.folder.path().join("mail").join(user);
        self.folder_of_mail(&home);
        if folder == "INBOX" { home } else { home.join(format!(".{folder}")) }
    }

    fn folder_of_mail(&self, path: &Path) {
        if !path.is_dir() {
            fs::create_dir(path).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
            chown(path, Some(self.owner.0), Some(self.owner.1)).unwrap();
        }
    }

    fn configuration(&self, user: &str, group: &str, login: &str, internal: &str) -> String {
        let internal_group = if internal == "dovecot" { internal } else { group };
        [
            ("folder", self.folder.path().display().to_string()),
            ("cert", self.house.cert_file().display().to_string()),
            ("key", self.house.key_file().display().to_string()),
            ("imap", self.imap_port.to_string()),
            ("imaps", self.imaps_port.to_string()),
            ("user", user.to_owned()),
            ("group", group.to_owned()),
            ("login", login.to_owned()),
            ("internal", internal.to_owned()),
            ("internal_group", internal_group.to_owned()),
        ]
        .iter()
        .fold(include_str!("dovecot.conf").to_owned(), |text, (word, value)| text.replace(&format!("@{word}@"), value))
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An access token for this account that every such server takes from now on for so many seconds; negative: it is over already. No two
/// of different numbers are the same (RFC 7519).
pub fn access_token(user: &str, seconds: i64, number: usize) -> String {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let (from, until) = (now.min(now + seconds) - 60, now + seconds);
    let claims = format!(r#"{{"sub":"{number}","email":"{user}","iat":{from},"nbf":{from},"exp":{until}}}"#);
    let head = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", BASE64URL_NOPAD.encode(claims.as_bytes()));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, TOKEN_KEY), signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

fn greets(port: u16) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut greeting = String::new();
    BufReader::new(&stream).read_line(&mut greeting).ok();
    (&stream).write_all(b"a LOGOUT\r\n").ok();
    greeting.starts_with("* OK")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn id(what: &str) -> String {
    let output = Command::new("id").arg(what).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn id_of(what: &str, user: &str) -> u32 {
    let output = Command::new("id").args([what, user]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}
