#!/bin/sh
# Runs one program under a name, and leaves behind all that is needed to find it again.
#
#   sh supervise.sh <folder> <program> [argument ...]
#
# The worker that starts this has made <folder> (the name is taken by making it) with these files in it, set the working
# directory and the variables, and detached us into a session of our own:
#
#   stdin
#   boot         which start of the machine this is, for a session's number means nothing after the next
#   started      "<epoch seconds> <soft limit> <hard limit> <option of ulimit> ...": the program is marked by these two values
#                of the first limit that this shell can set (see limit-mark.ts); without an option it isn't marked
#
# The folder then holds:
#
#   supervisor   a symbolic link whose text is "<epoch seconds> <pid> <start time>" of this script. It can be made only
#                once, so whoever makes it decides: us, and the program runs; anybody else, and it never will.
#   pid          "<pid> <start time>" of the program, written before it runs; a line, or not there yet. A pid may be used
#                again; a pid with its start time (clock ticks since boot, or the date where there is no /proc) may not.
#   stdout       what it wrote, byte for byte, so that an offset means the same for ever
#   stderr
#   exit         blanks as long as it runs, then "<status> <epoch seconds> ." among them; above 128 the status is 128 + a
#                signal's number
#
# POSIX only: it also runs in dash and busybox, in containers and on remote hosts. Where there is /proc it starts one
# program besides the one that it is for, `ln`: each takes as long as many a step of a plan. Its own variables have names
# that nobody's program is given, or the program would find them changed; its own programs are the system's.

FAIRLEAD_folder=$1
shift

# "<pid> <start time>" of the shell that calls, into $FAIRLEAD_identity; also right in a subshell, where $$ is not.
identify() {
  if [ -r /proc/self/stat ]; then
    read -r FAIRLEAD_stat </proc/self/stat
    # The second field is a name in brackets that may hold anything; after it, the start time is the 20th.
    FAIRLEAD_pid=${FAIRLEAD_stat%% *}
    # shellcheck disable=SC2086
    set -- ${FAIRLEAD_stat##*) }
    shift 19
    FAIRLEAD_identity="$FAIRLEAD_pid $1"
  else
    # shellcheck disable=SC2016
    FAIRLEAD_pid=$(exec /bin/sh -c 'echo "$PPID"')
    FAIRLEAD_identity="$FAIRLEAD_pid $(LC_ALL=C command -p ps -o lstart= -p "$FAIRLEAD_pid")"
  fi
}

# A signal that is caught, not ignored, is set back for the program; the shell sees to it only after the program's end,
# so we live to tell how it ended, also when all our session is signalled.
trap : HUP INT QUIT TERM

# How it ended goes into a file whose room is taken before it begins, for it may fill the disk. Always of one length, in
# one write, and opened without being cut short, so that no new room is needed; the dot says that it is all there. Where there
# is /proc, it is written through an open file descriptor, so that it is found also when the folder was moved meanwhile.
FAIRLEAD_exit=$FAIRLEAD_folder/exit
record() {
  printf '%-22s%s\n' "$1" "$2" 1<>"$FAIRLEAD_exit"
}

# Marks the calling shell and all that it starts. The soft limit comes first: a hard limit can't be lower than the soft one.
mark() {
  for FAIRLEAD_option in $FAIRLEAD_options; do
    ulimit -S "-$FAIRLEAD_option" "$FAIRLEAD_soft" && ulimit -H "-$FAIRLEAD_option" "$FAIRLEAD_hard" && return
  done 2>/dev/null
}

# The machine's uptime in seconds, into $FAIRLEAD_uptime; where it can't be read, nothing.
look_at_uptime() {
  FAIRLEAD_uptime=
  [ ! -r /proc/uptime ] || read -r FAIRLEAD_uptime _ </proc/uptime
  FAIRLEAD_uptime=${FAIRLEAD_uptime%%.*}
}

identify
read -r FAIRLEAD_started FAIRLEAD_soft FAIRLEAD_hard FAIRLEAD_options <"$FAIRLEAD_folder/started" 2>/dev/null ||
  FAIRLEAD_started=$(command -p date +%s)
command -p ln -s "$FAIRLEAD_started $FAIRLEAD_identity" "$FAIRLEAD_folder/supervisor" 2>/dev/null || exit 1
command exec 9<>"$FAIRLEAD_exit" && [ -e /proc/self/fd/9 ] && FAIRLEAD_exit=/proc/self/fd/9
record '' ' ' 2>/dev/null
look_at_uptime
FAIRLEAD_began=$FAIRLEAD_uptime

# In the foreground: a shell makes its background jobs deaf to INT and QUIT. The subshell becomes the program, so what
# it writes into `pid` is the program's own.
(
  identify
  echo "$FAIRLEAD_identity" >"$FAIRLEAD_folder/pid" || exit 126
  mark
  exec 9>&-
  case $1 in -*) echo "$1: not found" >&2 && exit 127 ;; esac
  exec "$@"
) <"$FAIRLEAD_folder/stdin" >>"$FAIRLEAD_folder/stdout" 2>>"$FAIRLEAD_folder/stderr"
FAIRLEAD_status=$?
look_at_uptime
if [ -n "$FAIRLEAD_uptime" ]; then FAIRLEAD_ended=$((FAIRLEAD_started + FAIRLEAD_uptime - FAIRLEAD_began)); else FAIRLEAD_ended=$(command -p date +%s); fi

FAIRLEAD_tries=0
until record "$FAIRLEAD_status $FAIRLEAD_ended" .; do
  # Where it is known by its path, that path is another one when the environment was closed meanwhile.
  FAIRLEAD_closed=${FAIRLEAD_folder%/*}.closed/${FAIRLEAD_folder##*/}
  [ -d "$FAIRLEAD_folder" ] || [ ! -d "$FAIRLEAD_closed" ] || {
    FAIRLEAD_folder=$FAIRLEAD_closed
    FAIRLEAD_exit=$FAIRLEAD_folder/exit
    continue
  }
  # Where this fails all the same, there may be room later: without this record the process counts as lost.
  FAIRLEAD_tries=$((FAIRLEAD_tries + 1))
  [ -d "$FAIRLEAD_folder" ] && [ "$FAIRLEAD_tries" -lt 600 ] || exit 1
  command -p sleep 1
done 2>/dev/null
