-- +goose Up

-- How often something was tried of late, over all replicas. Private. A key is a
-- keyed hash: no address and no name stands here.
create table rate_bucket (
    key     text primary key,
    full_at bigint not null -- when the bucket is full again and the row may go
);
create index rate_bucket_full_at on rate_bucket (full_at);

-- +goose Down
drop table rate_bucket;
