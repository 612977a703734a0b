//! Two weeks of a desk's life, told once: real mail through the world's ports, helpers' work through the panel's own actions.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::{
    cast::{Fate, MAILBOXES, MEMBERS, PASSWORD, address, staff},
    files,
    letter::{Body, File, Letter},
    mail_program::{self, answer},
    settings,
    stage::{Envelope, Stage},
    story::{self, Beat, Becomes, Story, What},
    world::World,
    writing,
};
use crate::{
    actions::{
        Desk, NewFile, assign, edit, participants,
        people::{By, NewUser, Start, add},
        reply, set_status, snooze, tag, write_note,
    },
    app,
    auth::password::{NewPassword, Passwords},
    clock::Clock,
    config::Config,
    desk::{
        address::{EmailAddress, Named},
        comment::CommentText,
        id::{MailboxId, TicketNumber},
        person::Person,
        snooze::Preset,
        tag::TagName,
        ticket::{Priority, Status},
    },
    mail::smtp::SmtpPool,
    store::{mailboxes, people},
    workers::{caution::Caution, instance::Instance, intake::Watch, lease::Lease},
};

/// A little over the undo window of a reply.
const UNTIL_IT_LEFT: SignedDuration = SignedDuration::from_secs(2);

/// Lets the desk, whose clock is a [`Clock::Shifted`], live until now; at the end its clock shows the machine's time.
///
/// # Errors
/// When a story cannot be told as it is written: that is a fault of this program.
pub(super) async fn seed(desk: &Desk, config: &Config, rows: &[MailboxId], world: &World) -> anyhow::Result<()> {
    let stories = story::all()?;
    let now = Clock::System.now().to_zoned(desk.settings.time_zone.clone());
    let table = story::timetable(&stories, &now)?;
    let first = table.first().context("there are no stories")?;
    desk.clock.advance(first.at.duration_since(desk.clock.now()) - SignedDuration::from_mins(5));
    make_people(desk).await?;
    let watched: Vec<_> = config.mailboxes.iter().zip(rows).filter_map(|(it, row)| app::watched(it, *row)).collect();
    let never = CancellationToken::new();
    let mut cautions: Vec<Caution> = watched.iter().map(|_| Caution::default()).collect();
    let instance = Instance::begin(desk, "demo").await?;
    let mut leases = Vec::new();
    for row in rows {
        leases.push(Lease::take(desk, &instance, *row).await?.context("another instance reads the mailbox")?);
    }
    let mut watches = Vec::new();
    for (((it, lease), caution), (_, address)) in watched.iter().zip(&leases).zip(&mut cautions).zip(MAILBOXES) {
        watches.push((*address, Watch::open(desk, it, lease, caution, &never).await?));
    }
    let stage = Stage {
        desk,
        world,
        watches,
        lanes: config.mailboxes.iter().zip(rows).map(|(it, row)| app::lane(it, *row, &instance.owner())).collect(),
        post: SmtpPool::new(settings::anybody(world)),
        staff: the_staff(desk).await?,
    };
    let mut teller = Teller { stage, stories: &stories, told: vec![Told::default(); stories.len()] };
    for it in table {
        let story = &stories[it.story];
        teller.stage.move_to(it.at).await?;
        let done = match it.beat {
            None => teller.begin(it.story).await,
            Some(beat) => teller.go_on(it.story, &story.then[beat]).await,
        };
        done.with_context(|| format!("the story `{}`, {:?}", story.subject, it.beat))?;
    }
    desk.clock.catch_up();
    teller.stage.settle().await?;
    writing::prepare(desk).await?;
    let mut tx = desk.store.begin().await?;
    for row in rows {
        // Whoever watches from here on says since when.
        mailboxes::disconnected(&mut tx, *row).await?;
    }
    tx.commit().await?;
    instance.end(desk).await?;
    Ok(())
}

async fn make_people(desk: &Desk) -> anyhow::Result<()> {
    let hash = Passwords::default().hash(&NewPassword::parse(PASSWORD)?).await?;
    for member in MEMBERS {
        let (name, email) = (member.name.to_owned(), address(member.email));
        let new = NewUser { name, email, role: member.role, start: Start::Password(hash.clone()) };
        add(desk, By::Shell, &new).await?;
    }
    Ok(())
}

async fn the_staff(desk: &Desk) -> anyhow::Result<BTreeMap<&'static str, Person>> {
    let mut all = BTreeMap::new();
    for person in people::active_staff(&mut *desk.store.read().await?).await? {
        let first = person.name.split(' ').next().unwrap_or_default();
        if let Some(name) = staff(first).and_then(|it| it.name.split(' ').next()) {
            all.insert(name, person);
        }
    }
    Ok(all)
}

