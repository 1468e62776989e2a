-- What people look at.

-- Every change with what it is waiting for, newest first.
create or replace view fairlead.change_board as
select c.id, c.workspace, left(regexp_replace(c.request_text, '\s+', ' ', 'g'), 80) as request, c.status,
  case c.status
    when 'pending' then case when a.cleaning then 'the clean-up of its last environment'
      when a.everywhere < s.max_active_changes and a.here < w.max_active_changes then 'its turn, or a free range of ports'
      else format('a slot: %s of %s are taken%s', a.everywhere, s.max_active_changes,
        case when a.here >= w.max_active_changes
          then format(', %s of %s of %s', a.here, w.max_active_changes, w.name) else '' end) end
    when 'provisioning' then 'its environment'
    when 'implementing' then case when c.task = 'preview' then 'its preview'
      when r.id is not null then format('its plan %s, run %s', r.plan_id, r.id) when c.waits_until > now()
      then format('its agent''s usage limit, which resets at %s', to_char(c.waits_until, 'YYYY-MM-DD HH24:MI TZ'))
      else 'the agent' end
    when 'deployed' then 'a person: approve, reject or request changes'
    when 'approved' then format('its turn to merge into %s', c.target_branch)
    when 'merging' then 'the merge'
    when 'failed' then case when c.failure_kind = 'cancelled' then 'nobody; it can be retried'
      else 'a person: retry, or leave it' end
  end as waiting_for,
  c.version, c.round, c.agent, c.branch_name, c.target_branch, c.preview_url, c.failure_kind, c.failure_message,
  c.merge_commit_sha, c.cost_usd, c.requester_name, c.decided_by, c.created_at, c.moved_at,
  date_trunc('second', now() - c.moved_at) as in_status_for, c.waits_until
from fairlead.change_requests c
join fairlead.workspaces w on w.name = c.workspace
cross join fairlead.settings s
left join fairlead.runs r on r.change_id = c.id and r.parent_step_id is null and r.finished_at is null
left join lateral (
  select count(*) filter (where p.scope = '') as everywhere, count(*) filter (where p.scope = c.workspace) as here,
    exists (select from fairlead.environments e where e.change_id = c.id and e.status <> 'terminated') as cleaning
  from fairlead.places p
  where c.status = 'pending' and p.scope in ('', c.workspace) and p.change_id is not null
) a on true
order by c.id desc;

-- What only a person can carry on, longest waiting first: changes, and steps of runs.
create or replace view fairlead.waiting_on_people as
select c.id, c.workspace, left(regexp_replace(c.request_text, '\s+', ' ', 'g'), 80) as request,
  case c.status when 'deployed' then 'approve, reject or request changes' else 'retry, or leave it' end as asked_for,
  c.preview_url, c.failure_kind, c.failure_message, c.version, c.moved_at as since,
  date_trunc('second', now() - c.moved_at) as waiting, null as step
from fairlead.change_requests c
where c.status = 'deployed' or (c.status = 'failed' and c.failure_kind <> 'cancelled')
union all
select s.run_id, null, left(regexp_replace(s.waits_for ->> 'message', '\s+', ' ', 'g'), 80),
  case s.waits_for ->> 'for' when 'approval' then 'approve or reject' when 'answer' then 'answer'
    else 'choose: ' || (select string_agg(c, ', ') from jsonb_array_elements_text(s.waits_for -> 'choices') c) end,
  null, null, null, s.version, s.moved_at, date_trunc('second', now() - s.moved_at), s.key
from fairlead.steps s
where s.status = 'waiting' and s.waits_for ->> 'for' in ('approval', 'choice', 'answer')
order by since;

-- Every run of a plan with how far it is, newest first.
create or replace view fairlead.run_board as
select r.id, r.plan_id, r.status, r.stage, r.ending, r.total - r.unfinished as finished, r.total,
  case when r.total > 0 then 100 * (r.total - r.unfinished) / r.total end as percent,
  r.failed_step, r.failure_kind, r.failure_message, r.change_id, r.folder, r.started_by, r.version, r.created_at,
  r.finished_at, date_trunc('second', coalesce(r.finished_at, now()) - r.created_at) as took
from fairlead.runs r
order by r.id desc;

-- The environments that are there, and whose they are.
create or replace view fairlead.environment_board as
select e.id, e.workspace, e.provider, e.status, e.change_id, c.status as change_status, c.preview_url, e.first_port,
  e.note, e.created_at, date_trunc('second', now() - e.created_at) as age,
  date_trunc('second', now() - e.last_used_at) as idle, e.run_id, f.path as data_folder, f.host
from fairlead.environments e
left join fairlead.change_requests c on c.id = e.change_id and c.environment_id = e.id
left join fairlead.data_folders f on f.id = e.data_folder
where e.status <> 'terminated'
order by e.created_at;

-- What is still there, or may be, although nobody needs it any more. It must be empty, and each minute what is in it is
-- looked for and removed. (A branch with the work of a change that failed is needed: a retry goes on from it.)
create or replace view fairlead.leaks as
select r.kind, r.name, r.state, r.change_id, r.environment_id, r.note, r.intended_at as since
from fairlead.resources r
join fairlead.environments e on e.id = r.environment_id
left join fairlead.change_requests c on c.id = r.change_id
where r.state in ('intended', 'present') and e.status = 'terminated'
  and (r.kind <> 'branch' or c.status in ('merged', 'rejected'))
order by r.intended_at;
