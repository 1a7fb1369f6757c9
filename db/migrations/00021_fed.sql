-- +goose Up

-- The node's own key, which signs its requests; wrapped like those of actors.
create table site_key (
    public  text primary key,        -- Multikey
    wrapped bytea not null,
    made    bigint not null
);

-- What each place here follows ('' for the site itself). Nobody else's business.
create table follow (
    stream   text not null,
    followed text not null,
    since    bigint not null,
    primary key (stream, followed)
);

-- Each stream that somebody here follows or followed: where it lies, and when to
-- look again. state: 'followed', 'stopped' (it contradicted itself), 'left'.
create table remote (
    stream     text primary key,
    actor      text not null,        -- URL
    host       text not null,        -- base URL
    state      text not null,
    trouble    text not null,        -- why it is stopped, or what the last pull met
    next_pull  bigint not null,
    last_heard bigint not null,      -- 0 before the first pull; for keepers alone
    subscribed bigint not null       -- when we last asked for hints
);
create index remote_due on remote (next_pull) where state = 'followed';

-- Other nodes, by base URL: their keys, and when they may be troubled again.
create table peer (
    host       text primary key,
    key        text not null,        -- Multikey, '' before it is known
    failures   bigint not null,      -- in a row
    next_try   bigint not null,
    last_heard bigint not null,
    trouble    text not null
);

-- Nodes that want a hint when one of our streams grows.
create table subscriber (
    stream text not null,
    host   text not null,
    told   bigint not null,          -- size of the stream in the last hint
    since  bigint not null,          -- when it last asked
    primary key (stream, host)
);
create index subscriber_host on subscriber (host);

-- Hosts (base URLs) and streams from which nothing is taken, by a place here or,
-- with stream '', by the whole node.
create table block (
    stream text not null,
    target text not null,
    since  bigint not null,
    primary key (stream, target)
);

-- What keepers should know: of a place, or with stream '' of the site.
create table keeper_notice (
    id     text primary key,
    stream text not null,
    kind   text not null,            -- message key
    args   text not null,            -- JSON object of strings
    at     bigint not null,
    seen   boolean not null
);
create unique index keeper_notice_same on keeper_notice (stream, kind, args);

-- +goose Down
drop table keeper_notice;
drop table block;
drop table subscriber;
drop table peer;
drop table remote;
drop table follow;
drop table site_key;
