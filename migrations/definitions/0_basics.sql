-- A ULID: 48 bits of milliseconds and 80 random bits, in Crockford's base 32. (One of the random bits is always 0: it is part
-- of the UUID's version.) Unrolled, because a loop takes six times as long.
create or replace function fairlead.ulid() returns text language plpgsql volatile as $$
declare
  a constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  ms bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  chance bytea := uuid_send(gen_random_uuid());
begin
  return substr(a, (ms >> 45 & 31)::int + 1, 1) || substr(a, (ms >> 40 & 31)::int + 1, 1) ||
    substr(a, (ms >> 35 & 31)::int + 1, 1) || substr(a, (ms >> 30 & 31)::int + 1, 1) ||
    substr(a, (ms >> 25 & 31)::int + 1, 1) || substr(a, (ms >> 20 & 31)::int + 1, 1) ||
    substr(a, (ms >> 15 & 31)::int + 1, 1) || substr(a, (ms >> 10 & 31)::int + 1, 1) ||
    substr(a, (ms >> 5 & 31)::int + 1, 1) || substr(a, (ms >> 0 & 31)::int + 1, 1) ||
    substr(a, (get_byte(chance, 0) & 31) + 1, 1) || substr(a, (get_byte(chance, 1) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 2) & 31) + 1, 1) || substr(a, (get_byte(chance, 3) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 4) & 31) + 1, 1) || substr(a, (get_byte(chance, 5) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 6) & 31) + 1, 1) || substr(a, (get_byte(chance, 7) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 8) & 31) + 1, 1) || substr(a, (get_byte(chance, 9) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 10) & 31) + 1, 1) || substr(a, (get_byte(chance, 11) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 12) & 31) + 1, 1) || substr(a, (get_byte(chance, 13) & 31) + 1, 1) ||
    substr(a, (get_byte(chance, 14) & 31) + 1, 1) || substr(a, (get_byte(chance, 15) & 31) + 1, 1);
end $$;

-- Whether a text has a visible character: white space and zero-width characters are not visible.
create or replace function fairlead.says_something(words text) returns boolean language sql immutable
begin atomic
  select words ~ '[^\s\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]';
end;

-- Whether a session may act in the name of other people: only one that may act as the owner of Fairlead's tables, as the
-- API's and the command line's may. Its callers run as that owner, which is therefore `current_user` here.
create or replace function fairlead.speaks_for_others() returns boolean language plpgsql stable as $$
begin
  return session_user = current_user or pg_has_role(session_user, current_user, 'member');
end $$;

-- Who is recorded as the actor: the person that is named, if the session may act in other people's names; else its own user.
create or replace function fairlead.speaker(named text) returns text language plpgsql stable as $$
begin
  return case when fairlead.speaks_for_others() then coalesce(named, session_user) else session_user end;
end $$;
