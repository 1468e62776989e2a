-- A step by its run and position, for lookups that must not read all the steps of their run: without statistics on the run, the
-- planner sees no difference between this and (run_id).
create unique index steps_place on fairlead.steps ((run_id || '/' || position::text));
