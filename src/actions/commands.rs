//! A helper's slash commands: checked before anything is done, then done together.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result, assign,
        door::{Change, Tagging},
        edit::give_priority,
        merge, reply,
        snooze::put_off,
        staff_words,
    },
    desk::{
        command::{self, AssignTo, Command},
        id::{PersonId, TicketNumber},
        message::IncomingMessage,
        permission::{Act, Verdict, may},
        person::Person,
        snooze,
        ticket::Step,
        triage::Commands,
    },
    store::{Conn, Tx, evidence, participants, people, tags, tickets},
};

/// Whether all of a message's commands can be done by this helper on this ticket, and the ticket is theirs to answer.
pub(super) async fn check(desk: &Desk, tx: &mut Tx, helper: &Person, number: TicketNumber, message: &IncomingMessage) -> Result<Commands> {
    let Some(ticket) = tickets::get(tx, number).await? else { return Ok(Commands::Fine) };
    let case = participants::case(tx, &ticket, helper.id).await?;
    if may(helper, Act::Comment(case), desk.rules()) != Verdict::Allowed {
        return Ok(Commands::Refused(format!("#{number} is out of {}’s reach now: somebody else has it", helper.name)));
    }
    for id in message.in_reply_to.iter().chain(message.references.last()) {
        if let Some(other) = evidence::moved_away_since(tx, id).await? {
            let why = format!("since that notice a message was moved from #{number} to #{other}; see in the panel whom you answer");
            return Ok(Commands::Refused(why));
        }
    }
    let words = staff_words::of(desk, tx, message).await?;
    if let Some(command) = staff_words::command_below_quotes(&words) {
        let why = format!(
            "`{command}` stands below quoted lines, and commands are read at the top alone; send it again with the command above them"
        );
        return Ok(Commands::Refused(why));
    }
    let commands = match command::read(&words) {
        Ok((commands, rest)) if rest.is_empty() && commands.is_empty() && message.attachments.is_empty() => {
            return Ok(Commands::Refused("there are no new words in it".to_owned()));
        }
        Ok((commands, rest)) if rest.is_empty() && commands.contains(&Command::Note) => {
            return Ok(Commands::Refused("/note with no words below it".to_owned()));
        }
        Ok((commands, rest)) => {
            let wordless = rest.is_empty() && message.attachments.is_empty();
            if !commands.contains(&Command::Note)
                && let Some((at, file)) = staff_words::file_that_gives_away(desk, message)
            {
                let why = format!(
                    "its file {} holds the address whose answers count as yours, and would go to the customer; send it again without it",
                    file.shown_name(at)
                );
                return Ok(Commands::Refused(why));
            }
            if !wordless
                && !commands.contains(&Command::Note)
                && let Err(error) = reply::reaches_somebody(desk, tx, helper, number, &[]).await
            {
                return Ok(Commands::Refused(error.to_string()));
            }
            commands
        }
        Err(why) => return Ok(Commands::Refused(why)),
    };
    let mut tried = Change::of(ticket, Some(helper.id));
    for command in &commands {
        if let Err(error) = apply(desk, tx, &mut tried, helper, command, Timestamp::UNIX_EPOCH).await {
            return Ok(Commands::Refused(error.to_string()));
        }
    }
    Ok(Commands::Fine)
}

/// Does one command to a ticket that is being changed.
pub(super) async fn apply(
    desk: &Desk,
    conn: &mut Conn,
    change: &mut Change,
    helper: &Person,
    command: &Command,
    now: Timestamp,
) -> Result<()> {
    match command {
        Command::Note => {}
        Command::Status(to) => {
            let to = change.ticket.status.by_staff(*to)?;
            change.set_status(to, now);
        }
        Command::Priority(to) => give_priority(change, *to),
        Command::Assign(to) => {
            let to = whom(conn, helper, to).await?;
            let case = participants::case(conn, &change.ticket, helper.id).await?;
            desk.allow(helper, Act::Assign(case, assign::relation(helper, to)))?;
            assign::give(change, to);
            change.step(Step::StaffTakes, now);
        }
        Command::Tag(name) => change.tag(Tagging::Name(name.clone()))?,
        Command::Untag(name) => {
            let on = tags::named(conn, name).await?.filter(|it| change.ticket.tags.contains(&it.id));
            let tag =
                on.ok_or_else(|| ActionError::Invalid { field: "untag", why: format!("#{} has no tag `{name}`", change.number()) })?;
            change.tag(Tagging::Take(tag.id))?;
        }
        Command::Snooze(words) => {
            let now = desk.clock.now();
            let at = snooze::said(words, now, &desk.settings.time_zone)
                .map_err(|why| ActionError::Invalid { field: "snooze", why: format!("`/snooze {words}`: {why}") })?;
            put_off(change, helper, now, at)?;
        }
        // Done last, by [`merge_into`]: the words and the other commands are for the ticket as it is.
        Command::Merge(into) => merge::check(desk, conn, helper, &change.ticket, *into).await?,
    }
    Ok(())
}

/// Where a message's commands merge its ticket.
pub(super) async fn merge_into(desk: &Desk, conn: &mut Conn, message: &IncomingMessage) -> Result<Option<TicketNumber>> {
    let Ok((commands, _)) = command::read(&staff_words::of(desk, conn, message).await?) else { return Ok(None) };
    Ok(commands.into_iter().find_map(|it| if let Command::Merge(into) = it { Some(into) } else { None }))
}

async fn whom(conn: &mut Conn, helper: &Person, to: &AssignTo) -> Result<Option<PersonId>> {
    let name = match to {
        AssignTo::Me => return Ok(Some(helper.id)),
        AssignTo::Nobody => return Ok(None),
        AssignTo::Named(name) => name.to_lowercase(),
    };
    let staff = people::active_staff(conn).await?;
    let fits = |it: &&Person| {
        it.email.folded() == name || it.name.to_lowercase() == name || it.name.to_lowercase().split(' ').next() == Some(&name)
    };
    let found: Vec<&Person> = staff.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(Some(one.id)),
        [] => Err(ActionError::Invalid { field: "assign", why: format!("nobody among the staff is called `{name}`; write their address") }),
        _ => Err(ActionError::Invalid { field: "assign", why: format!("several of the staff are called `{name}`; write the address") }),
    }
}
