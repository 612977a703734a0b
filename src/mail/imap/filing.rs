//! Putting away what was taken in: seen, and moved to where the account says.

use tokio::time::Instant;

use super::{ImapError, Session, fetch::uid_set, folder_name};

/// UIDs that one command names at most, so that no line gets too long for a server (RFC 7162 §4 asks for 8,192 octets).
const AT_ONCE: usize = 500;

/// What is to be done with messages that were taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// Set `\Seen`.
    pub mark_seen: bool,
    /// Move to this folder, in plain UTF-8, which is made when it is missing; none: leave them.
    pub move_to: Option<String>,
    /// From then on nothing is said to the server; none: at any time.
    pub only_before: Option<Instant>,
}

/// What was done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// They are in the other folder.
    Moved,
    /// They are where they were, as was wanted.
    Stayed,
    /// They are where they were, because the server has neither MOVE nor UIDPLUS, and with EXPUNGE alone
    /// everything that others flagged would go with them.
    CannotMove,
}

impl Session {
    /// Files messages; UIDs that are not there any more are no fault.
    ///
    /// # Errors
    /// When the server refuses (the session goes on, filing can be tried again), breaks off, or is silent.
    pub async fn file(&mut self, uids: &[u32], filing: &Filing) -> Result<Filed, ImapError> {
        if uids.is_empty() {
            return Ok(Filed::Stayed);
        }
        if self.folder.read_only {
            return Err(self.dialog.refused("the folder is open for reading only, so nothing can be marked or moved"));
        }
        let mut filed = Filed::Stayed;
        for some in uids.chunks(AT_ONCE) {
            let set = uid_set(some.to_vec());
            if filing.mark_seen {
                fail_point!("file-store");
                self.do_in_time(filing, &format!("UID STORE {set} +FLAGS.SILENT (\\Seen)")).await?;
            }
            if let Some(folder) = &filing.move_to {
                filed = self.put_into(&set, folder, filing).await?;
            }
        }
        Ok(filed)
    }

    async fn put_into(&mut self, set: &str, folder: &str, filing: &Filing) -> Result<Filed, ImapError> {
        let target = folder_name::quoted(folder)?;
        if self.capabilities.moves {
            fail_point!("file-move");
            self.with_folder(&format!("UID MOVE {set} {target}"), &target, filing).await?;
            fail_point!("file-moved");
            return Ok(Filed::Moved);
        }
        if !self.capabilities.uid_plus {
            return Ok(Filed::CannotMove);
        }
        fail_point!("file-copy");
        self.with_folder(&format!("UID COPY {set} {target}"), &target, filing).await?;
        fail_point!("file-copied");
        self.do_in_time(filing, &format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)")).await?;
        fail_point!("file-expunge");
        self.do_in_time(filing, &format!("UID EXPUNGE {set}")).await?;
        Ok(Filed::Moved)
    }

    /// A command that needs a folder: when it is refused, the folder is made, and the command said once more.
    async fn with_folder(&mut self, command: &str, target: &str, filing: &Filing) -> Result<(), ImapError> {
        let refused = match self.do_in_time(filing, command).await {
            Err(refused @ ImapError::Refused { .. }) => refused,
            other => return other,
        };
        match self.dialog.checked(&format!("CREATE {target}"), |_| ()).await {
            Ok(()) => (),
            // It is there already, so that was not the reason; or it cannot be made: the first words tell more.
            Err(ImapError::Refused { .. }) => return Err(refused),
            Err(other) => return Err(other),
        }
        // Mail programs show what is subscribed; where that is refused, the folder is there all the same.
        match self.dialog.checked(&format!("SUBSCRIBE {target}"), |_| ()).await {
            Ok(()) | Err(ImapError::Refused { .. }) => (),
            Err(other) => return Err(other),
        }
        self.do_in_time(filing, command).await
    }

    async fn do_in_time(&mut self, filing: &Filing, command: &str) -> Result<(), ImapError> {
        if filing.only_before.is_some_and(|it| it <= Instant::now()) {
            return Err(self.dialog.too_late());
        }
        self.dialog.checked(command, |_| ()).await
    }
}
