-- The earliest databases lack a table that 0002_recovery writes to: 0001_kernel was changed after they had applied it.
create table if not exists fairlead.places (
  scope text not null,
  number integer not null,
  change_id text,
  primary key (scope, number)
) with (fillfactor = 50);
