//! The configuration: its documentation and its code say the same, and every fault names its mend.

use std::{collections::BTreeSet, fs, path::PathBuf};

use maildesk::{
    config::{Config, Faults, Mailbox},
    desk::{
        mailbox::{ImapAccount, SignIn},
        settings::WayIn,
    },
};
use secrecy::ExposeSecret;

const DOCUMENTATION: &str = "deploy/maildesk.toml";

fn documentation() -> String {
    document(DOCUMENTATION)
}

fn document(name: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn read(text: &str) -> Result<Config, Faults> {
    read_with(text, &[])
}

fn read_with(text: &str, environment: &[(&str, &str)]) -> Result<Config, Faults> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(text, "maildesk.toml", PathBuf::from("/etc/maildesk"), environment)
}

/// The folder that a mailbox watches.
fn folder(mailbox: &Mailbox) -> &ImapAccount {
    &mailbox.imap.as_ref().unwrap().account
}

/// The password of the first mailbox, to read.
fn password(config: &Config) -> &str {
    match &folder(&config.mailboxes[0]).sign_in {
        SignIn::Password(password) => password.expose_secret(),
        SignIn::Token(_) => panic!("it signs in with a token"),
    }
}

fn faults(text: &str) -> String {
    faults_with(text, &[])
}

fn faults_with(text: &str, environment: &[(&str, &str)]) -> String {
    read_with(text, environment).expect_err("there is a fault").to_string()
}

/// A desk with one mailbox, and `more` at the place of each `{}`: top, desk, mailbox, imap, smtp.
fn desk(top: &str, desk: &str, mailbox: &str, imap: &str, smtp: &str) -> String {
    format!(
        "public_url = \"https://desk.test\"\n{top}\n[desk]\n{desk}\n[[mailbox]]\nname = \"sales\"\naddress = \"sales@desk.test\"\n{mailbox}\n\
         [mailbox.imap]\nhost = \"imap.desk.test\"\nuser = \"sales\"\n{imap}\n[mailbox.smtp]\nhost = \"smtp.desk.test\"\n{smtp}\n"
    )
}

const PASSWORD: &str = "password = \"s3cret-word\"";

fn plain_desk() -> String {
    desk("", "", "", PASSWORD, "")
}

/// A line of the documentation with its `#` taken off, when it is a key that is commented out.
fn uncommented(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('#')?;
    let key = rest.split_once(" = ")?.0;
    key.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some(rest)
}

fn is_example(line: &str) -> bool {
    line.ends_with("# example")
}

#[test]
fn the_documentation_is_a_configuration_as_it_stands() {
    let config = read(&documentation()).unwrap();
    assert_eq!(config.mailboxes.len(), 1);
}

#[test]
fn the_configuration_that_a_newcomer_copies_has_no_fault() {
    let readme = document("README.md");
    let block = readme.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let config = read(block).unwrap();
    assert_eq!((config.mailboxes.len(), folder(&config.mailboxes[0]).server.port, config.mailboxes[0].smtp.server.port), (1, 993, 465));
}

#[test]
fn every_default_that_is_documented_is_the_codes_default() {
    let text = documentation();
    let as_it_stands = shown(&read(&text).unwrap());
    let mut tried = 0;
    for (at, line) in text.lines().enumerate() {
        let Some(default) = uncommented(line).filter(|_| !is_example(line)) else { continue };
        let with_default: Vec<&str> = text.lines().enumerate().map(|(it, line)| if it == at { default } else { line }).collect();
        let config = read(&with_default.join("\n")).unwrap_or_else(|faults| panic!("{default}: {faults}"));
        assert_eq!(shown(&config), as_it_stands, "{default} is not the default");
        tried += 1;
    }
    assert!(tried > 30, "only {tried} defaults were found");
}

/// Everything that a configuration says, the one secret with a default among it.
fn shown(config: &Config) -> String {
    format!("{config:#?} {}", config.database_url.expose_secret())
}

