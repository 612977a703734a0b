//! `maildesk demo`: a desk to try, with a mail world of its own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    cli::{say, serve::log},
    config::LogFormat,
    demo::{Announcement, Demo, DemoOptions, Fate, PASSWORD, UNREACHABLE},
};

/// What the sender says about refused mail is part of the show, and stands in the panel.
const LOG: &str = "warn,maildesk::workers::sender=error,maildesk::actions=error";

/// What the demo can be told.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Where the panel is served, on this machine; port 0: any free one [default: 127.0.0.1:8025 if it is free]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
    /// Where SMTP is spoken; port 0: any free one [default: 127.0.0.1:2525 if it is free]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    smtp: Option<SocketAddr>,
    /// Where IMAP is spoken; port 0: any free one [default: 127.0.0.1:1143 if it is free]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    imap: Option<SocketAddr>,
    /// Keep the desk in this folder and go on with it next time; without it everything is gone at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one JSON object for scripts instead, when everything serves
    #[arg(long)]
    json: bool,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "write an IP address of this machine and a port, such as 127.0.0.1:8025")
}

/// Runs until Ctrl-C or SIGTERM.
pub async fn run(arguments: Arguments) -> ExitCode {
    log(LogFormat::Text, LOG);
    match demo(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            aside!("maildesk demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(arguments: Arguments) -> anyhow::Result<()> {
    let mut ends = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    let kept = arguments.data.clone();
    let options = DemoOptions {
        listen: arguments.listen,
        smtp: arguments.smtp,
        imap: arguments.imap,
        data: arguments.data,
        ..DemoOptions::default()
    };
    let demo = tokio::select! {
        started = Demo::start(options) => started?,
        () = one_of(&mut ends) => return Ok(()),
    };
    let announcement = demo.announcement();
    if arguments.json {
        say!("{}", serde_json::to_string(&announcement)?);
    } else {
        say::out(&for_people(&announcement, kept.as_deref()));
    }
    one_of(&mut ends).await;
    demo.stop().await?;
    Ok(())
}

async fn one_of([int, term]: &mut [Signal; 2]) {
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
}

fn for_people(it: &Announcement, kept: Option<&Path>) -> String {
    let mut out = String::from("\n  A desk to try, on this machine alone. Nothing that is written here leaves it.\n\n");
    out.push_str(&format!("  Panel               {}\n", it.panel));
    out.push_str(&format!("  Customer’s mailbox  {}   write to support, read what came back\n", it.mailbox));
    out.push_str(&format!("\n  Sign in with the password {PASSWORD} as\n\n"));
    for person in &it.people {
        out.push_str(&format!("    {:<9} {:<36} {}\n", person.role, person.email, person.name));
    }
    let (smtp, imap) = (&it.smtp, &it.imap);
    out.push_str(&format!("\n  Mail, without TLS   SMTP {smtp}   IMAP {imap}   same addresses, same password\n"));
    out.push_str(&format!(
        "  Write to support    swaks --server {smtp} --from ann@bell.example --to {} --header \"Subject: The printer is on fire\"\n",
        it.support
    ));
    let unreachable = |fate| UNREACHABLE.iter().find(|it| it.1 == fate).map_or("", |it| it.0);
    out.push_str(&format!(
        "  Not every mail arrives: {} is refused (550), {} is put off (450),\n  {} comes back\n",
        unreachable(Fate::Refused),
        unreachable(Fate::PutOff),
        unreachable(Fate::Bounces)
    ));
    out.push_str(&match kept {
        Some(folder) => format!("\n  Ctrl-C ends it; the desk stays in {}, and the same command goes on with it.\n\n", folder.display()),
        None => "\n  Ctrl-C ends it and leaves nothing behind.\n\n".to_owned(),
    });
    out
}
