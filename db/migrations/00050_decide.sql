-- +goose Up

-- Public: written by Apply alone.
create table outcome (
    stream         text not null,
    id             text not null,   -- URL
    proposal       text not null,   -- token of the proposal, private otherwise
    version_url    text not null,   -- the text that it is about
    version_stream text not null,
    version_act    text not null,
    result         text not null,   -- 'bring' or 'no'
    rule           text not null,   -- 'consent' or 'majority'
    decided        bigint not null, -- microseconds
    review         text not null,   -- YYYY-MM-DD
    counts         text not null,   -- JSON, {} when not released
    released       text not null,   -- JSON: names of the parts released, in order
    idx            bigint not null,
    primary key (stream, id)
);
create index outcome_version on outcome (version_url);

-- Private: members only.
create table proposal (
    id             text primary key,
    stream         text not null,
    title          text not null,
    why            text not null,
    version_url    text not null,
    version_stream text not null,
    version_act    text not null,
    rule           text not null,
    quorum         bigint not null,  -- how many must take part at least
    review         text not null,    -- YYYY-MM-DD
    state          text not null,    -- clarify, react, consent, decided, withdrawn
    made_by        text not null,
    created        bigint not null,
    outcome        text not null     -- URL, once decided
);
create index proposal_stream on proposal (stream, created);

create table proposal_voice (        -- what one member said in a round
    id          text primary key,
    proposal    text not null,
    round       text not null,       -- clarify, react, consent
    person      text not null,       -- '' when a scribe wrote it down for a room
    kind        text not null,       -- question, answer, reaction, agree, abstain, concern, objection
    body        text not null,
    may_release boolean not null,    -- its author lets it be published, without a name
    integrated  boolean not null,    -- an objection that is met or withdrawn
    created     bigint not null
);
create index proposal_voice_proposal on proposal_voice (proposal, created);
create unique index proposal_voice_position on proposal_voice (proposal, person)
    where round = 'consent' and person <> '';

create table proposal_room (         -- a round held in a room, entered by one scribe
    proposal text primary key,
    present  bigint not null,
    agree    bigint not null,        -- with or without a concern
    abstain  bigint not null,
    entered  bigint not null,
    scribe   text not null
);

-- +goose Down
drop table proposal_room;
drop table proposal_voice;
drop table proposal;
drop table outcome;
