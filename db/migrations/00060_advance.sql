-- +goose Up

-- Public: written by Apply alone.
create table authority (
    stream text not null,
    id     text not null,          -- URL
    name   text not null,
    kind   text not null,
    idx    bigint not null,
    primary key (stream, id)
);

create table bringing (             -- a text brought to one authority
    stream         text not null,
    id             text not null,  -- URL
    authority      text not null,  -- URL, of the same stream
    outcome        text not null,  -- URL of the decision, of the same stream
    version_url    text not null,
    version_stream text not null,
    version_act    text not null,
    legal          text not null,
    delivery       text not null,  -- '' until something is promised
    brought        bigint not null,
    idx            bigint not null,
    primary key (stream, id)
);
create index bringing_version on bringing (version_url);

create table deed (                 -- what an authority did with it
    stream        text not null,
    id            text not null,
    bringing      text not null,
    kind          text not null,
    number        text not null,
    day           text not null,   -- YYYY-MM-DD
    votes_for     bigint,
    votes_against bigint,
    votes_abstain bigint,
    link          text not null,
    legal         text not null,
    version_url   text not null,   -- as amended, '' when as brought
    idx           bigint not null,
    primary key (stream, id)
);

create table status_change (
    stream    text not null,
    idx       bigint not null,     -- of the act, with its part "reason"
    bringing  text not null,
    lifecycle text not null,       -- 'legal' or 'delivery'
    status    text not null,
    day       text not null,
    source    text not null,
    primary key (stream, idx)
);
create index status_change_bringing on status_change (stream, bringing);

-- Private: members only.
create table meeting (
    bringing text primary key,
    stream   text not null,
    day      text not null,        -- YYYY-MM-DD of the authority's meeting
    cutoff   bigint not null       -- days before it: agenda closes
);

create table task (
    id       text primary key,
    bringing text not null,
    stream   text not null,
    title    text not null,
    before   bigint not null,      -- days before the agenda closes; negative: after
    keeper1  text not null,        -- persons, '' while nobody
    keeper2  text not null,
    done     bigint not null,      -- 0 or when
    created  bigint not null
);
create index task_bringing on task (bringing);

create table calendar_link (        -- what opens a place's calendar to a program
    token  bytea primary key,      -- SHA-256
    stream text not null,
    person text not null
);

-- +goose Down
drop table calendar_link;
drop table task;
drop table meeting;
drop table status_change;
drop table deed;
drop table bringing;
drop table authority;
