# What the tests of the mount have in common; they read it in. One server at a time is mounted at $mnt.
#
# A test that is for any file system says for which ones it is run, in lines "# Servers:" and "# Long:" (mk/kmod-vm.sh), and mounts it by serve_files.
#
# Nothing here waits for a time: await() asks until something is so, and gives up when it has no hope.
set -eu

export PUFFS_HOST="${PUFFS_HOST:-kmod}"
mnt=/mnt/puffs
work=/tmp/work
log=$work/server.log
server=
# The file system that the test is run for: its server's name.
fs=${FS:-memfs}
# What nullfs shows: a tmpfs, a new one each time.
below=/mnt/below
# Seconds.
patience=30
[ -z "${LONG:-}" ] || patience=600

fail() {
	echo "$*" >&2
	exit 1
}

# Two words, what is and what should be, are the same.
same() {
	[ "$1" = "$2" ] || fail "it is '$1', and should be '$2'"
}

# Seconds since the kernel began.
seconds() {
	read -r uptime rest </proc/uptime
	uptime=${uptime%.*}
}
# The command succeeds before anybody would give up.
await() {
	seconds
	limit=$((uptime + patience))
	until "$@"; do
		seconds
		[ $uptime -lt $limit ] || return 1
		usleep 20000
	done
}

# The command fails.
fails() {
	if "$@" >$work/fails 2>&1; then
		fail "succeeded: $*"
	fi
}

# The command fails, and says so by the word.
fails_by() {
	word=$1
	shift
	fails "$@"
	grep -q "$word" $work/fails || fail "not by $word: $*: $(cat $work/fails)"
}

mounted() { grep -q " $mnt " /proc/mounts; }
unmounted() { ! mounted; }

# The state of a process as ps has it; Z when there is none.
state() {
	# The name in brackets may have anything in it.
	words=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || words=
	echo "${words:-Z}" | cut -c 1
}
in_state() {
	case $(state "$1") in
	[$2]) return 0 ;;
	*) return 1 ;;
	esac
}
ended() { in_state "$1" Z; }
mounted_or_ended() { mounted || ended $server; }

# The child ends by itself; its exit status goes to $status.
ends() {
	await ended "$1" || fail "process $1 (${2:-}) has not ended: $(state "$1") $(cat "/proc/$1/stack" 2>/dev/null)"
	status=0
	wait "$1" || status=$?
}

# Free blocks and nodes; later they are as before, when all that was made was removed and forgotten.
room() { stat -f -c '%f %d' $mnt; }
is_room() { [ "$(room)" = "$1" ]; }
room_is() {
	await is_room "$1" && return
	left=$(room)
	# Whether it is the kernel that has not let go of something, or the server.
	echo 2 >/proc/sys/vm/drop_caches
	fail "free blocks and nodes are $left, were $1, and without caches are $(room): $(ls -l /proc/$server/fd)"
}

# Starts the server that the words say, at $mnt, in the foreground.
serve() {
	"$@" $mnt >$log 2>&1 &
	server=$!
	await mounted_or_ended || fail "no mount: $*"
	mounted || fail "ended instead of mounting: $*: $(cat $log)"
}

# Starts the server of the file system that the test is run for, empty and with room for $1. With $2 it is the variant of that name: stop (stopfs.c).
serve_files() {
	program=${2:+$2-}$fs
	case $fs in
	*nullfs)
		! grep -q " $below " /proc/mounts || umount $below || fail "somebody still uses what $fs showed"
		mount -t tmpfs -o size="$1",mode=755 tmpfs $below
		serve "$program" -s $below
		;;
	memfs-rs) serve "$program" -s "$1" ;;
	*) serve "$program" -s -o size="$1" ;;
	esac
}

# What there is to do: $1 for memfs or when there is time, $2 for other servers.
amount() {
	case $fs:${LONG:-} in
	memfs: | *:yes) echo "$1" ;;
	*) echo "$2" ;;
	esac
}

# The server ends by itself, and well, with its mount.
server_ends() {
	ends $server server
	[ $status -eq 0 ] || fail "the server ended with $status: $(cat $log)"
	server=
	unmounted || fail "still mounted, without a server"
}

unmount() {
	umount $mnt || fail "cannot unmount"
	server_ends
}

# Kills the server.
kill_server() {
	kill -KILL $server
	ends $server server
	[ $status -eq 137 ] || fail "the server ended with $status"
	server=
}

# Says why, and leaves nothing behind that would be in the way of the next test.
at_exit() {
	result=$?
	trap - EXIT
	[ $result -eq 0 ] || echo "the server said: $(cat $log 2>/dev/null)" >&2
	if [ -n "$server" ]; then
		kill -KILL $server 2>/dev/null || :
	fi
	while mounted; do
		umount -l -f $mnt || break
		result=1
	done
	! grep -q " $below " /proc/mounts || umount -l $below || result=1
	exit $result
}
trap at_exit EXIT

# For tests where one thing comes after the other: an emulated processor takes its time to wake another one.
one_processor() { taskset -p 1 $$ >/dev/null; }

rm -rf $work
mkdir -p $mnt $below $work
