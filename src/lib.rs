//! A helpdesk that lives in a mailbox: the map of the house.
//!
//! One daemon watches IMAP folders, turns what arrives into tickets and comments, answers by SMTP, and serves a small web panel. Its
//! promise: every mail that reached the mailbox is on a screen, and every reply says truthfully where it is. Four rules stand above
//! every feature:
//!
//! 1. No mail is lost, dropped or answered twice.
//! 2. Whatever it did with a message, it can say why.
//! 3. An internal note cannot leave.
//! 4. Small: one binary, one data folder, one configuration file.
//!
//! # Rooms
//!
//! Data comes in at an edge, goes down once, and comes back once.
//!
//! ```text
//!       people              mail               software          shell
//!          │                  │                    │               │
//!     ┌────▼────┐        ┌────▼────┐          ┌────▼────┐     ┌────▼────┐
//!     │  panel  │        │ workers │          │   api   │     │   cli   │    edges: turn the outside into one call
//!     └────┬────┘        └────┬────┘          └────┬────┘     └────┬────┘
//!          └───────────┬──────┴────────────────────┴───────────────┘
//!                      ▼
//!                ┌──────────┐
//!                │ actions  │    one verb, one transaction, one door out
//!                └─┬──┬──┬──┘
//!         ┌────────┘  │  └────────┐
//!    ┌────▼───┐  ┌────▼───┐  ┌────▼───┐
//!    │  mail  │  │  auth  │  │ store  │    rooms with tools; every edge may read the store
//!    └────┬───┘  └────┬───┘  └────┬───┘
//!         └───────────┼───────────┘
//!                ┌────▼────┐
//!                │  desk   │    what a helpdesk is: values and rules; knows nobody
//!                └─────────┘
//! ```
//!
//! | room | holds | never |
//! | --- | --- | --- |
//! | [`desk`] | tickets, people, permissions, the questions of triage, who hears of what, delivery states, figures | I/O, SQL, HTTP, a clock, a mail crate |
//! | [`mail`] | octets to words and back: IMAP, SMTP, reading, quoting, HTML, reports, composing | a decision |
//! | [`store`] | all SQL, the content by hash, one text for SQLite and PostgreSQL; the whole of it as a backup and as an export | a rule |
//! | [`auth`] | passwords, sessions, links, tokens, keys, the throttle | what somebody may do |
//! | [`actions`] | everything that may be done, one verb a file | a header, a form, a socket |
//! | [`workers`] | the rounds: intake, sender, housekeeping, health, backup; each a step with an outcome | an end because of one message |
//! | [`panel`] | pages for staff and customers; [`panel::routes()`] is the list, each with who may | a write but by an action |
//! | [`api`] | JSON for programs under `/api/v1` and its description; [`api::routes()`] is the list, each with what a token needs | a cookie; a write but by an action |
//! | [`cli`], [`demo`], [`app`] | commands; a desk with a mail world of its own; what wires all this together | |
//! | [`config`], [`clock`], [`templates`] | what a machine needs to start; now and randomness; pages and mail as text | |
//! | [`fail_point`] | where the tests crash the program: at every arrow of store → decide → file and of lease → hand over → record | a byte in a release |
//!
//! Rooms are folders and things are file names: the same noun in every room that deals with it (`ticket`, `held`, `outbox`), so that one
//! search finds the slice. `tests/rules/architecture.rs` holds these arrows, the foreign crates that each room alone may speak, and the
//! sizes of files; a wrong arrow turns it red.
//!
//! # A message comes in, a notice goes out
//!
//! Of all daemons on one database, one has the [`workers::lease`] of a mailbox. Its [`workers::intake`] lists the folder and fetches
//! what the ledger does not hold. [`workers::take_in`] keeps the octets and their row in one durable commit ([`store::messages`],
//! [`store::blobs`]); nothing on the server has changed yet. [`mail::parse`] reads them and never
//! fails. [`actions::receive_message`] begins a transaction, finds the facts that the questions need, and asks
//! [`desk::triage::decide`], which answers with a decision and its trace. What was decided is done: ticket or comment, status, files. All
//! of it leaves by one door, which records each event, asks [`desk::notification::who_hears`], has [`mail::compose`] make the finished
//! octets, puts them into the outbox, and commits. Only then is the message filed on the server.
//!
//! [`workers::sender`] leases one recipient's copy, [`mail::smtp`] hands it over, [`desk::delivery::after`] says what the answer means, and
//! the row says so. A retry sends the same octets under the same Message-ID.
//!
//! What a failure does: the disk is full or the database away, and nothing is decided, held or flagged; it is tried again
//! ([`store::StoreError::is_passing`]). A message that cannot be read or decided is held with the reason, alone. One that ends the program
//! is found at the next start and held at the third. Two changes that wait for each other: the database gives one up, and
//! [`actions::transact`], by which each action has its transaction, begins it again.
//!
//! # A helper answers in the panel
//!
//! A handler turns the form into values and calls [`actions::reply::reply`]: the ticket is locked, [`desk::permission::may`] is asked (out of
//! reach is missing: 404), somebody else's newer words stop it, the comment is written, the door. The reply waits for its undo
//! window in the outbox. A note takes the same path through [`actions::write_note`]; mail is made of
//! [`PublicText`](desk::comment::PublicText), which a note cannot become.
//!
//! # Where each decision lives
//!
//! | question | place |
//! | --- | --- |
//! | What may follow this status? | [`desk::ticket`] |
//! | May this person do that? Which tickets may a list show? | [`desk::permission`] |
//! | What may a program do with a token? | [`desk::api_token`] |
//! | What becomes of this message? | [`desk::triage`] |
//! | Which ticket does it mean? | [`desk::matching`], [`desk::token`] |
//! | What may be moved, merged, undone? | [`desk::correction`] |
//! | Is it a loop, or too much? | [`desk::loop_guard`] |
//! | Who hears about it? | [`desk::notification`] |
//! | Try again when, stop when? | [`desk::delivery`] |
//! | Who leaves first, for how long is an account left alone? | [`desk::sending`] |
//! | What is not well, and what to do? | [`desk::trouble`] |
//! | Who is told of it, how often? | [`desk::alarm`] |
//! | Is a message from a mailbox to itself due, has it come back? | [`desk::round_trip`] |
//! | How much business time lies between two instants? | [`desk::business_hours`] |
//! | What is promised, what is due next? | [`desk::target`] |
//! | What does a figure mean? | [`desk::analytics`], made from [`desk::course`] |
//! | What does a customer say of it, and by which link? | [`desk::rating`] |
//! | What does somebody look for, and what does it mean here? | [`desk::query`] |
//! | What is done with mail by itself? | [`desk::rule`] |
//! | When is a digest due? | [`desk::digest`] |
//! | What can be set while the desk runs? | [`desk::knob`] |
//! | Which mails are there, and what may their words name? | [`desk::mail_kind`] |
//! | What stands in the place of an erased customer? | [`desk::erasure`] |
//! | How long is the original of a message kept, what is said once it is gone? | [`desk::expiry`] |
//! | When is a backup due, and is something wrong with them? | [`desk::backup`] |
//! | Which HTTP status? | [`actions::ActionError::kind`], mapped to a page in [`panel::error`], to a problem document in `api/problem.rs` |
//!
//! # What nobody gains by writing it in a mail
//!
//! From, Reply-To, our own `X-` headers and `Authentication-Results` can be written by anybody. Rights come from a session, or from an
//! address or Message-ID with our MAC that one helper alone was given, together with that helper's own From ([`desk::token`]). A verdict
//! counts only under the name of the mail server that the mailbox trusts. What is sent by itself repeats no stranger's words to anybody
//! whom nobody vouches for, and keeps to budgets per address, domain and desk.

/// A page, or a message that is read, is made of tens of thousands of small pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[macro_use]
pub mod fail_point;

pub mod actions;
pub mod api;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod desk;
pub mod mail;
pub mod panel;
pub mod store;
pub mod templates;
pub mod workers;
