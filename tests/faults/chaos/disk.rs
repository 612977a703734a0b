//! A small disk of its own, which is full when that is wanted. Making one takes root.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

const KIB: u64 = 400 * 1024;

pub struct Disk(PathBuf);

impl Disk {
    /// Mounts a tmpfs there; else why not.
    pub fn at(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder).unwrap();
        let size = format!("size={KIB}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        match mounted {
            Ok(it) if it.status.success() => Ok(Self(folder.to_owned())),
            Ok(it) => Err(format!("no tmpfs can be mounted here: {}", String::from_utf8_lossy(&it.stderr).trim())),
            Err(error) => Err(format!("there is no mount: {error}")),
        }
    }

    /// Nothing more fits.
    pub fn fill(&self) {
        let used = Command::new("df").args(["-k", "--output=used"]).arg(&self.0).output().unwrap();
        let used: u64 = String::from_utf8(used.stdout).unwrap().lines().nth(1).unwrap().trim().parse().unwrap();
        self.resize(used.max(4));
    }

    pub fn free(&self) {
        self.resize(KIB);
    }

    fn resize(&self, kib: u64) {
        // It may grow between the look and the deed: then a little more is asked for.
        for more in 0..20 {
            let size = format!("remount,size={}k", kib + more * 64);
            if Command::new("mount").args(["-o", &size]).arg(&self.0).output().unwrap().status.success() {
                return;
            }
        }
        panic!("the disk cannot be made {kib} KiB");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}
