-- +goose Up

-- Nobody takes an application back yet.
alter table counts drop column withdrawn;
