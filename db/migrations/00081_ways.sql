-- +goose Up

-- How people come into a place beside by invitation. Private.
create table place_ways (
    stream  text primary key,
    open    boolean not null,        -- anybody makes an account and is a member
    asking  text not null,           -- '', keepers, vouching: who answers those who ask
    vouches bigint not null          -- how many members have to vouch
);

-- Who asks to come in holds a secret, and looks up the answer with it. When the
-- answer is yes an invitation with the same secret is made.
create table entry_request (
    id       text primary key,
    token    bytea not null unique,  -- SHA-256 of what the person holds
    stream   text not null,
    name     text not null,          -- as the person wants to be called, '' once answered
    words    text not null,          -- '' once answered
    created  bigint not null,
    expires  bigint not null,
    state    text not null           -- waiting, let_in, declined
);
create index entry_request_stream on entry_request (stream, created);

create table vouch (
    request text not null,
    person  text not null,
    made    bigint not null,
    primary key (request, person)
);

-- By which way somebody came: '' by invitation or before this was kept.
alter table membership add column way text not null default '';

-- +goose Down
alter table membership drop column way;
drop table vouch;
drop table entry_request;
drop table place_ways;