#[test]
fn the_documentation_holds_every_key_and_no_other() {
    let (mut section, mut documented) = (String::new(), BTreeSet::new());
    for line in documentation().lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = format!("{}.", header.trim_matches(['[', ']']));
        }
        let setting = uncommented(line).or_else(|| Some(line).filter(|it| !it.starts_with('#')));
        if let Some((key, _)) = setting.and_then(|it| it.split_once(" = ")) {
            documented.insert(format!("{section}{key}"));
        }
    }
    assert_eq!(documented, Config::keys());
}

#[test]
fn what_is_not_said_has_its_default() {
    let config = read(&plain_desk()).unwrap();
    assert_eq!(config.database_url.expose_secret(), "sqlite:/var/lib/maildesk/maildesk.db");
    let sales = &config.mailboxes[0];
    assert_eq!((folder(sales).server.port, sales.smtp.server.port), (993, 465));
    assert_eq!(folder(sales).done_folder.as_deref(), Some("Processed"));
    assert!(sales.smtp.sign_in.is_none());
}

#[test]
fn every_fault_is_told_at_once_in_the_order_of_the_file() {
    let text = desk("listen = \"8025\"", "undo_window = \"1h\"", "list_mail = \"bin\"", "tls = \"none\"", "port = 70000");
    let told = faults(&text);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "maildesk.toml:2: listen = \"8025\" is not an IP address and a port such as 127.0.0.1:8025",
            "maildesk.toml:4: desk.undo_window = \"1h\" is more than 5m",
            "maildesk.toml:8: mailbox \"sales\": list_mail = \"bin\" is not one of \"hold\" or \"ticket\"",
            "maildesk.toml:9: mailbox \"sales\": imap.tls = \"none\" is only allowed to this machine; use \"implicit\" or \"starttls\"",
            "maildesk.toml:9: mailbox \"sales\": imap.password is missing; write it there, name a file that holds it in password_file, \
             or set MAILDESK_MAILBOX_SALES_IMAP_PASSWORD",
            "maildesk.toml:15: mailbox \"sales\": smtp.port = 70000 is not a whole number from 1 to 65535",
        ]
    );
}

