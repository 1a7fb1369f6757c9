-- +goose Up

-- How much room each stream takes: envelopes and parts, in bytes. Measured now
-- and then; between, what our own places add is added. Private.
create table storage_use (
    stream   text primary key,
    bytes    bigint not null,
    measured bigint not null       -- microseconds
);

-- +goose Down
drop table storage_use;
