//! A mailbox that was added on the web: the same keys as in the file, read by the same code. What would name a file of this machine is
//! no key of it.

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::{Config, Mailbox};

/// Its keys, by their section: none of them is a path, and none a secret.
pub const KEYS: &[(&str, &[&str])] = &[
    (
        "mailbox",
        &[
            "name",
            "address",
            "display_name",
            "mode",
            "list_mail",
            "authserv_id",
            "sub_addressing",
            "sender_name",
            "take_existing",
            "first_connection",
        ],
    ),
    ("mailbox.imap", &["host", "port", "tls", "user", "folder", "done_folder"]),
    ("mailbox.smtp", &["host", "port", "tls", "user"]),
    ("mailbox.oauth", &["provider", "tenant", "client_id"]),
];

/// What is said of it: `imap.host` to what. What is empty is not said, but for `done_folder`, where it means that mail stays.
pub type Says = BTreeMap<String, String>;

/// Its secrets: `imap.password`, `smtp.password`, `oauth.client_secret`.
pub type Secrets = BTreeMap<String, SecretString>;

/// Which secrets there are.
pub const SECRETS: [&str; 3] = ["imap.password", "smtp.password", "oauth.client_secret"];

/// As [`Says`] names a key of a section.
#[must_use]
pub fn key(section: &str, key: &str) -> String {
    section.strip_prefix("mailbox.").map_or_else(|| key.to_owned(), |it| format!("{it}.{key}"))
}

/// Reads it as the file would be read.
///
/// # Errors
/// Everything that is wrong, each with its mend.
pub fn mailbox(says: &Says, secrets: &Secrets, desk_name: &str) -> Result<Mailbox, Vec<String>> {
    let mut text = format!("public_url = \"http://127.0.0.1\"\n[desk]\nname = {}\n", quoted(desk_name));
    for (section, keys) in KEYS {
        let given = keys
            .iter()
            .filter_map(|it| Some((*it, says.get(&key(section, it))?)))
            .filter(|(it, value)| *it == "done_folder" || !value.is_empty());
        let lines: String = given.map(|(it, value)| format!("{it} = {}\n", quoted(value))).collect();
        text += &if *section == "mailbox" { format!("[[{section}]]\n{lines}") } else { format!("[{section}]\n{lines}") };
    }
    let name = says.get("name").map_or("", String::as_str).replace('-', "_").to_uppercase();
    let variable = |it: &str| format!("MAILDESK_MAILBOX_{name}_{}", it.replace('.', "_").to_uppercase());
    let environment = secrets.iter().map(|(it, secret)| (variable(it), secret.expose_secret().to_owned()));
    let config = Config::read(&text, "", PathBuf::new(), environment)
        .map_err(|faults| faults.list.into_iter().map(|it| in_the_form(&it.text, &name)).collect::<Vec<_>>())?;
    config.mailboxes.into_iter().next().ok_or_else(|| vec!["nothing is said".to_owned()])
}

/// As the web says it: there is no file and no environment to write to.
fn in_the_form(fault: &str, name: &str) -> String {
    let fault = fault.split_once(": ").filter(|(lead, _)| lead.starts_with("mailbox ")).map_or(fault, |(_, rest)| rest);
    let fault = fault.split("; write it there, name a file").next().unwrap_or(fault).to_owned();
    fault.split(&format!("MAILDESK_MAILBOX_{name}")).next().unwrap_or_default().trim_end_matches([' ', ',']).to_owned()
}

/// A basic string of TOML, which a string of JSON is.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(pairs: &[(&str, &str)]) -> Says {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn whole() -> Says {
        says(&[
            ("name", "sales"),
            ("address", "sales@desk.test"),
            ("imap.host", "imap.desk.test"),
            ("imap.user", "sales"),
            ("smtp.host", "smtp.desk.test"),
            ("smtp.user", "sales"),
        ])
    }

    fn secrets() -> Secrets {
        Secrets::from([("imap.password".to_owned(), "a \"b\" \\ c".into()), ("smtp.password".to_owned(), "d".into())])
    }

    #[test]
    fn it_is_read_as_the_file_is() {
        let it = mailbox(&whole(), &secrets(), "The \"desk\"").unwrap();
        assert_eq!((it.settings.name.as_str(), it.settings.display_name.as_str()), ("sales", "The \"desk\""));
        let folder = it.imap.unwrap().account;
        assert_eq!((folder.server.port, it.smtp.server.port, folder.done_folder.as_deref()), (993, 465, Some("Processed")));
        let stays = Says::from_iter(whole().into_iter().chain([("imap.done_folder".to_owned(), String::new())]));
        assert_eq!(mailbox(&stays, &secrets(), "d").unwrap().imap.unwrap().account.done_folder, None);
    }

    #[test]
    fn what_is_wrong_is_told_all_at_once_and_without_the_file() {
        let told =
            mailbox(&says(&[("name", "Sales!"), ("address", "nobody"), ("imap.host", "a:993"), ("imap.port", "x")]), &Secrets::new(), "d")
                .unwrap_err();
        let told = told.join("\n");
        for part in [
            "name = \"Sales!\" is not 1 to 32",
            "address = \"nobody\"",
            "imap.host",
            "imap.user is missing",
            "smtp.host is missing",
            "imap.password is missing",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("MAILDESK") && !told.contains("password_file"), "{told}");
    }

    #[test]
    fn a_line_break_says_nothing_beside_its_key() {
        let mut odd = whole();
        odd.insert("imap.folder".to_owned(), "INBOX\"\nca_file = \"/etc/passwd".to_owned());
        assert!(mailbox(&odd, &secrets(), "d").unwrap_err().join(" ").contains("control character"));
    }
}
