#!/bin/bash
# make demo: a C file server, linked against libpuffs, serves a real mount, and real files go
# through it. Prints what was done; ends with an error if anything came back different.
#
#   PUFFS_STAGE=dir mk/demo.sh      dir: the prefix of an install, with include and lib in it
#
# Whatever happens, the mount is taken away and the server that was started here is ended.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
CC=${CC:-cc}

say() { printf '%-11s %s\n' "$1" "$2"; }
fail() {
	printf '\nDEMO FAILED: %s\n' "$*" >&2
	exit 1
}

# What is missing is said before anything is started.
if [ ! -e /dev/fuse ]; then
	fail "/dev/fuse does not exist. The kernel needs FUSE (modprobe fuse), a container needs
             the device (--device /dev/fuse --cap-add SYS_ADMIN)."
fi
if [ "$(id -u)" -eq 0 ]; then
	unmount() { umount "$@"; }
elif [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
	fail "/dev/fuse may not be opened by this user. Run the demo as root."
elif command -v fusermount3 >/dev/null; then
	unmount() { fusermount3 -u "${@/#-l/-z}"; }
else
	fail "without root the program fusermount3 (Debian: fuse3) is needed."
fi
: "${PUFFS_STAGE:?is not set; run: make demo}"
[ -e "$PUFFS_STAGE/lib/pkgconfig/puffs.pc" ] || fail "nothing is installed in $PUFFS_STAGE; run: make demo"

work=$(mktemp -d "${TMPDIR:-/tmp}/puffs-demo.XXXXXX")
mnt=$work/mnt
tree=$mnt/tree
server=

mounted() { mountpoint -q "$mnt"; }
alive() { kill -0 "$server" 2>/dev/null; }
# Waits until the command given holds, ten seconds at most.
await() {
	local tries=200
	until "$@"; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.05
	done
}
gone() { ! alive; }
cleanup() {
	trap - EXIT INT TERM
	cd /
	if grep -q " $mnt " /proc/self/mounts; then
		unmount "$mnt" 2>/dev/null || unmount -l "$mnt" || :
	fi
	if [ -n "$server" ] && alive; then
		kill "$server" 2>/dev/null || :
		await gone || kill -KILL "$server" 2>/dev/null || :
	fi
	rmdir "$mnt" 2>/dev/null || :
	[ -e "$mnt" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

count() { find "$@" -printf x | wc -c; }
used() { df --output=used -B1 "$mnt" | tail -n 1 | tr -d ' '; }
# Compares every file in the list with its copy; $1 is put behind the copy's name.
compare() {
	local differ=0 n=0 file
	while IFS= read -r -d '' file; do
		n=$((n + 1))
		if ! cmp "$file" "$tree/$file$1" >&2; then
			differ=$((differ + 1))
		fi
	done <"$work/files"
	[ "$differ" -eq 0 ] || fail "$differ of $n files differ"
	say compared "$n files byte for byte: no difference"
}

printf '== A C file server on a real mount ==\n'
flags=$(PKG_CONFIG_PATH=$PUFFS_STAGE/lib/pkgconfig \
	${PKG_CONFIG:-pkg-config} "--define-variable=prefix=$PUFFS_STAGE" --cflags --libs puffs)
# shellcheck disable=SC2086 # the flags are words
$CC -O2 -o "$work/memfs" examples/memfs.c $flags "-Wl,-rpath,$PUFFS_STAGE/lib"
say compiled "examples/memfs.c, $(wc -l <examples/memfs.c) lines of C, against <puffs.h>"

mkdir "$mnt"
"$work/memfs" -s -v -o size=1g "$mnt" >"$work/log" 2>&1 &
server=$!
ready() { mounted || gone; }
await ready || fail "no mount after ten seconds"
if ! mounted; then
	cat "$work/log" >&2
	fail "memfs ended instead of mounting"
fi
say mounted "$(grep " $mnt " /proc/self/mounts)"
empty=$(used)

# The project's own files; without git, everything but what was built.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	git ls-files -z
else
	find . -name target -prune -o -name .git -prune -o -type f -print0
fi | while IFS= read -r -d '' file; do
	[ ! -f "$file" ] || printf '%s\0' "${file#./}"
done >"$work/files"
files=$(tr -cd '\0' <"$work/files" | wc -c)
[ "$files" -gt 0 ] || fail "found no files to copy"

mkdir "$tree"
xargs -0 cp -p --parents -t "$tree" <"$work/files"
[ "$(count "$tree" -type f)" -eq "$files" ] || fail "not every file arrived"
say copied "$files files in $(count "$tree" -type d) directories, $(du -sb "$tree" | cut -f1) bytes"
compare ""

printf '\n$ df -h %s\n' "$mnt"
df -h "$mnt"
printf '\n$ find . -maxdepth 2 | sort | head\n'
(cd "$tree" && find . -maxdepth 2 | sort | head) || :
printf '\n'

cp /bin/ls "$mnt/ls"
"$mnt/ls" "$mnt" >"$work/listing"
printf 'ls\ntree\n' | cmp - "$work/listing" >&2 || fail "a program run from the mount went wrong"
say ran "/bin/ls from the mount"

n=0
while IFS= read -r -d '' file; do
	mv "$tree/$file" "$tree/$file.moved"
	n=$((n + 1))
done <"$work/files"
mv "$tree" "$mnt/tree.moved"
mv "$mnt/tree.moved" "$tree"
say renamed "$n files, and the whole tree there and back"
compare .moved

# Half of every file: what is left must be its beginning, and what grows again must be zeros.
n=0
while IFS= read -r -d '' file; do
	size=$(stat -c %s "$file")
	half=$((size / 2))
	truncate -s "$half" "$tree/$file.moved"
	truncate -s "$size" "$tree/$file.moved"
	{ head -c "$half" "$file" && head -c $((size - half)) /dev/zero; } |
		cmp - "$tree/$file.moved" >&2 || fail "$file is wrong after truncate"
	n=$((n + 1))
done <"$work/files"
say truncated "$n files to half and back: no difference"

n=0
while IFS= read -r -d '' file; do
	rm "$tree/$file.moved"
	n=$((n + 1))
done <"$work/files"
[ "$(count "$tree" -type f)" -eq 0 ] || fail "files are left after deleting all of them"
dirs=$(count "$tree" -type d)
find "$tree" -depth -type d -delete
rm "$mnt/ls"
[ "$(count "$mnt" -mindepth 1)" -eq 0 ] || fail "something is left after deleting everything"
say deleted "$n files and $dirs directories"
back() { [ "$(used)" -eq "$empty" ]; }
await back || fail "$(used) bytes in use, it was $empty before: memory was not given back"
say freed "all memory: $empty bytes in use, as at the start"

unmount "$mnt"
await gone || fail "the server still runs after the unmount"
status=0
wait "$server" || status=$?
[ "$status" -eq 0 ] || fail "the server ended with status $status: $(cat "$work/log")"
! mounted || fail "still mounted"
say unmounted "the server ended by itself, with status 0"

printf '\nWhat the server did:\n'
sed 's/^memfs: /  /' "$work/log"
printf '\nDEMO PASSED\n'
