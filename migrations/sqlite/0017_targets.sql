-- Response targets and what is due, satisfaction, and the figures made anew.

-- When the desk is at work: the whole desk's hours under mailbox 0, and those of a mailbox that has its own.
create table calendars (
    mailbox    integer primary key,
    time_zone  text not null,                   -- IANA name
    week       text not null,                   -- Monday to Sunday, with / between: minutes of the day, 480-720,780-1020; empty: closed
    days_off   text not null,                   -- one a line: 2026-12-24 Christmas Eve
    changed_by integer not null references people (id),
    changed_at integer not null
);

-- What is promised for each priority, as somebody wrote it: 30 min, 4 h, 2 days.
create table targets (
    priority    integer primary key,           -- 1 low, 2 normal, 3 high, 4 urgent
    first_reply text,                           -- null: nothing
    next_reply  text,
    resolution  text,
    changed_by  integer not null references people (id),
    changed_at  integer not null
);

-- What is due next, kept by whatever changes a ticket, a calendar or a target: queues sort by it.
alter table tickets add column due_at integer not null default 253402300799999; -- the end of 9999: nothing is
alter table tickets add column due text;        -- first-reply | next-reply | resolution; null: nothing is
create index tickets_by_due on tickets (status, turn, due_at, number, priority, mailbox) where shelf = 'queue';
create index tickets_of_by_due on tickets (assignee, status, turn, due_at, number, priority, mailbox) where shelf = 'queue';

-- The promises whose clocks run, and who was told of them.
create table promises (
    ticket    integer not null references tickets (number),
    promise   text not null,                    -- first-reply | next-reply | resolution
    since     integer not null,                -- what it counts from: the same promise made again counts from another instant
    soon_at   integer,                         -- when three quarters of its time are over; null: its clock stands still
    due_at    integer,                         -- when all of it is
    warned_at integer,                         -- when it was told that it is soon due, or found that nobody need be told
    missed_at integer,                         -- when it was told that it was missed, or found that nobody need be told
    primary key (ticket, promise)
);
-- What is to be told now.
create index promises_to_warn on promises (soon_at) where warned_at is null and soon_at is not null;
create index promises_to_tell on promises (due_at) where missed_at is null and due_at is not null;

-- What customers say: one answer to each resolution.
create table ratings (
    id          integer primary key,
    ticket      integer not null references tickets (number),
    resolved_at integer not null,              -- the resolution that was asked about
    person      integer references people (id),-- whose mail asked; null: one mail went to several
    helper      integer references people (id),-- who had resolved it
    rating      text not null,                  -- good | okay | bad
    comment     text not null default '',
    rated_at    integer not null,
    changed_at  integer                        -- null: as it was first given
);
create unique index ratings_of_resolution on ratings (ticket, resolved_at);
-- The newest of a period.
create index ratings_by_time on ratings (rated_at);

-- The course of each ticket, kept by the triggers below: its history as far as times and figures are made from it, as short as it can
-- be (desk/course.rs).  Figures of a year read a hundred thousand of them; among a million events they would take seconds.  No action
-- writes here.
create table courses (
    ticket    integer primary key references tickets (number),
    mailbox   integer not null,
    priority  integer not null,
    active    integer not null,                -- 1: Open or In Progress
    opened_at integer not null,
    last_at   integer not null,                -- of its last step
    course    text not null
);
-- What has moved in a period, and what was open all along.
create index courses_by_time on courses (last_at);
create index courses_active on courses (ticket) where active = 1;

create trigger courses_kept after insert on events when new.kind in ('opened', 'replied', 'withdrawn', 'commented', 'status', 'assigned', 'rated') begin
    insert into courses (ticket, mailbox, priority, active, opened_at, last_at, course)
        select number, mailbox, priority, 1, new.at, new.at, '' from tickets where number = new.ticket and new.kind = 'opened'
        on conflict (ticket) do nothing;
    update courses set last_at = max(last_at, new.at), active = case when new.kind = 'status' then new.new in ('open', 'in-progress') else active end,
        course = course || (case new.kind when 'opened' then 'o' when 'replied' then 'r' when 'withdrawn' then 'w' when 'commented' then 'c' when 'status' then 's'
            when 'assigned' then 'a' else 'g' end) || (new.at - opened_at) || '.' || coalesce(new.actor, 0) || '.' || (case new.kind
            when 'opened' then case new.new when 'mail' then 0 when 'portal' then 0 when 'panel' then 1 when 'import' then 3 else 2 end
            when 'replied' then coalesce(new.comment, 0) when 'withdrawn' then coalesce(new.comment, 0)
            when 'status' then 10 * (case new.old when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
                + (case new.new when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
            when 'assigned' then coalesce(cast(new.new as integer), 0)
            when 'rated' then 10 * (case new.old when 'good' then 1 when 'okay' then 2 when 'bad' then 3 else 0 end)
                + (case new.new when 'good' then 1 when 'okay' then 2 else 3 end)
            else 0 end) || ';'
        where ticket = new.ticket;
end;
create trigger courses_elsewhere after update of mailbox, priority on tickets when old.mailbox <> new.mailbox or old.priority <> new.priority begin
    update courses set mailbox = new.mailbox, priority = new.priority where ticket = new.number;
end;

insert into courses (ticket, mailbox, priority, active, opened_at, last_at, course)
    select c.number, c.mailbox, c.priority, c.active, c.opened_at, max(e.at), group_concat((case e.kind when 'opened' then 'o' when 'replied' then 'r' when 'withdrawn' then 'w' when 'commented' then 'c' when 'status' then 's'
            when 'assigned' then 'a' else 'g' end) || (e.at - c.opened_at) || '.' || coalesce(e.actor, 0) || '.' || (case e.kind
            when 'opened' then case e.new when 'mail' then 0 when 'portal' then 0 when 'panel' then 1 when 'import' then 3 else 2 end
            when 'replied' then coalesce(e.comment, 0) when 'withdrawn' then coalesce(e.comment, 0)
            when 'status' then 10 * (case e.old when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
                + (case e.new when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
            when 'assigned' then coalesce(cast(e.new as integer), 0)
            when 'rated' then 10 * (case e.old when 'good' then 1 when 'okay' then 2 when 'bad' then 3 else 0 end)
                + (case e.new when 'good' then 1 when 'okay' then 2 else 3 end)
            else 0 end) || ';', '' order by e.id)
    from (select t.number, t.mailbox, t.priority, t.active, o.at as opened_at from tickets t join events o on o.ticket = t.number and o.kind = 'opened') c
    join events e on e.ticket = c.number and e.kind in ('opened', 'replied', 'withdrawn', 'commented', 'status', 'assigned', 'rated') group by c.number;

-- The two moments of each ticket that were kept for the figures are in its course.
drop trigger figures_opened;
drop trigger figures_replied;
drop trigger figures_withdrawn;
drop trigger figures_moved;
drop trigger figures_elsewhere;
drop table milestones;
drop index events_by_time;
