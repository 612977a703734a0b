//! What a transaction has read of what it does not change itself: asked once, however many messages it decides.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{desk::person::Person, store::Tx};

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Every helper and admin who may act.
    pub staff: Option<Arc<[Person]>>,
    /// Addresses of people whom this transaction has made, folded.
    pub made: BTreeSet<String>,
    /// Automatic mail that was written before this transaction.
    pub automatic: Option<AutomaticBefore>,
}

/// How much automatic mail the database has lately, at one moment.
#[derive(Debug)]
pub(super) struct AutomaticBefore {
    pub now: Timestamp,
    /// By the whole desk, in the last hour.
    pub desk_hour: i64,
    /// In the last hour and in the last 24, by address.
    pub addresses: HashMap<String, (i64, i64)>,
    /// In the last hour.
    pub domains: HashMap<String, i64>,
}

impl Tx {
    /// Whoever changes somebody's role, state or wishes, or lets them in, says so here.
    pub(super) fn people_changed(&mut self) {
        self.memory.staff = None;
    }
}
