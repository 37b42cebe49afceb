-- +goose Up

-- Times are microseconds since 1970 in UTC. Tables hold what was acknowledged
-- and nothing that was not: every change comes from the one writer.

-- One row: what the store itself must remember.
create table store (
  one integer primary key check (one = 1),
  secret_key blob not null,             -- receipts' secrets are derived from it
  last_number integer not null          -- the counter inside the newest number; never goes back
) strict;

create table application (
  seq integer primary key,              -- the counter inside the number
  number text not null,
  service text not null,
  digest text not null,
  revision text not null,
  language text not null,
  way text not null,
  filed_at integer not null,
  unit text not null,
  queue text not null,
  deadline integer,
  deadline_provisional integer not null,
  state text not null,
  preview integer not null,
  entry integer not null,               -- its ApplicationFiled in the journal
  envelope text not null
) strict;

-- The same key from the same client answers the same receipt.
create table request_key (
  client text not null,
  key text not null,
  request_hash blob not null,
  seq integer not null,
  primary key (client, key)
) strict, without rowid;

-- A draft is filed once; its id is a secret, so only a hash outlives it.
create table filed_draft (
  draft_hash blob primary key,
  seq integer not null
) strict, without rowid;

create table draft (
  id text primary key,
  service text not null,
  digest text not null,
  revision text not null,
  language text not null,
  version integer not null,
  preview integer not null,
  created_at integer not null,
  updated_at integer not null,
  expires_at integer,
  data text not null
) strict;
create index draft_expiry on draft (expires_at) where expires_at is not null;

create table file (
  seq integer primary key autoincrement,
  id text not null unique,
  kind text not null,                   -- of the owner: Uploading, Draft, Upload, Application
  owner text not null,                  -- draft's id, client, or application's number
  document text not null,
  name text not null,
  type text not null,
  size integer not null,
  sha256 blob not null,
  added_at integer not null,
  expires_at integer
) strict;
create index file_owner on file (owner, kind);
create index file_expiry on file (expires_at) where expires_at is not null;

create table chunk (
  file integer not null,
  part integer not null,
  bytes blob not null,
  primary key (file, part)
) strict;

create table definition (
  digest text primary key,
  remembered_at integer not null,
  body text not null
) strict;

create table served (
  service text primary key,
  seq integer not null,
  action text not null,
  digest text not null,
  revision text not null,
  since integer not null,
  publication text not null
) strict;

-- Folded in the transaction of each act, so that nobody ever counts applications.
create table counts (
  service text not null,
  digest text not null,
  started integer not null,
  submitted integer not null,
  rejected integer not null,
  in_progress integer not null,
  withdrawn integer not null,
  drafts integer not null,              -- kept drafts, previews too: they hold the definition
  cases integer not null,               -- kept applications, previews too
  primary key (service, digest)
) strict, without rowid;

-- Open cases by deadline: overdue ones are a sum over past deadlines.
create table due (
  deadline integer not null,
  service text not null,
  digest text not null,
  open integer not null,
  primary key (deadline, service, digest)
) strict, without rowid;

create table journal_head (
  one integer primary key check (one = 1),
  origin text not null,
  size integer not null,
  root blob not null,
  hashes blob not null                  -- the compact range of the whole log
) strict;

create table journal_entry (
  idx integer primary key,
  leaf text not null,
  hash blob not null
) strict;

-- Apart from the entries, so that it can be erased and every proof still holds.
create table journal_detail (
  idx integer primary key,
  salt blob not null,
  detail text not null
) strict;

create table journal_node (
  level integer not null,
  idx integer not null,
  hash blob not null,
  primary key (level, idx)
) strict, without rowid;
