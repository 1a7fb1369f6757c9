-- +goose Up

-- Streams of acts, our own places' and those followed. The head of each: size
-- is the next index. Its row is the lock under which indexes are given.
create table stream (
    fp        text primary key,      -- fingerprint: hash of the act at index 0, hex
    actor     text not null,         -- URL of the actor, as last announced by the stream
    origin    text not null,         -- name of the log: random, knows no host
    audience  text not null,         -- 'public'; narrower ones come with circles
    own       boolean not null,      -- we hold its key and write it
    size      bigint not null,
    published bigint not null,       -- of the last act, microseconds
    held      boolean not null       -- own, and not to be written: a restored backup that may lack acts
);
create unique index stream_own_actor on stream (actor) where own;

-- Acts as signed. state: 0 applied, 1 type not known yet, 2 void (its content
-- breaks a rule of its type: kept, passed over).
create table act (
    stream    text not null,
    idx       bigint not null,
    type      text not null,
    published bigint not null,
    leaf      bytea not null,        -- RFC 6962 leaf hash of the envelope
    state     bigint not null,
    envelope  bytea not null,
    primary key (stream, idx)
);
create index act_unknown on act (type, stream) where state = 1;
create unique index act_leaf on act (leaf, stream);

-- Parts: what can be erased. Tables of the capabilities name a part and never
-- hold what is in it.
create table part (
    stream text not null,
    idx    bigint not null,
    name   text not null,
    media  text not null,
    salt   bytea not null,
    body   bytea not null,
    primary key (stream, idx, name)
);

-- Which key signs from which index on: derived from the stream.
create table stream_key (
    stream text not null,
    idx    bigint not null,
    public text not null,            -- Multikey
    primary key (stream, idx)
);

-- Private keys of our own actors, wrapped by a secret outside the database.
create table actor_key (
    stream  text not null,
    public  text not null,
    wrapped bytea not null,
    primary key (stream, public)
);

-- How far each follower inside the node has read each stream.
create table follower_cursor (
    follower text not null,
    stream   text not null,
    next     bigint not null,
    primary key (follower, stream)
);

-- Erasures that a followed place asked for and that wait for our keeper.
create table erasure_held (
    stream text not null,
    idx    bigint not null,          -- the act that asks
    parts  bigint not null,          -- how many parts
    primary key (stream, idx)
);

-- +goose Down
drop table erasure_held;
drop table follower_cursor;
drop table actor_key;
drop table stream_key;
drop table part;
drop table act;
drop table stream;
