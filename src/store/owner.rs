//! Whose the data folder is. What root makes in a folder that belongs to somebody else, the daemon that runs as that user can neither
//! read nor add to: mail would stand still because somebody once ran a command as root.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::store::{Result, StoreError};

/// So many are named: the mend is one for all of them.
const MOST_NAMED: usize = 5;

const ROOT: u32 = 0;

/// Refuses a folder in which what this process makes would belong to somebody else than what is there; of one that holds no desk yet, root
/// makes one for root alone. Whose the folder itself is says nothing otherwise: it may be shared by its group, as a volume is.
///
/// Asked by making a file, and not by who this process is: on a disk of another machine, or one that is mounted for one user, everything
/// belongs to that user whoever makes it. A folder that cannot be written to is not judged.
///
/// # Errors
/// [`StoreError::Foreign`].
pub fn must_be_ours(folder: &Path) -> Result<()> {
    let Ok(made) = tempfile::tempfile_in(folder).and_then(|it| it.metadata()) else { return Ok(()) };
    let contents = fs::metadata(folder.join("blobs")).ok();
    let Some(there) = contents.or_else(|| fs::metadata(folder).ok().filter(|_| made.uid() == ROOT)) else { return Ok(()) };
    if made.uid() == there.uid() {
        return Ok(());
    }
    let owner = name(there.uid());
    let run_as = match owner.strip_prefix('#') {
        Some(number) => format!("setpriv --reuid {number} --clear-groups maildesk …"),
        None => format!("runuser -u {owner} -- maildesk …"),
    };
    Err(StoreError::Foreign { folder: folder.to_owned(), owner, ours: name(made.uid()).replace('#', ""), run_as })
}

/// What of a data folder this process may not write to: its files, and the folders of the contents; at most five.
///
/// # Errors
/// When the folder cannot be listed.
pub fn barred(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for within in [folder.to_owned(), folder.join("blobs")] {
        let entries = match fs::read_dir(&within) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let ours = rustix::fs::accessat(rustix::fs::CWD, &path, rustix::fs::Access::WRITE_OK, rustix::fs::AtFlags::EACCESS);
            if found.len() < MOST_NAMED && ours == Err(rustix::io::Errno::ACCESS) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// `maildesk`, or `#990` where the machine has no name for it.
fn name(user: u32) -> String {
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        (fields.nth(1)?.parse() == Ok(user)).then_some(name)
    };
    known.lines().find_map(of).unwrap_or_else(|| format!("#{user}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_ones_own_is_taken_and_one_that_cannot_be_written_to_is_not_judged() {
        let folder = tempfile::tempdir().unwrap();
        assert!(must_be_ours(folder.path()).is_ok());
        assert!(must_be_ours(&folder.path().join("missing")).is_ok());
        assert!(barred(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn users_are_named_as_a_shell_takes_them() {
        assert_eq!(name(0), "root");
        assert_eq!(name(4_294_000_000), "#4294000000");
    }

    #[test]
    fn what_root_would_make_in_somebody_elses_folder_is_refused_with_the_mend() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(folder.path(), Some(1), None).unwrap();
        let refused = must_be_ours(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("belongs to daemon, and this runs as root"), "{refused}");
        assert!(refused.contains("runuser -u daemon -- maildesk"), "{refused}");
        std::os::unix::fs::chown(folder.path(), Some(4_294_000_000), None).unwrap();
        let nameless = must_be_ours(folder.path()).unwrap_err().to_string();
        assert!(nameless.contains("setpriv --reuid 4294000000 "), "{nameless}");
        // A volume is root’s, and shared by its group; what is in it says whose desk it is.
        let shared = tempfile::tempdir().unwrap();
        fs::create_dir(shared.path().join("blobs")).unwrap();
        std::os::unix::fs::chown(shared.path(), Some(1), None).unwrap();
        assert!(must_be_ours(shared.path()).is_ok());
        std::os::unix::fs::chown(shared.path().join("blobs"), Some(1), None).unwrap();
        assert!(must_be_ours(shared.path()).is_err());
    }
}
