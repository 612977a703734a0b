-- Tokens of the API: what programs sign in with.  Shown once, kept as a hash, never more than whoever made it may do.
create table api_tokens (
    id         integer primary key,
    person     integer not null references people (id) on delete cascade, -- who made it, and acts when it is used
    name       text not null,                   -- what uses it
    hash       text not null unique,            -- SHA-256 of the token, 64 hex digits: what a request finds it by
    start      text not null,                   -- its first letters, to know it again
    role       text not null,                   -- helper | admin: the most it may do; the person's own role bounds it too
    access     text not null,                   -- read | write
    created_at integer not null,
    expires_at integer,                         -- null: good until it is revoked
    used_at    integer,                         -- to the minute or so
    used_from  text,                            -- the address of that request
    revoked_at integer,
    revoked_by integer references people (id) on delete set null
);
-- The list of one's own; one name is taken once.
create index api_tokens_by_person on api_tokens (person, id);

-- What requests with an Idempotency-Key have made, for a day: the same key gets the same answer.
create table api_answers (
    token      integer not null references api_tokens (id) on delete cascade,
    asked_as   text not null,                   -- the key, as the program chose it
    request    text not null,                   -- SHA-256 of what was asked: the same key for something else is refused
    ticket     integer,
    comment    integer,
    at         integer not null,
    primary key (token, asked_as)
);
-- Forgetting what is older than a day.
create index api_answers_by_time on api_answers (at);