#[test]
fn each_fault_names_the_key_and_the_mend() {
    for (text, told) in [
        (String::new(), "public_url is missing; write how people reach the panel"),
        (desk("public_ur = \"x\"", "", "", PASSWORD, ""), "public_ur is no key that maildesk knows; did you mean public_url?"),
        (desk("", "close_aftr = \"1d\"", "", PASSWORD, ""), "desk.close_aftr is no key that maildesk knows; did you mean close_after?"),
        (desk("", "", "", PASSWORD, "colour = 1"), "mailbox \"sales\": smtp.colour is no key that maildesk knows"),
        (desk("", "name = 5", "", PASSWORD, ""), "desk.name = 5 is not text; put it in quotes"),
        (desk("", "session_idle = \"30d\"", "", PASSWORD, ""), "desk.session_absolute is shorter than session_idle"),
        (desk("", "keep_raw = \"10d\"", "", PASSWORD, ""), "keep_raw = \"10d\" is less than 30d, and not \"always\""),
        (desk("", "keep_raw = \"never\"", "", PASSWORD, ""), "and not \"always\""),
        (desk("", "keep_raw = \"36d\"", "", PASSWORD, ""), "must have its mail; write \"37d\" or more"),
        (desk("time_zone = \"Mars/Base\"", "", "", PASSWORD, ""), "time_zone = \"Mars/Base\" is no time zone of this machine"),
        (desk("log_level = \"loud\"", "", "", PASSWORD, ""), "log_level = \"loud\" is not one of \"error\""),
        (desk("log_level = \"async_imap=trace\"", "", "", PASSWORD, ""), "would write passwords or invitations to the log"),
        (desk("log_level = \"info,tower_http=trace\"", "", "", PASSWORD, ""), "leave tower_http out"),
        (desk("trusted_proxies = [\"proxy\"]", "", "", PASSWORD, ""), "\"proxy\" is neither an IP address nor a range"),
        (desk("database_url = \"mysql://x\"", "", "", PASSWORD, ""), "database_url is neither \"sqlite:FILE\" nor"),
        (desk("database_url = \"postgres://h/d\"", "", "", PASSWORD, ""), "secret_key is missing; with PostgreSQL"),
        (desk("secret_key = \"short\"", "", "", PASSWORD, ""), "secret_key holds fewer than 32 bytes"),
        (
            desk("", "", "", "password = \"a\"\npassword_file = \"b\"", ""),
            "imap.password and mailbox \"sales\": imap.password_file are both given",
        ),
        (desk("", "", "", "password_file = \"/no/such\"", ""), "imap.password_file = \"/no/such\" cannot be read: /no/such: No such file"),
        (
            desk("", "", "", "password_file = \"nope.pw\"", ""),
            "nope.pw: No such file or directory (os error 2); write the path of a file that is there",
        ),
        (
            desk("", "", "", "password = \"a\"\nca_file = \"/no/such\"", ""),
            "imap.ca_file cannot be read: /no/such: No such file or directory",
        ),
        (desk("", "", "", "password = \"a\"\nfolder = \"Processed\"", ""), "imap.done_folder and folder are the same"),
        (desk("", "", "", PASSWORD, "user = \"sales\""), "smtp.password is missing"),
        (desk("", "", "", PASSWORD, "password = \"p\""), "smtp.user is missing"),
        (plain_desk().replace("imap.desk.test", "imap.desk.test:993"), "imap.host = \"imap.desk.test:993\" holds a port"),
        (plain_desk().replace("name = \"sales\"", "name = \"Sales Desk\""), "name = \"Sales Desk\" is not 1 to 32 of a-z"),
        (plain_desk().replace("sales@desk.test", "sales"), "address = \"sales\" cannot be used: `sales` is not an e-mail address"),
        (plain_desk().replace("https://", "http://"), "public_url = \"http://desk.test\" would send passwords readable"),
        ("mailbox = 5".to_owned(), "mailbox is not a list of sections"),
        ("desk = 5".to_owned(), "desk = 5 is not a table"),
    ] {
        let all = faults(&text);
        assert!(all.contains(told), "expected {told:?} among\n{all}");
    }
}

/// A mailbox that signs in with tokens: keys of its oauth, imap and smtp sections.
fn token_desk(oauth: &str, imap: &str, smtp: &str) -> String {
    format!(
        "public_url = \"https://desk.test\"\n[[mailbox]]\nname = \"sales\"\naddress = \"sales@desk.test\"\n[mailbox.imap]\n\
         user = \"sales@desk.test\"\n{imap}\n[mailbox.smtp]\n{smtp}\n[mailbox.oauth]\n{oauth}\n"
    )
}

const GOOGLE: &str = "provider = \"google\"\nclient_id = \"c\"\nclient_secret = \"s\"";
const MICROSOFT: &str = "provider = \"microsoft\"\ntenant = \"desk.test\"\nclient_id = \"c\"\nclient_secret = \"s\"";
const OTHER: &str =
    "provider = \"other\"\nclient_id = \"c\"\nauthorize_url = \"https://l.test/a\"\ntoken_url = \"https://l.test/t\"\nscope = \"m\"";

#[test]
fn a_known_provider_needs_no_host_and_no_password() {
    let config = read(&token_desk(GOOGLE, "", "")).unwrap();
    let sales = &config.mailboxes[0];
    assert_eq!(
        (folder(sales).server.to_string(), sales.smtp.server.to_string()),
        ("imap.gmail.com:993".into(), "smtp.gmail.com:465".into())
    );
    let (user, sign_in) = sales.smtp.sign_in.as_ref().unwrap();
    assert!(user == "sales@desk.test" && sign_in.token().is_some() && folder(sales).sign_in.token().is_some());
    let client = sales.settings.oauth.as_ref().unwrap();
    assert_eq!((client.user.as_str(), client.scope.as_str()), ("sales@desk.test", "https://mail.google.com/ openid email"));
    let config = read(&token_desk(&format!("{MICROSOFT}\nflow = \"client_credentials\""), "", "tls = \"implicit\"")).unwrap();
    let sales = &config.mailboxes[0];
    assert_eq!(folder(sales).server.to_string(), "outlook.office365.com:993");
    assert_eq!(sales.smtp.server.to_string(), "smtp.office365.com:465", "another protection has another port");
    let client = sales.settings.oauth.as_ref().unwrap();
    assert_eq!(client.token_url.to_string(), "https://login.microsoftonline.com/desk.test/oauth2/v2.0/token");
    assert_eq!(client.scope, "https://outlook.office365.com/.default");
    assert!(client.authorize_url.is_none());
}

