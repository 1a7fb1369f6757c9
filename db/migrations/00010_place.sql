-- +goose Up

-- Public: written by Apply alone.
create table place (
    stream    text primary key,
    id        text not null,     -- URL
    kind      text not null,     -- 'place' or 'circle'
    name      text not null,
    names     text not null,     -- JSON [{"lang","name"}]: in other languages
    what      text not null,     -- '', neighbourhood, city, watershed, territory, network, …
    languages text not null,     -- JSON ["es","en"]
    lat       bigint,            -- tenths of a degree: never finer
    lon       bigint,
    story     boolean not null,  -- the act has a part "story"
    living    boolean not null,  -- the act has a part "living": ecosystem and beings
    idx       bigint not null    -- of the act that says all this
);
create index place_id on place (id);

-- Private from here on.
create table site_setting (
    name  text primary key,
    value text not null
);

create table person (
    id          text primary key,
    login       text not null unique, -- the pseudonym, folded
    name        text not null,        -- the pseudonym as written
    password    text not null,        -- argon2id, PHC string
    site_keeper boolean not null,
    created     bigint not null
);

create table membership (
    stream text not null,
    person text not null,
    role   text not null,             -- 'member' or 'keeper'
    since  bigint not null,
    primary key (stream, person)
);
create index membership_person on membership (person);

create table session (
    id      text primary key,
    token   bytea not null unique,    -- SHA-256 of what the browser holds
    person  text not null,
    device  text not null,
    created bigint not null,
    seen    bigint not null,
    expires bigint not null
);
create index session_person on session (person);

create table invitation (
    id      text primary key,
    token   bytea not null unique,    -- SHA-256 of what stands in the link
    stream  text not null,            -- '' for setting up the site
    role    text not null,
    made_by text not null,
    created bigint not null,
    expires bigint not null,
    used    bigint not null           -- 0 until then; never again
);

-- +goose Down
drop table invitation;
drop table session;
drop table membership;
drop table person;
drop table site_setting;
drop table place;
