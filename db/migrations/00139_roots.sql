-- +goose Up

-- Public, derived from the stream: its root keys as each act set them or used
-- them, and the node that keeps the place since it moved.
create table stream_root (
    stream    text not null,
    idx       bigint not null,   -- of the act
    keys      text not null,     -- JSON list of Multikeys
    threshold bigint not null,   -- how many must agree
    primary key (stream, idx)
);

create table stream_address (
    stream  text not null,
    idx     bigint not null,
    address text not null,       -- base URL of the node
    primary key (stream, idx)
);

-- Private: with whom each root key lies, as the keepers noted it.
create table root_note (
    stream text not null,
    public text not null,        -- Multikey
    whose  text not null,
    primary key (stream, public)
);

-- +goose Down
drop table root_note;
drop table stream_address;
drop table stream_root;
