-- +goose Up

-- Addresses that a place's keepers want told of what happens. Private. The
-- secret that signs is derived from the node's own and stands nowhere.
create table webhook (
    id            text primary key,
    stream        text not null,
    url           text not null,
    events        text not null,      -- JSON
    active        boolean not null,
    why           text not null,      -- why it was switched off by the node: '', 'failing' or 'gone'
    failures      bigint not null,    -- tries that failed since one went well
    failing_since bigint not null,    -- 0 while none did
    missed        bigint not null,    -- events left out because too many waited
    first         bigint not null,    -- index of the first act that it is told of
    created       bigint not null
);
create index webhook_stream on webhook (stream);

create table webhook_delivery (
    id      text primary key,
    webhook text not null,
    event   text not null,
    body    text not null,
    state   text not null,            -- waiting, done or given_up
    tries   bigint not null,
    status  bigint not null,          -- of the last answer, 0 for none
    created bigint not null,
    tried   bigint not null           -- 0 until then
);
create index webhook_delivery_webhook on webhook_delivery (webhook, created);

-- +goose Down
drop table webhook_delivery;
drop table webhook;
