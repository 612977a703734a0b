//! `maildesk recount`: what figures and due times are made from, made anew from the history.

use std::process::ExitCode;

use crate::{
    actions::{Desk, due},
    config::Config,
};

/// Does it.
pub async fn run(configured: &super::Configured) -> ExitCode {
    match carry_out(configured).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            aside!("maildesk recount: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(configured: &super::Configured) -> anyhow::Result<()> {
    let config = Config::load(&configured.config)?;
    let (desk, _) = super::existing_desk(&config).await?;
    let done = recount(&desk).await;
    desk.store.close().await;
    done
}

async fn recount(desk: &Desk) -> anyhow::Result<()> {
    let tickets = due::recount(desk).await?;
    say!("{tickets} tickets were counted anew from their history. Nobody was written to.");
    Ok(())
}
