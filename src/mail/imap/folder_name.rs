//! Names of folders as they go over the wire: modified UTF-7 (RFC 3501 §5.1.3), quoted, so that no name is a command.

use data_encoding::BASE64_NOPAD;

use super::ImapError;

/// The name as a quoted string.
pub(super) fn quoted(name: &str) -> Result<String, ImapError> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(ImapError::FolderName { name: name.chars().filter(|c| !c.is_control()).collect() });
    }
    Ok(format!("\"{}\"", modified_utf7(name).replace('\\', "\\\\").replace('"', "\\\"")))
}

fn modified_utf7(name: &str) -> String {
    let mut wire = String::new();
    let mut foreign = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            shift(&mut wire, &mut foreign);
            wire.push(c);
            if c == '&' {
                wire.push('-');
            }
        } else {
            let mut pair = [0; 2];
            foreign.extend(c.encode_utf16(&mut pair).iter().flat_map(|it| it.to_be_bytes()));
        }
    }
    shift(&mut wire, &mut foreign);
    wire
}

fn shift(wire: &mut String, foreign: &mut Vec<u8>) {
    if !foreign.is_empty() {
        wire.push('&');
        wire.push_str(&BASE64_NOPAD.encode(foreign).replace('/', ","));
        wire.push('-');
        foreign.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_over_the_wire_as_the_rfc_writes_them() {
        for (name, wire) in [
            ("INBOX", "\"INBOX\""),
            ("Q&A", "\"Q&-A\""),
            ("~peter/mail/台北/日本語", "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\""),
            ("Erledigt ✓😀", "\"Erledigt &JxPYPd4A-\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
        ] {
            assert_eq!(quoted(name).unwrap(), wire);
        }
    }

    #[test]
    fn a_name_is_never_a_command() {
        for name in ["", "x\r\nA1 DELETE INBOX", "x\n", "x\0"] {
            assert!(quoted(name).is_err(), "{name:?}");
        }
    }
}
