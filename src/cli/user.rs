//! `maildesk user`: people on the shell, for whoever has the machine: the first admin, a forgotten password.

use std::{
    io::IsTerminal as _,
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::say;
use crate::{
    actions::{
        Desk,
        people::{self, By, MadeLink, NewUser, Start},
    },
    app,
    auth::password::{NewPassword, Passwords},
    clock::Clock,
    config::Config,
    desk::{
        address::EmailAddress,
        person::{Arrived, Person, PersonState, Role},
    },
    store::{
        Opener, api_tokens,
        directory::{self, Entry, Group, HasPassword, Key},
        people as rows, two_factor,
    },
};

/// What to do with people.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add somebody, and print the link by which they choose a password.
    Add {
        /// Their name, as customers see it.
        #[arg(long)]
        name: String,
        /// The address at which they are written to and sign in.
        #[arg(long)]
        email: String,
        /// What they may do: admins configure the desk, helpers answer, customers ask.
        #[arg(long, value_enum, default_value = "helper")]
        role: RoleWord,
        /// Give a password instead of a link: asked for, or read from standard input.
        #[arg(long, conflicts_with = "mail")]
        password: bool,
        /// Mail the link to them as well.
        #[arg(long)]
        mail: bool,
    },
    /// List everybody who answers, and who is kept out; customers with --customers.
    List {
        /// List customers too.
        #[arg(long)]
        customers: bool,
    },
    /// Give somebody a new password: asked for, or read from standard input. Their sessions end.
    Password {
        /// The address of whom it is for.
        email: String,
    },
    /// Keep somebody out, a customer too: their sessions end, their replies stay, their open tickets go back to nobody. The last admin stays.
    Disable {
        /// The address of whom it is for.
        email: String,
    },
    /// Let somebody in again who was disabled, with the role and the password that they had.
    Enable {
        /// The address of whom it is for.
        email: String,
    },
    /// Turn two-factor sign-in off for somebody who has lost their app and its recovery codes. Their sessions end.
    ResetTwoFactor {
        /// The address of whom it is for.
        email: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleWord {
    Admin,
    Helper,
    Customer,
}

/// Does it.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            aside!("maildesk user: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<()> {
    let config = Config::load(&arguments.configured.config)?;
    let (desk, _) = match arguments.what {
        // The first admin may be made before the first start.
        What::Add { .. } => app::desk(&config, Clock::System, Opener::Command).await?,
        What::List { .. } | What::Password { .. } | What::Disable { .. } | What::Enable { .. } | What::ResetTwoFactor { .. } => {
            super::existing_desk(&config).await?
        }
    };
    let done = match &arguments.what {
        What::Add { name, email, role, password, mail } => {
            let way = match (password, mail) {
                (true, _) => Way::Password,
                (false, true) => Way::LinkByMail,
                (false, false) => Way::Link,
            };
            add(&desk, name, email, *role, way).await
        }
        What::List { customers } => list(&desk, if *customers { &EVERYBODY } else { &EVERYBODY[..2] }).await,
        What::Password { email } => password(&desk, email).await,
        What::Disable { email } => disable(&desk, email).await,
        What::Enable { email } => enable(&desk, email).await,
        What::ResetTwoFactor { email } => reset_two_factor(&desk, email).await,
    };
    desk.store.close().await;
    done
}

/// How somebody new comes to sign in.
#[derive(Clone, Copy, Debug)]
enum Way {
    Password,
    Link,
    LinkByMail,
}

const EVERYBODY: [Group; 3] = [Group::Staff, Group::Disabled, Group::Customers];

async fn add(desk: &Desk, name: &str, email: &str, role: RoleWord, way: Way) -> anyhow::Result<()> {
    let email: EmailAddress = email.parse().context("--email")?;
    let role = match role {
        RoleWord::Admin => Role::Admin,
        RoleWord::Helper => Role::Helper,
        RoleWord::Customer => Role::Customer,
    };
    let start = match way {
        Way::Password => Start::Password(new_password().await?),
        Way::LinkByMail => Start::InvitationByMail,
        Way::Link => Start::InvitationLink,
    };
    let new = NewUser { name: name.to_owned(), email, role, start };
    let (_, link) = people::add(desk, By::Shell, &new).await?;
    let what = match role {
        Role::Admin => "an admin",
        Role::Helper => "a helper",
        Role::Customer => "a customer",
    };
    match link {
        Some(MadeLink(link)) => say!("{} is {}. The link to choose a password, valid for three days:\n{link}", new.email, what),
        None => say!("{} is {} and can sign in.", new.email, what),
    }
    Ok(())
}

async fn known(desk: &Desk, email: &str) -> anyhow::Result<Person> {
    let email: EmailAddress = email.parse()?;
    let known = rows::by_email(&mut *desk.store.read().await?, &email).await?;
    known.with_context(|| format!("nobody has the address {email}; `maildesk user list` shows who there is"))
}

async fn disable(desk: &Desk, email: &str) -> anyhow::Result<()> {
    let known = known(desk, email).await?;
    if known.state == PersonState::Disabled {
        bail!("{} is disabled already", known.name);
    }
    let back = match people::disable(desk, By::Shell, known.id).await?.as_slice() {
        [] => String::new(),
        [one] => format!(" #{one} went back to Unassigned."),
        many => format!(" {} tickets went back to Unassigned.", many.len()),
    };
    let tokens = match api_tokens::good_of(&mut *desk.store.read().await?, known.id, desk.clock.now()).await? {
        0 => "",
        _ => " Their API tokens open nothing while they are disabled.",
    };
    say!("{} is disabled and signed out everywhere.{back}{tokens} `maildesk user enable {}` undoes it.", known.name, known.email);
    Ok(())
}

async fn enable(desk: &Desk, email: &str) -> anyhow::Result<()> {
    let known = known(desk, email).await?;
    if known.state == PersonState::Active {
        bail!("{} is not disabled", known.name);
    }
    people::enable(desk, By::Shell, known.id).await?;
    say!("{} is enabled; their role, password and API tokens are as they were.", known.name);
    Ok(())
}

async fn reset_two_factor(desk: &Desk, email: &str) -> anyhow::Result<()> {
    let known = known(desk, email).await?;
    people::reset_two_factor(desk, By::Shell, known.id).await?;
    say!("{} signs in with a password alone; every session of theirs is over. They can set it up again in their profile.", known.name);
    Ok(())
}

async fn password(desk: &Desk, email: &str) -> anyhow::Result<()> {
    let known = known(desk, email).await?;
    people::set_password(desk, By::Shell, known.id, &new_password().await?).await?;
    let disabled = if known.state == PersonState::Disabled { " They are disabled and cannot sign in." } else { "" };
    let asked = two_factor::on_since(&mut *desk.store.read().await?, known.id).await?.is_some();
    let code = if asked {
        format!(" They are asked for a code as well; `maildesk user reset-two-factor {}` turns that off.", known.email)
    } else {
        String::new()
    };
    say!("{} has a new password; every session of theirs is over.{disabled}{code}", known.name);
    Ok(())
}

async fn list(desk: &Desk, groups: &[Group]) -> anyhow::Result<()> {
    let mut told = false;
    for group in groups {
        let mut after = None;
        loop {
            let page = directory::list(&mut *desk.store.read().await?, *group, "", after.as_ref(), 500, desk.clock.now()).await?;
            page.iter().for_each(tell);
            told |= !page.is_empty();
            let Some(last) = page.last().filter(|_| page.len() == 500) else { break };
            after = Some(Key { name: last.name.clone(), id: last.id.0 });
        }
    }
    if !told {
        aside!(
            "nobody answers mail here yet; make the first admin: maildesk user add --role admin --name \"Ada Byron\" --email ada@example.com"
        );
    }
    Ok(())
}

fn tell(entry: &Entry) {
    let state = match (entry.state, entry.password) {
        (PersonState::Disabled, _) => "disabled",
        (PersonState::Active, HasPassword::Yes) => "active",
        (PersonState::Active, HasPassword::No) if entry.role.is_staff() && entry.arrived() == Arrived::NotYet => "invited",
        (PersonState::Active, HasPassword::No) => "no password",
    };
    // A name is a stranger's: whatever could move the cursor was left out when it was taken in.
    say!("{:<10} {:<12} {:<40} {}", entry.role.as_str(), state, entry.email, entry.name);
}

/// Asked for twice on a terminal, else the first line of standard input; hashed.
async fn new_password() -> anyhow::Result<String> {
    let typed = if std::io::stdin().is_terminal() { ask()? } else { line()? };
    let password = NewPassword::parse(&typed)?;
    Ok(Passwords::default().hash(&password).await?)
}

fn ask() -> anyhow::Result<String> {
    let silent = Silence::begin();
    let once = |what: &str| -> anyhow::Result<String> {
        say::err(&format!("{what}: "));
        let typed = line();
        say::err("\n");
        typed
    };
    let (first, second) = (once("New password")?, once("Once more")?);
    drop(silent);
    if first == second { Ok(first) } else { bail!("the two were not the same; nothing was changed") }
}

fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// While it lives the terminal shows nothing of what is typed.
struct Silence;

impl Silence {
    fn begin() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        stty("echo");
    }
}

/// Where there is no stty, what is typed is seen; it is taken all the same.
fn stty(mode: &str) {
    Command::new("stty").arg(mode).stdin(Stdio::inherit()).stderr(Stdio::null()).status().ok();
}
