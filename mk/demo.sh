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
$CC -O2 -o "$work/memfs" examples/memfs/*.c $flags "-Wl,-rpath,$PUFFS_STAGE/lib"
say compiled "examples/memfs, $(cat examples/memfs/*.[ch] | wc -l) lines of C, against <puffs.h>"

mkdir "$mnt"
PUFFS_STATS=$work/stats "$work/memfs" -s -v -o size=1g "$mnt" >"$work/log" 2>&1 &
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

# A project is written, built and run in the mount; make sees by the times what has to be built again.
project=$mnt/project
mkdir "$project"
cat >"$project/Makefile" <<'END'
primes: main.o sieve.o
	$(CC) -o $@ main.o sieve.o
main.o sieve.o: sieve.h
.c.o:
	$(CC) -O2 -c -o $@ $<
END
cat >"$project/sieve.h" <<'END'
unsigned primes_below(unsigned);
END
cat >"$project/sieve.c" <<'END'
#include <stdlib.h>
#include "sieve.h"

unsigned primes_below(unsigned end)
{
	char *composite = calloc(end, 1);
	unsigned i, j, count = 0;

	for (i = 2; composite != NULL && i < end; i++)
		for (j = composite[i] ? end : (count++, 2 * i); j < end; j += i)
			composite[j] = 1;
	free(composite);
	return count;
}
END
cat >"$project/main.c" <<'END'
#include <stdio.h>
#include "sieve.h"

int main(void)
{
	printf("%u primes below %u\n", primes_below(1000000), 1000000u);
	return 0;
}
END
# Nothing of a make that runs this is its business.
build() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$project" --no-print-directory CC="$CC" >"$work/build" 2>&1; }
built() { grep -c -- ' -o ' "$work/build" || :; }
build || fail "the project does not build: $(cat "$work/build")"
[ "$(built)" -eq 3 ] || fail "not 3 commands built the project: $(cat "$work/build")"
result=$("$project/primes") || fail "what was built in the mount does not run"
[ "$result" = "78498 primes below 1000000" ] || fail "what was built in the mount said: $result"
say built "a C project with make and $CC in the mount; it says: $result"
build && [ "$(built)" -eq 0 ] || fail "built again without a change: $(cat "$work/build")"
sed -i 's/primes below/primes under/' "$project/main.c"
build && [ "$(built)" -eq 2 ] || fail "wrongly built after a change: $(cat "$work/build")"
[ "$("$project/primes")" = "78498 primes under 1000000" ] || fail "the change is not in the program"
say rebuilt "what an edit had made old, and no more"
rm -r "$project"

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

# The table that PUFFS_STATS asked for, without the columns of errors and maxima.
printf '\nTime of each operation in the server, in microseconds:\n'
[ -s "$work/stats" ] || fail "PUFFS_STATS gave no table"
awk 'NR > 1 { printf "  %-14s %8s %10s %10s %10s\n", $1, $2, $4, $5, $6 }' "$work/stats"
for operation in lookup create mkdir read write readdir rename remove rmdir; do
	grep -q "^$operation " "$work/stats" || fail "$operation is not in the table"
done
printf '\nDEMO PASSED\n'
