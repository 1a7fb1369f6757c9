-- +goose Up

-- Work to be done later, here or at another node. Private: it never leaves.
create table job (
    id           text primary key,
    kind         text not null,
    host         text not null,      -- '' or the host that it bothers
    uniq         text not null,      -- '' or a key: one waiting job of a kind has it
    payload      bytea not null,     -- JSON
    created      bigint not null,
    run_at       bigint not null,    -- not before
    tries        bigint not null,    -- begun since it was last well
    lease        text not null,      -- '' or the token of the run that holds it
    leased_until bigint not null,
    again        boolean not null,   -- asked for once more while it ran
    dead         boolean not null,   -- given up; a keeper decides
    error        text not null       -- of the last try
);
create unique index job_uniq on job (kind, uniq) where uniq <> '' and not dead;
create index job_due on job (run_at) where not dead;
create index job_leased on job (leased_until) where lease <> '';

-- Its one row is the lock under which jobs are claimed, so that no two claims
-- count the same host's running jobs at once.
create table job_claim (one bigint primary key);
insert into job_claim (one) values (1);

-- +goose Down
drop table job_claim;
drop table job;
