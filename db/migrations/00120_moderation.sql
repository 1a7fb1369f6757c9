-- +goose Up

-- Moderation. All of it private: nothing of it leaves the node. stream is that
-- of a place of ours, or '' for what came from elsewhere, which the site judges.

-- What somebody says is wrong with a thing. said is the thing as it stood then.
create table report (
    id         text primary key,
    stream     text not null,
    kind       text not null,        -- voice, talk, person, text
    thing      text not null,
    about      text not null,        -- the person who said it, '' for none that is known
    said       text not null,
    at         text not null,        -- path of the page where it stands
    category   text not null,
    words      text not null,
    made_by    text not null,        -- '' for a stranger; shown to nobody
    made       bigint not null,
    state      text not null,        -- open, hidden, left
    decided    bigint not null,
    decided_by text not null,
    answer     text not null
);
create index report_stream on report (stream, state, made);
create unique index report_once on report (stream, kind, thing, made_by) where state = 'open' and made_by <> '';

-- What is not shown at present. What was said stays where it is.
create table hidden (
    stream text not null,
    kind   text not null,
    thing  text not null,
    about  text not null,
    said   text not null,
    at     text not null,
    reason text not null,
    hid_by text not null,            -- '' while a newcomer's words wait for a keeper
    since  bigint not null,
    primary key (stream, kind, thing)
);
create index hidden_thing on hidden (kind, thing);

-- People who are as strangers to a place, whatever membership they have.
create table person_block (
    stream     text not null,
    person     text not null,
    reason     text not null,
    blocked_by text not null,
    since      bigint not null,
    primary key (stream, person)
);

-- What the keepers of a place let newcomers do.
create table newcomer_limit (
    stream text primary key,
    hours  bigint not null,          -- how long somebody is new
    most   bigint not null,          -- things said in that time; 0: any number
    looks  bigint not null           -- the first so many wait for a keeper
);

create table newcomer_said (
    stream text not null,
    person text not null,
    n      bigint not null,
    primary key (stream, person)
);
insert into newcomer_said (stream, person, n)
    select o.stream, v.person, count(*) from proposal_voice v join proposal o on o.id = v.proposal where v.person <> '' group by o.stream, v.person;

-- +goose Down
drop table newcomer_said;
drop table newcomer_limit;
drop table person_block;
drop table hidden;
drop table report;
