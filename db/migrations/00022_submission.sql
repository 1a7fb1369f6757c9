-- +goose Up

-- Submissions: what one place says to an object of another, signed and private.
-- Those that we sent, until they are answered or withdrawn. state: queued,
-- delivered (a receipt came), answered, withdrawn, refused.
create table submission_out (
    id        text primary key,      -- URL under the sender
    stream    text not null,         -- of the sender
    to_actor  text not null,
    to_stream text not null,
    host      text not null,         -- base URL of the receiver
    type      text not null,
    answers   text not null,         -- id of the submission that it answers, or ''
    document  bytea not null,
    state     text not null,
    queued    bigint not null,
    next_try  bigint not null,
    tries     bigint not null,
    trouble   text not null,         -- what the last try met, or '': for keepers
    receipt   bytea,                 -- signed by the receiver
    answer    text not null          -- id of the answer in submission_in, or ''
);
create index submission_out_due on submission_out (next_try) where state in ('queued', 'delivered');
create index submission_out_to on submission_out (stream, state);

-- Those that came to us. state: open, answered, withdrawn, refused.
create table submission_in (
    id          text primary key,
    stream      text not null,       -- ours, to which it speaks
    from_actor  text not null,
    from_stream text not null,
    type        text not null,
    answers     text not null,
    document    bytea not null,      -- empty where only its withdrawal came
    state       text not null,
    received    bigint not null,
    receipt     bytea not null,      -- as signed then; empty where only its withdrawal came
    answer      text not null        -- id of our answer in submission_out, or ''
);
create index submission_in_stream on submission_in (stream, state);
create index submission_in_from on submission_in (from_stream, received);

-- The longest chain of keys seen of a place that we don't follow, so that a key
-- that it gave up can't speak for it.
create table submission_sender (
    stream text primary key,
    chain  bytea not null            -- JSON list of its Found and SetKey envelopes
);

-- +goose Down
drop table submission_sender;
drop table submission_in;
drop table submission_out;
