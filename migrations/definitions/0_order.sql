-- The order of events in a database that was restored in another cluster. Events are ordered by (xid, seq), and readers stop at
-- the oldest transaction that is still running. Transaction ids belong to a cluster: restored in a cluster that has used fewer
-- of them, a database holds ids of the future, so readers would not get its events, and new events would sort before them. So
-- events are ordered by the id plus `installation.xid_offset`, which is raised when the database is found in another cluster.
-- It is raised by 2^32 more than needed: a client that had read events which the backup lacks still resumes before all new ones.

-- Which database of which cluster this is: the database's oid, the cluster's identifier, and its timeline, which changes when a
-- standby is promoted or a backup is recovered.
create or replace function fairlead.cluster_here() returns text language plpgsql stable as $$
declare
  here text := 'database ' || (select d.oid from pg_database d where d.datname = current_database());
begin
  here := here || ' of ' || (select s.system_identifier from pg_control_system() s) || '/'
    || (select c.timeline_id from pg_control_checkpoint() c);
  return here;
exception when insufficient_privilege then
  return here;
end $$;

-- An id that no transaction of this cluster can have had yet, with the offset added.
create or replace function fairlead.next_event_xid() returns xid8 language plpgsql as $$
begin
  return (greatest(pg_current_xact_id()::text::bigint + 1, pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
    + (select i.xid_offset from fairlead.installation i))::text::xid8;
end $$;

-- Raises the offset, so that all new events sort after all stored ones. The lock waits for transactions that have written an
-- event, and later writers wait for the lock.
create or replace function fairlead.raise_event_xids() returns void language plpgsql as $$
declare
  last bigint;
begin
  lock table fairlead.events in share row exclusive mode;
  select greatest(fairlead.next_event_xid()::text::bigint,
    (select e.xid::text::bigint from fairlead.events e order by e.xid desc, e.seq desc limit 1),
    (select max(c.moved_in::text::bigint) from fairlead.change_requests c),
    (select max(e.moved_in::text::bigint) from fairlead.environments e),
    (select max(r.moved_in::text::bigint) from fairlead.runs r),
    (select max(s.moved_in::text::bigint) from fairlead.steps s)) into last;
  update fairlead.installation set cluster = fairlead.cluster_here(),
    xid_offset = last - pg_snapshot_xmin(pg_current_snapshot())::text::bigint + 4294967296;
end $$;

-- The id that an event is ordered by: the transaction's, or that of the entity's previous event where that is higher.
create or replace function fairlead.event_xid(before xid8) returns xid8 language plpgsql as $$
declare
  own xid8;
  newest xid8 := before;
begin
  -- Locked before the offset is read, so that no other transaction raises it before this event is written.
  lock table fairlead.events in row exclusive mode;
  if before is null then
    select e.xid into newest from fairlead.events e order by e.xid desc, e.seq desc limit 1;
  end if;
  select (pg_current_xact_id()::text::bigint + i.xid_offset)::text::xid8 into own from fairlead.installation i;
  if newest > own and newest >= fairlead.next_event_xid() then
    perform fairlead.raise_event_xids();
    select (pg_current_xact_id()::text::bigint + i.xid_offset)::text::xid8 into own from fairlead.installation i;
  end if;
  return greatest(own, before);
end $$;

-- Events below this id may be read: one that is not committed yet has this id or a higher one.
create or replace function fairlead.event_horizon() returns xid8 language sql stable security definer
begin atomic
  select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + i.xid_offset)::text::xid8 from fairlead.installation i;
end;

-- Called at each start. True: the database was restored in another cluster, so the offset was raised.
create or replace function fairlead.notice_move() returns boolean language plpgsql set lock_timeout = '20s' as $$
declare
  known constant text := (select i.cluster from fairlead.installation i);
  here constant text := fairlead.cluster_here();
begin
  if known = here or (known is null and not exists (select from fairlead.events e where e.xid >= fairlead.next_event_xid())) then
    update fairlead.installation i set cluster = here where i.cluster is distinct from here;
    return false;
  end if;
  perform fairlead.raise_event_xids();
  return true;
end $$;
