-- +goose Up

-- Publications that are not effective yet: they are obeyed at their time also when nobody can be asked then.
create table pending (
  service text primary key,
  seq integer not null,
  action text not null,
  digest text not null,
  revision text not null,
  since integer not null,
  publication text not null
) strict;

-- What waits to be filed is bounded as a whole.
create index file_unfiled on file (kind, size) where kind <> 'Application';
