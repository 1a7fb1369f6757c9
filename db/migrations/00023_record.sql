-- +goose Up

-- The newest checkpoint of each stream: of our own the last one signed, stored
-- before it is shown; of others the last one proven to continue what we hold.
create table checkpoint (
    stream text primary key,
    size   bigint not null,
    root   bytea not null,           -- RFC 6962 tree hash
    note   bytea not null,           -- C2SP signed note
    at     bigint not null           -- when it was signed or proven here, microseconds
);

-- What shows that a stream went back or split: both signed heads; 'unproven': a longer
-- head that came without proof that it continues ours.
create table record_evidence (
    stream text not null,
    kind   text not null,            -- 'rewind', 'fork' or 'unproven'
    size   bigint not null,          -- of theirs
    root   bytea not null,           -- of theirs
    ours   bytea not null,           -- the signed note that we held, empty before the first
    theirs bytea not null,           -- the signed note that contradicts it
    at     bigint not null,
    primary key (stream, kind, size, root)
);

-- +goose Down
drop table record_evidence;
drop table checkpoint;
