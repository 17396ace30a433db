#!/bin/sh
# Ordinary users find the permissions of Linux on the mount, and cannot mount themselves; a remount changes what it says.
# Servers: memfs nullfs memfs-rs
. /lib/mount.sh
one_processor

# The command of a user's.
as() {
	user=$1
	shift
	su -s /bin/sh "$user" -c "cd $mnt && umask 022 && $*"
}
denied() {
	fails as "$@"
	grep -qE 'Permission denied|not permitted' $work/fails || fail "$*: $(cat $work/fails)"
}

serve_files 100m
mkdir -m 777 $mnt/open
mkdir -m 1777 $mnt/sticky
mkdir -m 700 $mnt/closed
echo secret >$mnt/secret
chmod 600 $mnt/secret

for command in 'touch new' 'mkdir new' 'rm -f secret' 'mv secret new' 'cat secret' 'echo >>secret' 'ls closed' 'stat closed/x' \
	'ln secret open/secret' 'mknod open/null c 1 3'; do
	denied alice "$command"
done
same "$(cat $mnt/secret)" secret

# What a user makes belongs to the user.
as alice 'echo mine >open/mine && mkdir open/dir && ln -s mine open/link && mkfifo open/fifo'
same "$(cd $mnt/open && stat -c %u:%g:%a mine dir link fifo | tr '\n' ' ')" "1001:1001:644 1001:1001:755 1001:1001:777 1001:1001:644 "
same "$(as bob cat open/mine)" mine
for command in 'echo >>open/mine' 'touch open/dir/x' 'chmod 777 open/mine' 'chown bob open/mine' 'touch -d 2000-01-01 open/mine'; do
	denied bob "$command"
done
denied alice 'chown bob open/mine'
as alice 'touch -d 2000-01-01 open/mine && chmod 600 open/mine'
denied bob 'cat open/mine'
as alice 'umask 777 && echo text >open/readonly && test -s open/readonly'
as alice 'echo hi >sticky/mine'
denied bob 'rm -f sticky/mine'
denied bob 'mv sticky/mine sticky/yours'
as bob 'mv open/mine open/yours && rm -f open/yours'

# Groups besides the first.
mkdir -m 2770 $mnt/team
chgrp team $mnt/team
denied bob 'ls team'
as carol 'cd team && mkdir dir && touch dir/file'
same "$(stat -c %G $mnt/team/dir/file)" team

# Devices are, until a remount says no.
mknod -m 666 $mnt/open/zero c 1 5
same "$(as alice 'head -c 3 open/zero | wc -c')" 3
mount -o remount,nodev $mnt
denied alice 'head -c 3 open/zero'
mount -o remount,ro $mnt
fails_by 'Read-only' touch $mnt/open/x
fails_by 'Read-only' rm $mnt/open/readonly
same "$(cat $mnt/secret)" secret
mount -o remount,rw $mnt
touch $mnt/open/x

# Nobody else mounts, whatever they do, nor unmounts.
denied alice "umount $mnt"
unmount
fails su -s /bin/sh alice -c "memfs -s $mnt"
unmounted
