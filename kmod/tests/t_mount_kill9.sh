#!/bin/sh
# kill -9 of the server at random moments, while programs are in the middle of every kind of operation: each gets an error in time, none
# is stuck, whatever they had open can be closed, and the next server mounts at the same place. SEED= gives the same moments again.
# Servers: memfs nullfs memfs-rs
# Long: yield-memfs
. /lib/mount.sh

# In turns: there are not too many at once for a small machine.
kinds0='read dirty list rename sync mkdir'
kinds1='write fault create stat truncate sleep'
: "${SEED:=$(date +%s)}"
echo "SEED=$SEED"
random=$((SEED & 0x7fffffff))
# Below $1, to $random.
below() {
	random=$(((random * 1103515245 + 12345) & 0x7fffffff))
	n=$(((random >> 8) % $1))
}
has_line() { grep -qx "$1" $work/log-"$2"; }

for round in $(seq "$(amount 20 3)"); do
	case $fs:$((round % 3)) in
	memfs:0 | nullfs:0) serve_files 100m stop ;;
	*) serve_files 100m ;;
	esac
	echo kept >$mnt/kept
	# Somebody who has files open, and does nothing.
	exec 4<>$mnt/kept 5<$mnt
	eval "kinds=\$kinds$((round % 2))"
	callers=
	for kind in $kinds; do
		: >$work/log-"$kind"
		callers "$kind" $mnt >>$work/log-"$kind" 2>&1 &
		callers="$callers $kind:$!"
	done
	for caller in $callers; do
		await has_line ready "${caller%:*}" || fail "${caller%:*} is not ready: $(cat $work/log-"${caller%:*}")"
	done
	for caller in $callers; do
		kill -USR1 "${caller#*:}"
	done
	# The random moment itself; the callers go on for ever. Every now and then they wait for a server that stands still.
	below 60000
	usleep $n
	case $program in
	stop-*)
		kill -USR1 $server
		await in_state $server T
		;;
	esac
	kill_server
	for caller in $callers; do
		kind=${caller%:*} pid=${caller#*:}
		# That one does nothing until it is told.
		[ "$kind" != sleep ] || kill -TERM "$pid"
		ends "$pid" "$kind, killed after $n microseconds"
		case $kind:$status in
		# SIGBUS is what becomes of a page that cannot be read, SIGTERM of sleep.
		*:0 | fault:135 | dirty:135 | sleep:143) ;;
		*) fail "$kind ended with $status: $(cat $work/log-"$kind")" ;;
		esac
	done

	mounted || fail "nobody has unmounted it"
	fails_by 'No such device' stat $mnt/other
	fails cat <&4
	fails umount $mnt
	case $((round / 2 % 2)) in
	0)
		exec 4>&- 5>&-
		umount $mnt || fail "cannot unmount what is dead"
		;;
	1)
		umount -l -f $mnt || fail "cannot unmount what is dead and busy"
		# The next one is mounted while files of this one are open still.
		unmounted
		serve_files 100m
		fails cat <&4
		exec 4>&- 5>&-
		unmount
		;;
	esac
	unmounted || fail "still mounted"
done
