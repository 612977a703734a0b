//! `maildesk import FILE`: what another program, or another desk, has kept.

use std::{fs::File, io::BufReader, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::config::Config;

mod desk;

/// What is read.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// What maildesk export wrote: read into an empty desk, whole or not at all
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Exit code 0: everything was taken.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok(page) => {
            print!("{page}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("maildesk import: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<String> {
    let config = Config::load(&arguments.configured.config)?;
    let [file] = arguments.files.as_slice() else { bail!("one export of a desk at a time") };
    let opened = File::open(file).with_context(|| file.display().to_string())?;
    let mut from = BufReader::with_capacity(1 << 17, opened);
    if !desk::begins_as_an_export(&mut from)? {
        bail!("{} is no export of maildesk", file.display());
    }
    desk::read(&config, from, file).await
}
