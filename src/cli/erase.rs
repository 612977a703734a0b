//! `maildesk erase`: a customer asks to be forgotten.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::say;
use crate::{
    actions::{
        Desk,
        erase::{self, Erased, Swept},
        people::By,
    },
    config::Config,
    desk::address::EmailAddress,
    store::{backup::put_back::Target, people as rows},
};

/// Whom to erase.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// The address of the customer
    #[arg(value_name = "EMAIL")]
    email: String,
    /// Erase without asking
    #[arg(long)]
    yes: bool,
}

/// Does it.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            aside!("maildesk erase: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<()> {
    let config = Config::load(&arguments.configured.config)?;
    let (desk, _) = super::existing_desk(&config).await?;
    let done = erase_one(&desk, arguments, &super::place(&config)?).await;
    desk.store.close().await;
    done
}

async fn erase_one(desk: &Desk, arguments: &Arguments, place: &Target) -> anyhow::Result<()> {
    let email: EmailAddress = arguments.email.parse()?;
    let known = rows::by_email(&mut *desk.store.read().await?, &email).await?;
    let Some(known) = known else {
        bail!("nobody has the address {email}; `maildesk user list --customers` shows who there is");
    };
    let (who, counts) = erase::would_erase(desk, By::Shell, known.id).await?;
    say!("{} <{email}>: {}.", who.name, counts.in_words());
    say!("Numbers, times and history of their tickets stay, and what others wrote in mails of their own. This cannot be undone.");
    if !arguments.yes && !agreed()? {
        bail!("nothing was erased; type yes to erase, or give --yes");
    }
    let Erased { counts, swept } = erase::erase(desk, By::Shell, who.id, &arguments.email).await?;
    say!("Erased: {}.", counts.in_words());
    match swept {
        Swept::Done => {}
        Swept::NotYet(why) => {
            say!("What is left in free space of the database and in files is removed by maildesk serve within minutes: {why}.")
        }
    }
    say!("Backups made before today and the mail server still have their mail.");
    for folder in place.set_aside() {
        say!("So has {}, the desk as it was before a restore; remove it when it is no longer needed.", folder.display());
    }
    Ok(())
}

/// Whoever could not read what is erased, and that it is asked for, has not agreed.
fn agreed() -> anyhow::Result<bool> {
    say::out("Erase this customer? Type yes: ");
    if !say::is_heard() {
        return Ok(false);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("standard input")?;
    Ok(line.trim().eq_ignore_ascii_case("yes"))
}
