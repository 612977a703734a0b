//! Slash commands at the top of a helper's mail: all of a message's commands are done, or none.

use crate::desk::{
    id::TicketNumber,
    tag::TagName,
    ticket::{Priority, Status},
};

/// One thing a helper asks for by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The rest is an internal comment.
    Note,
    /// Set this status.
    Status(Status),
    /// Give it to somebody, named as typed.
    Assign(AssignTo),
    /// Set this priority.
    Priority(Priority),
    /// Put this tag on it.
    Tag(TagName),
    /// Take this tag off it.
    Untag(TagName),
    /// Put it off until then, as typed.
    Snooze(String),
    /// Merge the ticket into this one.
    Merge(TicketNumber),
}

/// Whom a helper names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignTo {
    /// `me`.
    Me,
    /// `nobody`.
    Nobody,
    /// A name or an address.
    Named(String),
}

/// What a helper can say, for the answer to what they cannot.
pub const HELP: &str = "/note, /status open|in-progress|resolved|closed, /resolve, /close, /reopen, /assign me|nobody|NAME, /priority low|normal|high|urgent, /tag NAME or +NAME -NAME, /untag NAME, /snooze 3d (or 2h, 1w, tomorrow, monday, 2026-11-30, 2026-11-30 14:00), /merge NUMBER";

/// The commands at the top of a text, and the words below them.
///
/// # Errors
/// The first command that is not one, as a sentence with those that are.
pub fn read(text: &str) -> Result<(Vec<Command>, String), String> {
    let mut commands = Vec::new();
    let mut lines = text.lines().skip_while(|line| line.trim().is_empty()).peekable();
    while let Some(line) = lines.next_if(|line| line.trim_start().starts_with('/')) {
        commands.extend(asked(line.trim())?);
    }
    let rest = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    Ok((commands, rest))
}

/// What one line asks for: one thing, but for `/tag +billing -vip`.
fn asked(line: &str) -> Result<Vec<Command>, String> {
    let signed = line.split_once(char::is_whitespace).filter(|(word, rest)| word.eq_ignore_ascii_case("/tag") && starts_signed(rest));
    let Some((_, rest)) = signed else { return Ok(vec![command(line)?]) };
    let mut names: Vec<String> = Vec::new();
    for word in rest.split_whitespace() {
        match names.last_mut().filter(|_| !starts_signed(word)) {
            Some(name) => *name = format!("{name} {word}"),
            None => names.push(word.to_owned()),
        }
    }
    names
        .iter()
        .map(|it| command(&if let Some(name) = it.strip_prefix('-') { format!("/untag {name}") } else { format!("/tag {}", &it[1..]) }))
        .collect()
}

fn starts_signed(text: &str) -> bool {
    text.trim_start().starts_with(['+', '-'])
}

fn command(line: &str) -> Result<Command, String> {
    let (word, argument) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, argument)| (word, argument.trim()));
    let unknown = || format!("`{line}` is not a command; there are {HELP}");
    match word.to_lowercase().as_str() {
        "/note" if argument.is_empty() => Ok(Command::Note),
        "/status" => Status::parse(&argument.to_lowercase().replace(' ', "-")).map(Command::Status).ok_or_else(unknown),
        "/resolve" | "/resolved" => Ok(Command::Status(Status::Resolved)),
        "/close" | "/closed" => Ok(Command::Status(Status::Closed)),
        "/reopen" => Ok(Command::Status(Status::InProgress)),
        "/priority" => Priority::parse(&argument.to_lowercase()).map(Command::Priority).ok_or_else(unknown),
        "/tag" => TagName::parse(argument).map(Command::Tag).map_err(|why| format!("`{line}`: {why}")),
        "/untag" => TagName::parse(argument).map(Command::Untag).map_err(|why| format!("`{line}`: {why}")),
        "/snooze" if !argument.is_empty() => Ok(Command::Snooze(argument.to_owned())),
        "/help" => Err(format!("the commands are {HELP}")),
        "/merge" => number(argument).map(Command::Merge).ok_or_else(unknown),
        "/assign" => match argument.to_lowercase().as_str() {
            "" => Err(unknown()),
            "me" => Ok(Command::Assign(AssignTo::Me)),
            "nobody" => Ok(Command::Assign(AssignTo::Nobody)),
            _ => Ok(Command::Assign(AssignTo::Named(argument.to_owned()))),
        },
        _ => Err(unknown()),
    }
}

/// `1043` or `#1043`.
fn number(argument: &str) -> Option<TicketNumber> {
    let digits = argument.strip_prefix('#').unwrap_or(argument);
    let plain = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().filter(|it| *it > 0).map(TicketNumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_at_the_top_and_the_rest_is_the_answer() {
        let (commands, rest) = read("\n/status resolved\n/assign Hal Nine\n\nHello Ann,\n/etc is a folder").unwrap();
        assert_eq!(commands, [Command::Status(Status::Resolved), Command::Assign(AssignTo::Named("Hal Nine".to_owned()))]);
        assert_eq!(rest, "Hello Ann,\n/etc is a folder");
        assert_eq!(read("Hello /note").unwrap(), (vec![], "Hello /note".to_owned()));
    }

    #[test]
    fn an_unknown_command_is_refused_with_those_that_exist() {
        assert!(read("/spam").unwrap_err().contains("/note"));
        assert!(read("/status done").unwrap_err().starts_with("`/status done`"));
        assert!(read("/help").unwrap_err().starts_with("the commands are /note"));
        assert!(read("/snooze").is_err());
    }

    #[test]
    fn a_tag_is_the_rest_of_the_line() {
        let tag = |typed: &str| TagName::parse(typed).unwrap();
        let (commands, rest) = read("/tag Needs a part\n/UNTAG #billing\nHello").unwrap();
        assert_eq!((commands, rest.as_str()), (vec![Command::Tag(tag("Needs a part")), Command::Untag(tag("billing"))], "Hello"));
        assert!(read("/tag").unwrap_err().contains("a tag needs a name"));
        assert!(read("/tag one, two").is_err());
        let several = [Command::Tag(tag("billing")), Command::Untag(tag("needs a part")), Command::Tag(tag("vip"))];
        assert_eq!(read("/tag +billing -needs a  part +vip").unwrap().0, several);
        for odd in ["/tag +", "/tag + -", "/tag -a,b"] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_ticket_to_merge_into_is_named_by_its_number() {
        for text in ["/merge 1043", "/Merge #1043"] {
            assert_eq!(read(text).unwrap().0, [Command::Merge(TicketNumber(1043))]);
        }
        for text in ["/merge", "/merge printer", "/merge 0", "/merge -1", "/merge 1 2", "/merge 99999999999999999999"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