#[test]
fn a_server_of_ones_own_may_have_a_password_or_nobody_beside_tokens() {
    let own = "host = \"smtp.desk.test\"\n";
    for (smtp, token, user) in [
        (own.to_owned(), true, Some("sales@desk.test")),
        (format!("{own}user = \"u\"\npassword = \"p\""), false, Some("u")),
        (format!("{own}user = \"\""), false, None),
    ] {
        let config = read(&token_desk(GOOGLE, "", &smtp)).unwrap();
        let sign_in = config.mailboxes[0].smtp.sign_in.as_ref();
        assert_eq!(sign_in.map(|(user, _)| user.as_str()), user, "{smtp}");
        assert_eq!(sign_in.is_some_and(|(_, it)| it.token().is_some()), token, "{smtp}");
    }
}

#[test]
fn each_fault_of_a_sign_in_with_tokens_names_the_key_and_the_mend() {
    for (text, told) in [
        (token_desk(GOOGLE, "password = \"p\"", ""), "imap.password and [mailbox.oauth] are both given; keep one of them"),
        (
            token_desk(GOOGLE, "", "user = \"u\"\npassword = \"p\""),
            "smtp.password and [mailbox.oauth] are both given; leave the password out",
        ),
        (token_desk("", "host = \"h\"", "host = \"h\""), "imap.password is missing"),
        (token_desk(OTHER, "", "host = \"h\""), "imap.host is missing"),
        (token_desk("client_id = \"c\"", "", ""), "oauth.provider is missing; write \"google\""),
        (token_desk("provider = \"yahoo\"", "", ""), "oauth.provider = \"yahoo\" is not one of \"google\", \"microsoft\" or \"other\""),
        (token_desk("provider = \"google\"\nclient_id = \"c\"", "", ""), "oauth.client_secret is missing"),
        (token_desk("provider = \"google\"\nclient_secret = \"s\"", "", ""), "oauth.client_id is missing; register an application"),
        (token_desk(&MICROSOFT.replace("tenant", "#"), "", ""), "oauth.tenant is missing; write the id of your directory"),
        (token_desk(&format!("{GOOGLE}\ntenant = \"x\""), "", ""), "oauth.tenant is Microsoft’s"),
        (token_desk(&MICROSOFT.replace("desk.test", "a/b"), "", ""), "oauth.tenant = \"a/b\" is neither an id nor a domain"),
        (token_desk(&format!("{GOOGLE}\nflow = \"client_credentials\""), "", ""), "is not to be had at Google"),
        (token_desk(&OTHER.replace("token_url", "#"), "", ""), "oauth.token_url is missing"),
        (token_desk(&OTHER.replace("scope", "#"), "", ""), "oauth.scope is missing"),
        (token_desk(&OTHER.replace("https://l.test/t", "http://l.test/t"), "", ""), "would send tokens readable over the network"),
        (token_desk(&format!("{GOOGLE}\nclient_secret_expires = \"soon\""), "", ""), "is not a day such as \"2027-06-30\""),
    ] {
        let all = faults(&text);
        assert!(all.contains(told), "expected {told:?} among\n{all}");
    }
    let secret = "s3cret-of-the-application";
    let config = read(&token_desk(&GOOGLE.replace("\"s\"", &format!("\"{secret}\"")), "", "")).unwrap();
    assert!(!format!("{config:?}").contains(secret));
}

