#!/bin/sh
# sh agent.sh <notes>: the agent of the crash tests. It notes that it has started, begins a file or goes on with
# it, prints numbered lines, and fails or never ends where the way of its change, the end of the
# notes' name, wants that.
notes=$1
way=${notes##*-}
echo "$FAIRLEAD_ENVIRONMENT" >>"$notes"
read -r head <.git/HEAD
work=work-${head##*/}
begun=$([ -e "$work" ] && echo yes)
echo "$FAIRLEAD_ENVIRONMENT" >>"$work"
printf 'line %s\n' 1 2 3
# Longer than it takes Fairlead to look again: the log comes in two pieces, every time.
sleep 0.25
printf 'line %s\n' 4 5 6
case $way-$begun in
cancelled-*) exec sleep 60 ;;
failed-* | retried-) exit 3 ;;
esac
