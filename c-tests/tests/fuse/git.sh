#!/bin/sh
# git.sh DIRECTORY
#
# A repository is made, filled, branched, merged, packed, cloned and checked. What is printed does not depend on the
# file system.
set -eu
export LC_ALL=C TZ=UTC HOME="$1" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org
export GIT_AUTHOR_DATE='2001-02-03 04:05:06 +0000' GIT_COMMITTER_DATE='2001-02-03 04:05:06 +0000'

cd "$1"
git init -q -b trunk repo
cd repo
mkdir -p a/b c
i=0
while [ $i -lt 60 ]; do
    echo "file $i" >a/b/file$i
    echo "other $i" >c/other$i
    i=$((i + 1))
done
head -c 200000 /dev/zero | tr '\0' y >large
git add .
git commit -q -m first
git checkout -q -b side
git mv c d
echo more >>a/b/file7
git commit -q -a -m side
git checkout -q trunk
git rm -q a/b/file9
echo line >>large
git commit -q -a -m trunk
git merge -q -m merged side
git status --short
git log --format='%H %T %s'
git repack -q -a -d
git gc -q
git fsck --full --strict
cd ..
git clone -q --no-local repo clone
git clone -q repo again
diff -r -x .git repo clone
diff -r -x .git clone again
cd again
git checkout -q HEAD~2
git checkout -q trunk
git stash -q 2>&1 || true
rm -r a
git status --short | wc -l
git checkout -q .
git status --short
git diff --stat HEAD~1
git grep -n 'file 1' | cksum
