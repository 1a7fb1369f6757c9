-- +goose Up
-- What a public body's site was told and has dealt with: kept for as long as its
-- records are kept. 0 is not dealt with yet.
alter table blueprint_told add column done bigint not null default 0;

-- What went when its time of keeping was over: private.
create table disposal (
    at     bigint not null,
    what   text not null,   -- rounds, meetings, reports, letters
    n      bigint not null, -- how many
    before bigint not null, -- all that were older
    primary key (at, what)
);

-- +goose Down
drop table disposal;
alter table blueprint_told drop column done;
