/*
 * suid.c: what takes set-user-id and set-group-id bits away.
 */
#include "posix.h"

#include <sys/mman.h>

static int
write_one(const char *path)
{
	int fd = open(path, O_WRONLY), result;

	if (fd == -1)
		return -1;
	result = (int)pwrite(fd, "x", 1, 0);
	close(fd);
	return result;
}

static int
append_one(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND), result;

	if (fd == -1)
		return -1;
	result = (int)write(fd, "x", 1);
	close(fd);
	return result;
}

static int
cut_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	return fd == -1 ? -1 : close(fd);
}

static int
cut(const char *path)
{
	return truncate(path, 1);
}

static int
own_self(const char *path)
{
	return chown(path, (uid_t)-1, 41001);
}

static int
own_nothing(const char *path)
{
	return chown(path, (uid_t)-1, (gid_t)-1);
}

static int
mode_same(const char *path)
{
	struct stat st;

	return stat(path, &st) == -1 ? -1 : chmod(path, st.st_mode & 07777);
}

static int
touch_it(const char *path)
{
	return utimensat(AT_FDCWD, path, NULL, 0);
}

static int
read_it(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY), result;

	if (fd == -1)
		return -1;
	result = (int)read(fd, &c, 1);
	close(fd);
	return result;
}

static int
rename_it(const char *path)
{
	return rename(path, "other") == -1 ? -1 : rename("other", path);
}

static const struct {
	const char *a_name;
	int (*a_do)(const char *path);
} acts[] = {{"write", write_one}, {"append", append_one}, {"open to cut", cut_open}, {"truncate", cut},
    {"chown to the own group", own_self}, {"chown to nothing", own_nothing}, {"chmod to the same", mode_same},
    {"utimensat", touch_it}, {"read", read_it}, {"rename", rename_it}};

void
topic_suid(void)
{
	static const mode_t modes[] = {04777, 02777, 06777, 06767, 06666, 01777};
	const struct user *users[] = {NULL, &ALICE, &BOB};
	static const char *const names[] = {"root", "owner", "other"};
	size_t a, m, u;
	char *p;
	int fd;

	MUST(chmod(".", 0777));
	for (u = 0; u < 3; u++)
		for (a = 0; a < sizeof(acts) / sizeof(acts[0]); a++)
			for (m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
				scene("%s by %s, mode %04o", acts[a].a_name, names[u], modes[m]);
				put("f", "text");
				MUST(chown("f", 41001, 41001));
				MUST(chmod("f", modes[m]));
				if (become(users[u])) {
					GIVES(acts[a].a_do("f"));
					leave();
				}
				look("f");
				MUST(unlink("f"));
			}
	scene("write in memory");
	put("f", "text");
	MUST(chown("f", 41001, 41001));
	MUST(chmod("f", 06777));
	AS(BOB) {
		fd = (int)MUST(open("f", O_RDWR));
		p = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		p[0] = 'T';
		OK(msync(p, 4, MS_SYNC));
	}
	look("f");
	scene("chown of a directory");
	MUST(mkdir("d", 0755));
	MUST(chmod("d", 06777));
	OK(chown("d", 41001, 41001));
	look("d");
	AS(ALICE) {
		OK(chown("d", 41001, 41001));
	}
	look("d");
}