/// How far a story has come.
#[derive(Clone, Debug, Default)]
struct Told {
    ticket: Option<TicketNumber>,
    first_mail: Option<String>,
}

struct Teller<'a> {
    stage: Stage<'a>,
    stories: &'a [Story],
    told: Vec<Told>,
}

impl Teller<'_> {
    /// The mail that a story begins with.
    async fn begin(&mut self, story: usize) -> anyhow::Result<()> {
        let it = &self.stories[story];
        let (_, to) = MAILBOXES.iter().find(|(name, _)| *name == it.to).with_context(|| format!("there is no mailbox {}", it.to))?;
        let file = |name: &String| files::named(name).with_context(|| format!("there is no file {name}"));
        let body = Body {
            text: it.text.clone(),
            html: it.html.clone(),
            charset: it.charset.clone(),
            inline: it.inline.as_ref().map(file).transpose()?,
            files: it.files.iter().map(file).collect::<anyhow::Result<_>>()?,
        };
        let mut letter = Letter::new(named(&it.from)?, Named::bare(address(to)), &it.subject, body, self.stage.now());
        letter.cc = it.cc.iter().map(|it| named(it)).collect::<anyhow::Result<_>>()?;
        letter.fields = it.fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.stage.send(&letter, Envelope::From).await?;
        let ticket = self.stage.ticket_of(&letter).await?;
        match (it.becomes, ticket) {
            (Becomes::Ticket, Some(_)) | (Becomes::Held, None) => {}
            (Becomes::Ticket, None) => bail!("its mail became no ticket"),
            (Becomes::Held, Some(number)) => bail!("its mail was not held: it became ticket {number}"),
        }
        self.told[story] = Told { ticket, first_mail: Some(letter.message_id) };
        Ok(())
    }

    async fn go_on(&mut self, story: usize, beat: &Beat) -> anyhow::Result<()> {
        let number = self.told[story].ticket.context("nothing can follow on a mail that was held")?;
        match beat.what {
            What::Take | What::Give | What::HandBack | What::Reply | What::Note | What::Set | What::Tag | What::Snooze | What::Accept => {
                self.at_the_desk(number, beat).await
            }
            What::ReplyByMail => self.reply_by_mail(number, beat).await,
            What::MailboxFull | What::MailboxGone => {
                let fate = if beat.what == What::MailboxFull { Fate::PutOff } else { Fate::Bounces };
                self.stage.world.treat(named(&self.stories[story].from)?.address.as_str(), fate.treatment());
                Ok(())
            }
            What::Answer | What::FollowUp | What::OutOfOffice | What::Stranger => self.by_mail(story, number, beat).await,
        }
    }

    /// What a helper does in the panel: the same actions.
    async fn at_the_desk(&mut self, number: TicketNumber, beat: &Beat) -> anyhow::Result<()> {
        let desk = self.stage.desk;
        let who = self.stage.person(beat.by.as_deref())?;
        match beat.what {
            What::Take => assign::assign(desk, &who, number, None, Some(who.id)).await?,
            What::HandBack => assign::assign(desk, &who, number, None, None).await?,
            What::Give => {
                let to = self.stage.person(beat.to.as_deref())?;
                assign::assign(desk, &who, number, None, Some(to.id)).await?;
            }
            What::Set => {
                let word = beat.to.as_deref().unwrap_or_default();
                match (Status::parse(word), Priority::ALL.into_iter().find(|it| it.as_str() == word)) {
                    (Some(status), _) => set_status::set_status(desk, &who, number, None, status).await?,
                    (None, Some(priority)) => edit::set_priority(desk, &who, number, None, priority).await?,
                    (None, None) => bail!("`{word}` is neither a status nor a priority"),
                }
            }
            What::Tag => drop(tag::add(desk, &who, number, &TagName::parse(beat.to.as_deref().unwrap_or_default())?).await?),
            What::Snooze => {
                let word = beat.to.as_deref().unwrap_or_default();
                let at = Preset::parse(word).and_then(|it| it.at(desk.clock.now(), &desk.settings.time_zone));
                snooze::snooze(desk, &who, number, None, at.with_context(|| format!("`{word}` is no time to put it off until"))?).await?;
            }
            What::Accept => {
                let email: EmailAddress = beat.from.as_deref().unwrap_or_default().parse()?;
                let person = people::by_email(&mut *desk.store.read().await?, &email).await?.context("nobody has this address")?;
                participants::accept(desk, &who, number, person.id).await?;
            }
            What::Note => drop(write_note::write_note(desk, &who, number, &words(beat)?, &attached(beat)?).await?),
            What::Reply => self.reply(&who, number, beat).await?,
            What::ReplyByMail
            | What::Answer
            | What::FollowUp
            | What::OutOfOffice
            | What::Stranger
            | What::MailboxFull
            | What::MailboxGone => bail!("that is not done at the desk"),
        }
        self.stage.settle().await
    }

    async fn reply(&mut self, who: &Person, number: TicketNumber, beat: &Beat) -> anyhow::Result<()> {
        let desk = self.stage.desk;
        let then = beat.to.as_deref().map(|it| Status::parse(it).with_context(|| format!("`{it}` is no status"))).transpose()?;
        let seen = self.stage.newest_comment(number, who).await?;
        let composed = reply::Composed::default();
        reply::reply(desk, who, number, &reply::Reply { text: words(beat)?, files: attached(beat)?, seen, then, composed }).await?;
        desk.clock.advance(desk.settings.undo_window + UNTIL_IT_LEFT);
        Ok(())
    }

    /// A helper answers the notice that they were sent.
    async fn reply_by_mail(&mut self, number: TicketNumber, beat: &Beat) -> anyhow::Result<()> {
        let who = self.stage.person(beat.by.as_deref())?;
        let notice = self.stage.newest(&who.email, number)?;
        let me = Named { name: Some(who.name.clone()), address: who.email.clone() };
        let letter = answer(&notice.message, &me, words(beat)?.as_str(), mail_program::Program::Gmail, self.stage.now());
        self.join(number, &letter, Envelope::From).await
    }

    /// What a customer, or their program, or somebody they know, sends.
    async fn by_mail(&mut self, story: usize, number: TicketNumber, beat: &Beat) -> anyhow::Result<()> {
        let (it, now) = (&self.stories[story], self.stage.now());
        let customer = named(&it.from)?;
        let me = beat.from.as_deref().map(named).transpose()?.unwrap_or_else(|| customer.clone());
        let text = words(beat)?;
        if beat.what == What::FollowUp {
            let (_, to) = MAILBOXES.iter().find(|(name, _)| *name == it.to).context("there is no such mailbox")?;
            let body = Body { text: Some(text.as_str().to_owned()), files: sent(beat)?, ..Body::default() };
            let mut letter = Letter::new(me, Named::bare(address(to)), &mail_program::re(&it.subject), body, now);
            letter.in_reply_to.clone_from(&self.told[story].first_mail);
            letter.references = self.told[story].first_mail.iter().cloned().collect();
            return self.join(number, &letter, Envelope::From).await;
        }
        let holder = if beat.what == What::Stranger { &customer } else { &me };
        let original = self.stage.newest(&holder.address, number)?;
        let mut letter = answer(&original.message, &me, text.as_str(), it.program, now);
        letter.body.files = sent(beat)?;
        if beat.what == What::OutOfOffice {
            letter.subject = format!("Automatic reply: {}", original.message.subject);
            letter.body.text = Some(text.as_str().to_owned());
            letter.fields = vec![("Auto-Submitted".to_owned(), "auto-replied".to_owned())];
            return self.join(number, &letter, Envelope::Null).await;
        }
        self.join(number, &letter, Envelope::From).await
    }

    async fn join(&mut self, number: TicketNumber, letter: &Letter, envelope: Envelope) -> anyhow::Result<()> {
        self.stage.send(letter, envelope).await?;
        let went = self.stage.ticket_of(letter).await?;
        ensure!(went == Some(number), "a mail that belongs to ticket {number} went to {went:?}");
        Ok(())
    }
}

fn words(beat: &Beat) -> anyhow::Result<CommentText> {
    Ok(CommentText::parse(beat.text.as_deref().unwrap_or_default().trim())?)
}

fn sent(beat: &Beat) -> anyhow::Result<Vec<File>> {
    beat.files.iter().map(|it| files::named(it).with_context(|| format!("there is no file {it}"))).collect()
}

fn attached(beat: &Beat) -> anyhow::Result<Vec<NewFile>> {
    let file = |it: File| NewFile { name: it.name, content_type: it.content_type, content_id: None, bytes: it.bytes };
    Ok(sent(beat)?.into_iter().map(file).collect())
}

/// `Ann Bell <ann@bell.example>`.
fn named(text: &str) -> anyhow::Result<Named> {
    let (name, email) = text.rsplit_once('<').context("write it as Name <address>")?;
    let name = Some(name.trim().to_owned()).filter(|it| !it.is_empty());
    Ok(Named { name, address: email.trim_end_matches('>').parse()? })
}
