/*
 * Servers there are that go wrong unless the other side behaves: one reads what is not its own at offsets behind a file's end, and
 * refuses a setattr with a field too many; one stores a cookie for each entry of a directory but the last. So of a file whose pages
 * are cached nothing is read behind the size that is known, setattr has nothing that nobody set, and a cookie may be missing.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <dirent.h>

#include "support/mount.h"

PUFFSOP_PROTOS(rash)

#define SIZE 10000

static int reads, setattrs, readdirs;

/* As if what is there were all there can be: the length is a difference without a sign. */
int
rash_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	struct few *file = opc;
	size_t len;

	(void)pu, (void)pcr, (void)ioflag;
	CHECK((uint64_t)offset < file->size && (uint64_t)offset + *resid <= file->size);
	len = file->size - (size_t)offset;
	if (len > *resid)
		len = *resid;
	memset(buf, 'x', len);
	*resid -= len;
	reads++;
	return 0;
}

int
rash_node_write(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	struct few *file = opc;

	(void)pu, (void)buf, (void)pcr, (void)ioflag;
	if ((uint64_t)offset + *resid > file->size)
		file->size = (uint64_t)offset + *resid;
	*resid = 0;
	return 0;
}

int
rash_node_setattr(struct puffs_usermount *pu, puffs_cookie_t opc, const struct vattr *va, const struct puffs_cred *pcr)
{
	struct few *file = opc;

	(void)pu, (void)pcr;
	if (va->va_nlink != (uint32_t)PUFFS_VNOVAL || va->va_fsid != (dev_t)PUFFS_VNOVAL || va->va_fileid != (ino_t)PUFFS_VNOVAL ||
	    va->va_blocksize != PUFFS_VNOVAL || va->va_rdev != (dev_t)PUFFS_VNOVAL || va->va_bytes != (uint64_t)PUFFS_VNOVAL ||
	    va->va_gen != (unsigned long)PUFFS_VNOVAL || va->va_flags != (unsigned long)PUFFS_VNOVAL)
		return EOPNOTSUPP;
	if (va->va_size != (uint64_t)PUFFS_VNOVAL)
		file->size = va->va_size;
	setattrs++;
	return 0;
}

int
rash_node_readdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{

	(void)pu, (void)pcr;
	CHECK(opc == ROOT);
	readdirs++;
	*ncookies = 0;
	while (few[*readoff + 1].name != NULL) {
		struct few *file = &few[*readoff + 1];

		if (puffs_nextdent(&dent, file->name, (ino_t)(file - few + 2), DT_REG, reslen) == 0)
			return 0;
		++*readoff;
		if (few[*readoff + 1].name != NULL)
			PUFFS_STORE_DCOOKIE(cookies, ncookies, *readoff);
	}
	*eofflag = 1;
	return 0;
}

static void
use_file(void)
{
	static char buf[4 * SIZE];
	volatile char *map;
	int fd;

	CHECK((fd = open(MNT "/a", O_RDWR)) != -1);
	CHECK_EQ(read(fd, buf, sizeof(buf)), SIZE);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), SIZE - 1), 1);
	CHECK_EQ(pread(fd, buf, sizeof(buf), SIZE), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 100 * SIZE), 0);
	/* The last page, of which a part is there. */
	map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	CHECK(map[SIZE - 1] == 'x' && map[SIZE] == '\0');

	CHECK_EQ(ftruncate(fd, 5), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 5), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), SIZE - 1), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 5);
	CHECK_EQ(pwrite(fd, buf, 5, 5000), 5);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 5001), 4);
	CHECK_EQ(fchmod(fd, 0600), 0);
	CHECK_EQ(fchown(fd, 1, 1), 0);
	CHECK_EQ(futimens(fd, NULL), 0);
	CHECK_EQ(fsync(fd), 0);
	close(fd);
	CHECK((fd = open(MNT "/a", O_RDONLY | O_TRUNC)) != -1);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 0);
	close(fd);
}

static void
use(void)
{
	const struct dirent *entry;
	char names[32] = "";
	int times;
	DIR *dir;

	use_file();
	CHECK((dir = opendir(MNT)) != NULL);
	for (times = 0; times < 2; times++) {
		while ((entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.')
				strcat(names, entry->d_name);
		rewinddir(dir);
	}
	CHECK_EQ(strcmp(names, "abcabc"), 0);
	closedir(dir);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();

	few[1] = (struct few){ "a", VREG, SIZE };
	few[2] = (struct few){ "b", VREG, 0 };
	few[3] = (struct few){ "c", VREG, 0 };
	PUFFSOP_SET(pops, rash, node, read);
	PUFFSOP_SET(pops, rash, node, write);
	PUFFSOP_SET(pops, rash, node, setattr);
	PUFFSOP_SET(pops, rash, node, readdir);
	serve(context(pops, 0), ROOT, use);
	CHECK(reads > 0);
	CHECK(setattrs > 0);
	CHECK(readdirs > 0);
	return 0;
}
