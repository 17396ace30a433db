#!/bin/sh
# tools.sh DIRECTORY NUMBER [-L] [-S]
#
# What people do with files, in DIRECTORY/NUMBER: builds a program, packs and unpacks, copies, searches and compares.
# What it prints must not depend on the file system. -L and -S: without hard and symbolic links.
set -eu
# The make that runs the tests is none of the business of the one that is run here.
unset MAKEFLAGS MAKELEVEL MFLAGS
export LC_ALL=C TZ=UTC

dir=$1/$2 number=$2
links=yes symlinks=yes
shift 2
for option; do
    case $option in
    -L) links= ;;
    -S) symlinks= ;;
    esac
done
mkdir "$dir" "$dir/tmp"
cd "$dir"
export TMPDIR="$dir/tmp"

# Everything about a tree that a copy keeps.
attributes() { (cd "$1" && find . -printf '%P %y %m %n %s %T@ %l\n' | sed 's/^\(.* d .* \)[0-9]* \([0-9]*\.\)/\1\2/' | sort); }

mkdir -p src/lib/deep/er src/empty
for n in 1 2 3 4 5 6 7 8; do
    cat >src/lib/part$n.c <<END
#include "../all.h"
static const char text[] = "part $n of $number";
unsigned part$n(unsigned x)
{
	for (const char *p = text; *p != '\0'; p++)
		x = x * 31 + (unsigned char)*p;
	return x;
}
END
    echo "unsigned part$n(unsigned);"
done >src/all.h
cat >src/main.c <<END
#include <stdio.h>
#include "all.h"
int main(void)
{
	unsigned x = $number;
	for (int i = 0; i < 1000; i++)
		x = part1(part2(part3(part4(part5(part6(part7(part8(x))))))));
	printf("%u\n", x);
	return 0;
}
END
cat >src/Makefile <<'END'
OBJECTS := main.o $(patsubst %.c,%.o,$(wildcard lib/*.c))
prog: main.o lib.a
	cc -o $@ $^
lib.a: $(filter lib/%,$(OBJECTS))
	rm -f $@; ar crD $@ $^
$(OBJECTS): all.h
%.o: %.c
	cc -O1 -c -o $@ $<
END
chmod 0640 src/all.h
chmod 0711 src/empty
head -c 300000 /dev/zero | tr '\0' 'z' >src/lib/deep/er/large
truncate -s 5000001 src/lib/deep/er/sparse
[ -z "$links" ] || ln src/main.c src/lib/again.txt
[ -z "$symlinks" ] || ln -s ../../all.h src/lib/deep/all.h
find src -depth -exec touch -h -d '2001-02-03 04:05:06.123456789' {} +

echo "== copies keep everything"
cp -a src copy
attributes src >attributes.src
attributes copy | diff attributes.src -
cat attributes.src
mkdir untarred
tar cf - src | tar xf - -C untarred
tar --format=posix -cf src.tar src
mkdir posix
tar xpf src.tar -C posix
attributes posix/src | diff attributes.src -
attributes untarred/src | sed 's/\.[0-9]* / /'
diff -r src copy
diff -r src untarred/src
tar --compare -f src.tar
rm src.tar

echo "== make"
cd copy
make -s -j2
./prog
make -j2
touch -d 2002-01-01 lib/part3.o
touch -d 2003-01-01 lib/part3.c
make -j2
make -j2
touch -d 2002-01-01 main.o lib/*.o
touch -d 2003-01-01 all.h
make -j2 | wc -l
./prog
cd ..

echo "== searches"
grep -rn 'part [0-9] of' src copy --include='*.c' | sort
grep -rlc unsigned src untarred | sort
find copy -newer src/all.h -type f | sort
find . -size +100k -type f ! -name prog | sort
find untarred -name '*.c' -exec wc -l {} + | sort

echo "== sorting and splitting"
i=0
while [ $i -lt 3000 ]; do
    echo "$((i * 7919 % 3001)) line $i"
    i=$((i + 1))
done >numbers
sort -n -S 32k -T tmp numbers >sorted
sort -n -c sorted
mkdir pieces
split -l 100 sorted pieces/p.
cat pieces/p.* | cmp - sorted
ls pieces | wc -l
dd if=sorted of=moved bs=1000 seek=3 conv=notrunc status=none
dd if=moved bs=1000 skip=3 status=none | cmp - sorted
sed -i 's/line 1/LINE 1/' numbers
cksum numbers sorted moved

echo "== moving and removing"
mv untarred/src untarred/there
mv untarred/there .
rmdir untarred
diff -r src there && echo same
rm -r there
find copy -name '*.o' -delete
rm copy/prog copy/lib.a
rm -r tmp
du -a --apparent-size copy/lib/*.c
ls -R .
