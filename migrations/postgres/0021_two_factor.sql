-- Two-factor sign-in: the authenticator app of somebody (RFC 6238), and codes for when it is lost.
create table authenticators (
    person       bigint primary key references people (id) on delete cascade,
    secret       bytea not null,                -- sealed with the desk's key
    begun_at     bigint not null,
    confirmed_at bigint,                       -- null: a code is still to show that the app has it; nobody is asked for one until then
    last_step    bigint not null default 0     -- of the code that was taken last, in steps of 30 s since 1970: none is taken twice
);

-- Ten for each app, each of one use.
create table recovery_codes (
    person    bigint not null references people (id) on delete cascade,
    code_hash text not null,                    -- SHA-256
    used_at   bigint,
    primary key (person, code_hash)
);