#[test]
fn what_is_no_toml_is_told_by_line_and_column_without_the_line() {
    let told = faults("public_url = \"https://desk.test\"\nsecret_key = \"s3cret-word\nlisten = 5 5\n");
    assert!(told.starts_with("maildesk.toml:2:26: "), "{told}");
    assert!(told.contains("maildesk.toml:3:"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn two_mailboxes_never_watch_one_folder() {
    let one = plain_desk();
    let other = one.split_once("[[mailbox]]").unwrap().1;
    let two = format!("{one}[[mailbox]]{}", other.replace("\"sales\"\naddress = \"sales@", "\"orders\"\naddress = \"orders@"));
    assert!(faults(&two).contains("two mailboxes have the same folder \"INBOX\" of sales on imap.desk.test:993"), "{}", faults(&two));
    let twins = format!("{one}[[mailbox]]{other}");
    assert!(faults(&twins).contains("two mailboxes have the same name \"sales\""));
}

#[test]
fn the_environment_wins_over_the_file() {
    let config = read_with(
        &plain_desk(),
        &[
            ("MAILDESK_LISTEN", "[::1]:9000"),
            ("MAILDESK_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("MAILDESK_DESK_UNDO_WINDOW", "0s"),
            ("MAILDESK_DESK_MAX_NEW_PER_HOUR", "7"),
            ("MAILDESK_MAILBOX_SALES_NOTICES", ""),
            ("MAILDESK_MAILBOX_SALES_IMAP_PASSWORD", "from outside"),
            ("MAILDESK_SERVICE_HOST", "10.0.0.7"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen.port(), 9000);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert!(config.desk.undo_window.is_zero());
    assert_eq!(config.desk.budgets.new_per_sender_hour, 7);
    assert!(config.mailboxes[0].settings.notices.is_empty());
    assert_eq!(password(&config), "from outside");
}

#[test]
fn a_variable_that_sets_nothing_is_refused() {
    let told = faults_with(&plain_desk(), &[("MAILDESK_DATABSE_URL", "sqlite:x"), ("MAILDESK_LISTEN", "here")]);
    assert!(told.contains("MAILDESK_DATABSE_URL: is no variable that maildesk knows"), "{told}");
    assert!(told.contains("MAILDESK_LISTEN: listen = \"here\" is not an IP address"), "{told}");
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("word"), "  from a file \r\n").unwrap();
    fs::write(folder.path().join("maildesk.toml"), desk("", "", "", "password_file = \"word\"", "")).unwrap();
    let config = Config::load(&folder.path().join("maildesk.toml")).unwrap();
    assert_eq!(password(&config), "  from a file ");
}

#[test]
fn no_secret_is_ever_shown() {
    let secret = "s3cret-word-that-is-long-enough-for-a-key";
    let top = format!("secret_key = \"{secret}\"\ndatabase_url = \"postgres://u:{secret}@h/d\"");
    let word = format!("password = \"{secret}\"");
    let text = desk(&top, "", "", &word, &format!("user = \"u\"\n{word}"));
    assert!(!format!("{:?}", read(&text).unwrap()).contains(secret));
    for broken in [text.replace("postgres:", "postgre:"), text.replace(&word, &format!("password = [\"{secret}\"]"))] {
        assert!(!faults(&broken).contains(secret), "{}", faults(&broken));
    }
}

#[test]
fn where_sqlite_keeps_the_desk_may_hold_any_character() {
    let config = read(&desk("data_dir = \"/srv/50% desk?\"\ndatabase_url = \"sqlite:own.db\"", "", "", PASSWORD, "")).unwrap();
    assert_eq!(config.database_url.expose_secret(), "sqlite:/srv/50%25 desk%3F/own.db");
}

#[test]
fn a_relative_folder_lies_beside_the_file() {
    let config = read(&desk("data_dir = \"data\"", "", "", PASSWORD, "")).unwrap();
    assert_eq!(config.data_dir, PathBuf::from("/etc/maildesk/data"));
}

#[test]
fn mail_is_handed_over_by_this_machine_or_by_whom_the_file_names() {
    let lmtp = |text: &str| format!("{}[lmtp]\n{text}\n", plain_desk());
    let door = |text: &str| read(&lmtp(text)).unwrap().lmtp.unwrap();
    assert!(read(&plain_desk()).unwrap().lmtp.is_none());
    assert!(door("listen = \"127.0.0.1:2400\"").admits("127.0.0.1".parse().unwrap()));
    assert_eq!(door("listen = \"unix:lmtp.sock\"\nsocket_mode = \"600\"").at.to_string(), "unix:/etc/maildesk/lmtp.sock");
    let named = door("listen = \"10.0.0.2:24\"\nallow = [\"10.0.0.7\"]");
    assert!(named.admits("10.0.0.7".parse().unwrap()) && !named.admits("10.0.0.8".parse().unwrap()));
    for (text, mend) in [
        ("listen = \"0.0.0.0:24\"", "name your mail server in lmtp.allow"),
        ("listen = \"203.0.113.5:24\"", "LMTP has no sign-in"),
        ("listen = \"0.0.0.0:24\"\nallow = [\"0.0.0.0/0\"]", "names everybody"),
        ("listen = \"localhost\"", "unix:/run/maildesk/lmtp.sock"),
        ("listen = \"unix:x\"\nsocket_mode = \"888\"", "octal digits"),
    ] {
        let said = faults(&lmtp(text));
        assert!(said.contains(mend), "{text}: {said}");
    }
}

/// A mailbox without a folder: keys of the top, of the mailbox, of smtp.
fn handed_over(lmtp: &str, mailbox: &str, smtp: &str) -> String {
    format!(
        "public_url = \"https://desk.test\"\n{lmtp}\n[[mailbox]]\nname = \"sales\"\naddress = \"sales@desk.test\"\n{mailbox}\n\
         [mailbox.smtp]\nhost = \"smtp.desk.test\"\n{smtp}\n"
    )
}

const DOOR: &str = "[lmtp]\nlisten = \"127.0.0.1:2400\"";

#[test]
fn a_mailbox_needs_no_folder_where_its_mail_is_handed_over() {
    let config = read(&handed_over(DOOR, "mode = \"shadow\"", "")).unwrap();
    let sales = &config.mailboxes[0];
    assert!(sales.imap.is_none() && sales.settings.way_in == WayIn::HandedOver && sales.token().is_none());
    assert_eq!(read(&format!("{}{DOOR}", plain_desk())).unwrap().mailboxes[0].settings.way_in, WayIn::Folder);
    // What the environment says of a folder is a folder.
    let password = [("MAILDESK_MAILBOX_SALES_IMAP_PASSWORD", "s3cret-word")];
    assert!(faults_with(&handed_over(DOOR, "", ""), &password).contains("mailbox \"sales\": imap.host is missing"));
    let tokens =
        |smtp: &str| format!("{}[mailbox.oauth]\n{GOOGLE}\n", handed_over(DOOR, "", smtp).replace("host = \"smtp.desk.test\"\n", ""));
    let config = read(&tokens("user = \"sales@desk.test\"")).unwrap();
    let sales = &config.mailboxes[0];
    assert!(sales.token().is_some());
    assert_eq!(sales.settings.oauth.as_ref().unwrap().user, "sales@desk.test");
    for (text, told) in [
        (
            handed_over("", "", ""),
            "mailbox \"sales\": no mail can come in; write [mailbox.imap] for a folder that is watched, or lmtp.listen",
        ),
        (handed_over(DOOR, "take_existing = \"all\"", ""), "take_existing is about a folder, and this mailbox has none"),
        (tokens(""), "smtp.user is missing; write whose token it is"),
        (tokens("user = \"\""), "nothing signs in with the tokens of [mailbox.oauth]; leave it out"),
    ] {
        let all = faults(&text);
        assert!(all.contains(told), "expected {told:?} among\n{all}");
    }
    // A door that is at fault is told, and no more.
    let all = faults(&handed_over("[lmtp]\nlisten = \"0.0.0.0:24\"", "", ""));
    assert!(all.contains("lmtp.allow") && !all.contains("no mail can come in"), "{all}");
}
