-- +goose Up

-- Private: what concerns a person, and how it reaches them.
create table notice (
    id     text primary key,
    person text not null,
    stream text not null,          -- '' for the site
    kind   text not null,          -- 'task', 'agenda', 'review', 'round', 'keeper', …
    day    text not null,          -- YYYY-MM-DD that it is about, or ''
    link   text not null,          -- URL of the page about it
    cause  text not null,          -- with the person: what makes it come once
    made   bigint not null,
    seen   bigint not null,        -- 0 until put away, or until it is moot
    handed bigint not null,        -- 0 or when a keeper passed it on by hand
    mail   text not null           -- '' or the mail that carries it
);
create unique index notice_cause on notice (person, cause);
create index notice_open on notice (person) where seen = 0;
create index notice_mail on notice (mail, person);

create table mail_address (         -- how somebody wants to be told
    person    text primary key,
    id        text not null unique, -- new with each address: signed links hold it
    address   text not null,        -- '' for none
    asked     bigint not null,      -- when the link that confirms it was made
    confirmed bigint not null,      -- 0 until then
    pace      text not null,        -- 'daily', 'once' or 'never'
    by_hand   boolean not null,     -- a keeper tells them, by paper or phone
    lang      text not null,
    digest    text not null         -- YYYY-MM-DD of the last daily mail, or ''
);

create table mail (                 -- each is handed to a server once at most
    id      text primary key,
    person  text not null,
    kind    text not null,          -- 'confirm' or 'notices'
    address text not null,
    made    bigint not null,
    state   text not null,          -- waiting, handed, sent, failed, doubtful, dropped
    tries   bigint not null,
    due     bigint not null,        -- not before
    changed bigint not null,
    error   text not null           -- of the last try; no address stands in it
);
create index mail_due on mail (due, id) where state = 'waiting';
create index mail_person on mail (person, made);
create index mail_address_made on mail (address, made);

create table light_ask (            -- a question to somebody without an account
    id       text primary key,
    stream   text not null,
    kind     text not null,         -- 'task' or 'concern'
    object   text not null,         -- id of the task or proposal
    label    text not null,         -- for keepers, to know it again
    made_by  text not null,
    created  bigint not null,
    expires  bigint not null,
    ended    bigint not null,       -- 0 or when a keeper took it back
    answered bigint not null,       -- 0 until then; once
    answer   text not null,         -- '', 'yes' or 'no'
    note     text not null
);
create index light_ask_stream on light_ask (stream, created);

-- +goose Down
drop table light_ask;
drop table mail;
drop table mail_address;
drop table notice;
