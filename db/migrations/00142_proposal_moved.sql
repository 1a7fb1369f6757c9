-- +goose Up

-- How often anything about one proposal changed, for the pages that lie open.
-- (proposal_change counts for a place, and is what writers of it wait for.) Private.
create table proposal_moved (
    proposal text primary key,
    n        bigint not null
);
insert into proposal_moved (proposal, n) select p.id, c.n from proposal p join proposal_change c on c.stream = p.stream;

-- +goose Down
drop table proposal_moved;
