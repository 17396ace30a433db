#!/bin/sh
# The server stands still. Whoever waits for it dies at once when killed, and need not wait to end with files open; unmounting by force
# waits for nobody, and what was stopped goes on as if nothing had been.
# Servers: memfs nullfs memfs-rs
. /lib/mount.sh

# One request at a time. memfs has nothing to do for sync, and what writes back waits for its pages, whatever happens.
kinds=$(amount 'read write list create rename stat truncate mkdir' 'read create rename stat')

stop() {
	kill -STOP $server
	await in_state $server T
}
has_line() { grep -qx "$1" $work/log-"$2"; }
# Starts one that waits to be told, as $caller.
ready() {
	: >$work/log-"$1"
	callers "$1" $mnt >>$work/log-"$1" 2>&1 &
	caller=$!
	await has_line ready "$1" || fail "$1 is not ready: $(cat $work/log-"$1")"
}
# Lets it go until it sleeps, which it does only in the kernel.
goes() {
	kill -USR1 "$1"
	await has_line go "$2" || fail "$2 does not go"
	await in_state "$1" SD || fail "$2 does not wait: $(cat $work/log-"$2")"
}
dies() {
	kill -KILL "$1"
	ends "$1" "$2"
	[ $status -eq 137 ] || fail "$2 ended with $status: $(cat $work/log-"$2")"
}
works() {
	seq 20000 >$mnt/file
	seq 20000 | cmp - $mnt/file
	rm -rf "${mnt:?}"/*
	room_is "$1"
	unmount
}

# Nobody has read what they ask.
serve_files 100m
empty=$(room)
callers=
for kind in $kinds sleep; do
	ready "$kind"
	callers="$callers $kind:$caller"
done
stop
for pair in $callers; do
	[ "${pair%:*}" = sleep ] || goes "${pair#*:}" "${pair%:*}"
done
for pair in $callers; do
	dies "${pair#*:}" "${pair%:*}"
done
in_state $server T || fail "the server is not stopped any more"
kill -CONT $server
works "$empty"

# The server has read it, and stops in the middle: one that can be told to.
if [ "$fs" != memfs-rs ]; then
	serve_files 100m stop
	empty=$(room)
	for kind in $kinds; do
		ready "$kind"
		kill -USR1 $server
		armed() { [ "$(grep -c armed $log)" -gt 0 ]; }
		await armed || fail "not armed"
		goes $caller "$kind"
		await in_state $server T || fail "$kind asks nothing"
		dies $caller "$kind"
		kill -CONT $server
		: >$log
	done
	works "$empty"
fi

# A process that has files open need not wait for the server to end.
serve_files 100m
echo text >$mnt/file
sh -c "exec 4<$mnt/file 5>>$mnt/file; echo more >&5; echo there; exec sleep 1000" >$work/log-holder 2>&1 &
holder=$!
there() { grep -q there $work/log-holder; }
await there
stop
dies $holder holder
kill -CONT $server
unmount

# Signals that would end a program end one that waits.
serve_files 100m
ready read
stop
goes $caller read
kill -TERM $caller
ends $caller read
same $status 143
kill -CONT $server

# By force, lazily or not, nobody is waited for, and callers get an error.
for option in '-f' '-l -f'; do
	mounted || serve_files 100m
	rm -rf $mnt/*
	ready stat
	stop
	goes $caller stat
	umount $option $mnt &
	umounting=$!
	ends $umounting "umount $option"
	ends $caller stat
	[ $status -le 1 ] || fail "stat ended with $status"
	unmounted || umount $mnt || fail "umount $option left something behind"
	kill -CONT $server
	server_ends
done

# Killed while it is stopped, with callers that wait.
serve_files 100m
ready stat
stop
goes $caller stat
kill_server
ends $caller stat
same $status 0
umount $mnt
