#!/bin/sh
# Runs one program under a name, and leaves behind all that is needed to find it again.
#
#   sh supervise.sh <folder> <program> [argument ...]
#
# Whoever starts this has made <folder> (the name is taken by making it), put `stdin` there and `boot` (which start of
# the machine this is, for a session's number means nothing after the next), set the working directory and the
# variables, and detached us into a session of our own. The folder then holds:
#
#   supervisor   a symbolic link whose text is "<epoch seconds> <pid> <start time>" of this script. It can be made only
#                once, so whoever makes it decides: us, and the program runs; anybody else, and it never will.
#   pid          "<pid> <start time>" of the program, written before it runs. A pid may be used again; a pid with its
#                start time (clock ticks since boot, or the date where there is no /proc) may not.
#   stdout       what it wrote, byte for byte, so that an offset means the same for ever
#   stderr
#   exit         "<status> <epoch seconds>" and blanks, once it has ended; above 128 the status is 128 + a signal's number
#
# POSIX only: it also runs in dash and busybox, in containers and on remote hosts.

folder=$1
shift

# "<pid> <start time>" of the shell that calls, into $identity; also right in a subshell, where $$ is not.
identify() {
  if [ -r /proc/self/stat ]; then
    read -r stat </proc/self/stat
    # The second field is a name in brackets that may hold anything; after it, the start time is the 20th.
    pid=${stat%% *}
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    shift 19
    identity="$pid $1"
  else
    # shellcheck disable=SC2016
    pid=$(exec sh -c 'echo "$PPID"')
    identity="$pid $(LC_ALL=C ps -o lstart= -p "$pid")"
  fi
}

# A signal that is caught, not ignored, is set back for the program; the shell sees to it only after the program's end,
# so we live to tell how it ended, also when all our session is signalled.
trap : HUP INT QUIT TERM

# How it ended goes into a file whose room is taken before it begins, for it may fill the disk. Always of one length, and
# opened without being cut short, so that no new room is needed.
record() {
  printf '%-23s\n' "$1" 1<>"$folder/exit.new"
}

identify
ln -s "$(date +%s) $identity" "$folder/supervisor" 2>/dev/null || exit 1
record '' 2>/dev/null

# In the foreground: a shell makes its background jobs deaf to INT and QUIT. The subshell becomes the program, so what
# it writes into `pid` is the program's own.
(
  identify
  echo "$identity" >"$folder/pid.new" && mv "$folder/pid.new" "$folder/pid" || exit 126
  case $1 in -*) echo "$1: not found" >&2 && exit 127 ;; esac
  exec "$@"
) <"$folder/stdin" >>"$folder/stdout" 2>>"$folder/stderr"
status=$?
ended=$(date +%s)

# When the environment has been closed meanwhile, the folder of all processes has a new name.
[ -d "$folder" ] || folder=${folder%/*}.closed/${folder##*/}
# Where this fails all the same, there may be room later: without this file the process counts as lost.
tries=0
until record "$status $ended" && mv "$folder/exit.new" "$folder/exit"; do
  tries=$((tries + 1))
  [ -d "$folder" ] && [ "$tries" -lt 600 ] || exit 1
  sleep 1
done 2>/dev/null
