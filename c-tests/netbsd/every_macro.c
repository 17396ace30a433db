/*
 * every_macro.c: each macro, constant and type of the headers in puffs-compat, and what <puffs.h> brings with it there.
 */
#include <sys/cdefs.h>
#ifndef lint
__RCSID("$NetBSD$");
__COPYRIGHT("@(#) Nobody's");
__SCCSID("@(#)every_macro.c");
__KERNEL_RCSID(0, "$NetBSD$");
#endif

/* Nothing of the system first: this header stands alone. */
#include <puffs.h>

#include <fs/puffs/puffs_msgif.h>
#include <sys/bswap.h>
#include <sys/dirent.h>
#include <sys/endian.h>
#include <sys/extattr.h>
#include <sys/namei.h>
#include <sys/null.h>
#include <sys/queue.h>
#include <sys/syslimits.h>
#include <sys/sysctl.h>
#include <sys/vnode.h>

#include <errno.h>
#include <unistd.h>

#include "../c/support/check.h"

PUFFSOP_PROTOS(every);

struct wire {
	uint8_t w_kind;
	uint32_t w_length;
} __packed;

struct element {
	LIST_ENTRY(element) e_list;
	SLIST_ENTRY(element) e_slist;
	SIMPLEQ_ENTRY(element) e_simpleq;
	STAILQ_ENTRY(element) e_stailq;
	TAILQ_ENTRY(element) e_tailq;
	int e_number;
};

static void end(const char *, ...) __dead __printflike(1, 2);
static void
end(const char *words, ...)
{

	fputs(words, stderr);
	exit(1);
}

static int
answer(int what)
{

	switch (what) {
	case 1:
		return 42;
	default:
		__unreachable();
	}
}

static void
declarations(void)
{
	static const char letters[] = "abc";
	volatile int moving = 3;
	int numbers[5];

	CHECK_EQ(sizeof(struct wire), 5);
	CHECK_EQ(__arraycount(numbers), 5);
	CHECK(__UNCONST(letters) == (const void *)letters);
	CHECK(__UNVOLATILE(&moving) == (volatile void *)&moving);
	if (__predict_false(moving != 3) || !__predict_true(moving == 3))
		end("%d\n", moving);
	CHECK_EQ(answer(1), 42);
	CHECK_EQ(PUFFS_COMPAT, 1);
}

static void
types(void)
{
	lwpid_t lid = -1;
	voff_t off = -1;
	vsize_t size = (vsize_t)-1;
	vm_prot_t prot = VM_PROT_READ | VM_PROT_WRITE;
	quad_t q = QUAD_MIN;
	u_quad_t uq = UQUAD_MAX;
	u_long ul = SIZE_T_MAX;
	register_t reg = -1;
	fsfilcnt_t files = 1;
	puffs_croissant_t croissant = &reg;
	puffs_cookie_t cookie = croissant;
	dev_t dev = makedev(3, 4);
	enum vtype type = VFIFO;
	bool yes = true;

	CHECK(lid < 0 && off < 0 && size > 0 && q < 0 && uq == UINT64_MAX && ul == ULONG_MAX && reg < 0 && files == 1);
	CHECK(cookie == &reg && major(dev) == 3 && minor(dev) == 4 && type == 7 && yes && QUAD_MAX == INT64_MAX);
	CHECK_EQ(prot, VM_PROT_ALL & ~VM_PROT_EXECUTE);
	CHECK(GID_MAX > 65535 && UID_MAX > 65535 && LINK_MAX >= 32767);
	CHECK_EQ(_PC_2_SYMLINKS, 20);
}

static void
structures(void)
{
	struct dirent dent, *dp = &dent;
	struct statvfs figures;
	struct stat sb;
	struct vattr va;
	struct sysctlnode node;

	CHECK_EQ(offsetof(struct dirent, d_name), 13);
	CHECK_EQ(sizeof(dent.d_name), 512);
	CHECK_EQ(MAXNAMLEN, 511);
	dp->d_ino = 5;
	dp->d_namlen = 3;
	dp->d_reclen = 24;
	CHECK_EQ(dp->d_fileno, 5);
	CHECK_EQ(_DIRENT_SIZE(dp), 24);
	CHECK_EQ(_DIRENT_RECLEN(dp, 4), 24);
	CHECK_EQ(_DIRENT_MINSIZE(dp), 16);
	CHECK_EQ(_DIRENT_NAMEOFF(dp), 13);
	CHECK(_DIRENT_NEXT(dp) == (char *)dp + 24);

	memset(&figures, 0, sizeof(figures));
	CHECK(figures.f_iosize == 0 && figures.f_bresvd == 0 && figures.f_fresvd == 0 && figures.f_owner == 0);
	CHECK(figures.f_syncreads + figures.f_syncwrites + figures.f_asyncreads + figures.f_asyncwrites == 0);
	CHECK_EQ(sizeof(figures.f_fsidx.__fsid_val), 8);
	CHECK_EQ(sizeof(figures.f_fstypename), _VFS_NAMELEN);
	CHECK_EQ(sizeof(figures.f_mntonname), _VFS_MNAMELEN);
	CHECK_EQ(sizeof(figures.f_mntfromname), 1024);

	CHECK_EQ(lstat("/", &sb), 0);
	CHECK_EQ(sb.st_atimespec.tv_sec, sb.st_atime);
	CHECK_EQ(sb.st_mtimespec.tv_sec, sb.st_mtime);
	CHECK_EQ(sb.st_ctimespec.tv_sec, sb.st_ctime);
	puffs_stat2vattr(&va, &sb);
	CHECK_EQ(va.va_birthtime.tv_sec, sb.st_birthtimespec.tv_sec);
	CHECK_EQ(va.va_birthtime.tv_sec, sb.st_birthtime);
	CHECK_EQ(UF_SETTABLE | SF_SETTABLE, 0xffffffff);
	CHECK_EQ(UF_NODUMP | UF_IMMUTABLE | UF_APPEND | UF_OPAQUE, 0xf);
	CHECK_EQ(SF_ARCHIVED | SF_IMMUTABLE | SF_APPEND, 0x70000);

	memset(&node, 0, sizeof(node));
	node.sysctl_flags = SYSCTL_VERSION | CTLTYPE_QUAD | CTLFLAG_READWRITE;
	node.sysctl_qdata = 1;
	CHECK_EQ(SYSCTL_TYPE(node.sysctl_flags), 4);
	CHECK_EQ(SYSCTL_VERS(node.sysctl_flags), SYSCTL_VERS_1);
	CHECK_EQ(SYSCTL_FLAGS(node.sysctl_flags), 0x70);
	CHECK(node.sysctl_bdata && node.sysctl_idata == 1 && node.sysctl_num == 0);
	CHECK_EQ(sizeof(node.sysctl_name), SYSCTL_NAMELEN);
	CHECK(CTL_QUERY == -2 && CTL_EOL == -1 && CTL_MAXNAME == 12);
	CHECK_EQ(sizeof(node), 96);
	CHECK(CTLTYPE_NODE == 1 && CTLTYPE_INT == 2 && CTLTYPE_STRING == 3 && CTLTYPE_STRUCT == 5 && CTLTYPE_BOOL == 6);
}

static void
numbers(void)
{

	CHECK_EQ(MNT_RDONLY, PUFFS_MNT_RDONLY);
	CHECK_EQ(MNT_SYNCHRONOUS, PUFFS_MNT_SYNCHRONOUS);
	CHECK_EQ(MNT_NOEXEC, PUFFS_MNT_NOEXEC);
	CHECK_EQ(MNT_NOSUID, PUFFS_MNT_NOSUID);
	CHECK_EQ(MNT_NODEV, PUFFS_MNT_NODEV);
	CHECK_EQ(MNT_NOATIME, PUFFS_MNT_NOATIME);
	CHECK_EQ(MNT_FORCE, PUFFS_MNT_FORCE);
	CHECK_EQ(MNT_FORCE, 0x00080000);
	CHECK_EQ(MNT_WAIT, PUFFS_MNT_WAIT);
	CHECK_EQ(MNT_NOWAIT, PUFFS_MNT_NOWAIT);
	CHECK_EQ(MNT_LAZY, PUFFS_MNT_LAZY);
	CHECK_EQ(ST_RDONLY | ST_SYNCHRONOUS | ST_NOEXEC | ST_NOSUID | ST_NODEV | ST_NOATIME,
	    MNT_RDONLY | MNT_SYNCHRONOUS | MNT_NOEXEC | MNT_NOSUID | MNT_NODEV | MNT_NOATIME);
	CHECK(strcmp(MOUNT_PUFFS, "puffs") == 0);
	CHECK_EQ(FREAD, 1);
	CHECK_EQ(FWRITE, 2);
	CHECK(F_WAIT == PUFFS_LOCK_WAIT && F_FLOCK == PUFFS_LOCK_FLOCK && F_POSIX == PUFFS_LOCK_POSIX);
	CHECK(strcmp(_PATH_PUFFS, "/dev/puffs") == 0);
	CHECK_EQ(EFTYPE, EINVAL);
	CHECK_EQ(ENOATTR, ENODATA);
	CHECK(EXTATTR_NAMESPACE_USER == 1 && EXTATTR_NAMESPACE_SYSTEM == 2 && EXTATTR_NAMESPACE_EMPTY == 0);
	CHECK(strcmp(EXTATTR_NAMESPACE_USER_STRING, "user") == 0);
	CHECK(strcmp(EXTATTR_NAMESPACE_SYSTEM_STRING, "system") == 0);
	CHECK_EQ(EXTATTR_MAXNAMELEN, 255);
	CHECK_EQ(EXTATTR_LIST_LENPREFIX, PUFFS_EXTATTR_LIST_LENPREFIX);
	CHECK_EQ(DEV_BSIZE, 512);
	CHECK_EQ(MAXPATHLEN, sizeof(((struct puffs_kcn *)0)->pkcn_name));
	CHECK_EQ(MIN(3, 4), 3);
	CHECK_EQ(rounddown(17, 5), 15);
	CHECK_EQ(roundup2(17, 8), 24);
	CHECK_EQ(rounddown2(17, 8), 16);

	/* What the specification lists of <puffs.h>. */
	CHECK_EQ(PUFFS_CC_STACKSHIFT_DEFAULT, 18);
	CHECK_EQ(PUFFS_STACKSIZE_DEFAULT, 256 * 1024);
	CHECK_EQ(PUFFS_SETATTR_FAF, 1);
	CHECK_EQ(PUFFS_WRITE_FAF, 1);
	CHECK_EQ(PUFFS_HAVE_FALLOCATE, 1);
	CHECK_EQ(PUFFSVERSION, 30);
	CHECK(strcmp(PUFFS_TYPEPREFIX, "puffs|") == 0);
	CHECK(PUFFS_SUSPEND_START == 0 && PUFFS_SUSPEND_SUSPENDED == 1 && PUFFS_SUSPEND_RESUME == 2 &&
	    PUFFS_SUSPEND_ERROR == 3);
	CHECK(PUFFSOP_VFS == 1 && PUFFSOP_VN == 2 && PUFFSOP_CACHE == 3 && PUFFSOP_ERROR == 4 && PUFFSOP_FLUSH == 5 &&
	    PUFFSOP_SUSPEND == 6 && PUFFSOP_UNMOUNT == 7 && PUFFSOPFLAG_FAF == 0x10 && PUFFSOPFLAG_ISRESPONSE == 0x20);
	CHECK(PUFFS_VFS_MOUNT == 0 && PUFFS_VFS_SUSPEND == 14);
	CHECK(PUFFS_VN_LOOKUP == 0 && PUFFS_VN_READDIR == 24 && PUFFS_VN_FALLOCATE == 47 && PUFFS_VN_FDISCARD == 48);
}

static void
mount_options(void)
{
	static const struct mntopt others[] = {
		MOPT_ASYNC, MOPT_NOATIME, MOPT_NODEVMTIME, MOPT_LOG, MOPT_RELATIME, MOPT_SYNC, MOPT_FORCE, MOPT_GETARGS,
		MOPT_RELOAD, MOPT_UPDATE, MOPT_DISCARD, MOPT_EXTATTR, MOPT_NULL
	};
	static const int bits[] = {
		MNT_ASYNC, MNT_NOATIME, MNT_NODEVMTIME, MNT_LOG, MNT_RELATIME, MNT_SYNCHRONOUS, MNT_FORCE, MNT_GETARGS,
		MNT_RELOAD, MNT_UPDATE, MNT_DISCARD, MNT_EXTATTR
	};
	int i, all = 0;

	for (i = 0; others[i].m_option != NULL; i++) {
		CHECK_EQ(others[i].m_flag, bits[i]);
		CHECK_EQ(others[i].m_altloc, 0);
		CHECK_EQ(all & bits[i], 0);
		all |= bits[i];
	}
	CHECK_EQ(i, 12);
	CHECK_EQ(all & (MNT_UNION | MNT_NOCOREDUMP | MNT_IGNORE | MNT_SYMPERM | MNT_RDONLY), 0);
}

static void
byte_orders(void)
{
	uint8_t bytes[9];
	uint16_t h = 0x0102;
	uint32_t w = 0x01020304;
	uint64_t d = 0x0102030405060708;

	CHECK_EQ(_BYTE_ORDER, htobe16(1) == 1 ? _BIG_ENDIAN : _LITTLE_ENDIAN);
	CHECK(_PDP_ENDIAN != _BYTE_ORDER);
	HTOBE16(h);
	HTOBE32(w);
	HTOBE64(d);
	CHECK(memcmp(&h, "\1\2", 2) == 0 && memcmp(&w, "\1\2\3\4", 4) == 0 && memcmp(&d, "\1\2\3\4\5\6\7\10", 8) == 0);
	BE16TOH(h);
	BE32TOH(w);
	BE64TOH(d);
	CHECK(h == 0x0102 && w == 0x01020304 && d == 0x0102030405060708);
	HTOLE16(h);
	HTOLE32(w);
	HTOLE64(d);
	CHECK(memcmp(&h, "\2\1", 2) == 0 && memcmp(&w, "\4\3\2\1", 4) == 0 && memcmp(&d, "\10\7\6\5\4\3\2\1", 8) == 0);
	LE16TOH(h);
	LE32TOH(w);
	LE64TOH(d);
	CHECK(h == 0x0102 && w == 0x01020304 && d == 0x0102030405060708);

	be16enc(bytes + 1, 0x0102);
	CHECK(bytes[1] == 1 && be16dec(bytes + 1) == 0x0102);
	be32enc(bytes + 1, 0x01020304);
	CHECK(bytes[4] == 4 && be32dec(bytes + 1) == 0x01020304);
	be64enc(bytes + 1, 0x0102030405060708);
	CHECK(bytes[8] == 8 && be64dec(bytes + 1) == 0x0102030405060708);
	le16enc(bytes + 1, 0x0102);
	CHECK(bytes[1] == 2 && le16dec(bytes + 1) == 0x0102);
	le32enc(bytes + 1, 0x01020304);
	CHECK(bytes[4] == 1 && le32dec(bytes + 1) == 0x01020304);
	le64enc(bytes + 1, 0x0102030405060708);
	CHECK(bytes[8] == 1 && le64dec(bytes + 1) == 0x0102030405060708);
	HTONS(h);
	HTONL(w);
	CHECK(memcmp(&h, "\1\2", 2) == 0 && memcmp(&w, "\1\2\3\4", 4) == 0);
	NTOHS(h);
	NTOHL(w);
	CHECK(h == 0x0102 && w == 0x01020304);
	/* Without <sys/endian.h> too: <puffs.h> brings these. */
	CHECK_EQ(be32toh(htobe32(5)), le32toh(htole32(5)));
}

static void
times(void)
{
	struct timespec a = { 1, 600000000 }, b = { 2, 500000000 }, c;
	struct timeval tv = { 3, 4 };

	timespecadd(&a, &b, &c);
	CHECK(c.tv_sec == 4 && c.tv_nsec == 100000000);
	timespecsub(&c, &b, &c);
	CHECK(timespeccmp(&c, &a, ==) && timespeccmp(&a, &b, <) && !timespeccmp(&a, &b, >));
	CHECK(timespecisset(&c));
	timespecclear(&c);
	CHECK(!timespecisset(&c));
	TIMEVAL_TO_TIMESPEC(&tv, &c);
	CHECK(c.tv_sec == 3 && c.tv_nsec == 4000);
}

/* Walks while every element is freed on the way. */
#define WALK(walk, remove) \
	do { \
		sum = 0; \
		walk { \
			remove; \
			sum = sum * 10 + e->e_number; \
			memset(e, 0xff, sizeof(*e)); \
		} \
	} while (0)

static void
queues(void)
{
	LIST_HEAD(, element) list = LIST_HEAD_INITIALIZER(list);
	SLIST_HEAD(, element) slist = SLIST_HEAD_INITIALIZER(slist);
	SIMPLEQ_HEAD(, element) simpleq = SIMPLEQ_HEAD_INITIALIZER(simpleq);
	STAILQ_HEAD(, element) stailq = STAILQ_HEAD_INITIALIZER(stailq);
	TAILQ_HEAD(tailhead, element) tailq = TAILQ_HEAD_INITIALIZER(tailq);
	struct element elements[3], *e, *next;
	int i, sum;

#define FILL(insert) \
	for (i = 0; i < 3; i++) { \
		elements[i].e_number = i + 1; \
		e = &elements[i]; \
		insert; \
	}
	FILL(LIST_INSERT_HEAD(&list, e, e_list));
	WALK(LIST_FOREACH_SAFE(e, &list, e_list, next), LIST_REMOVE(e, e_list));
	CHECK_EQ(sum, 321);
	FILL(SLIST_INSERT_HEAD(&slist, e, e_slist));
	WALK(SLIST_FOREACH_SAFE(e, &slist, e_slist, next), SLIST_REMOVE_HEAD(&slist, e_slist));
	CHECK_EQ(sum, 321);
	FILL(SIMPLEQ_INSERT_TAIL(&simpleq, e, e_simpleq));
	WALK(SIMPLEQ_FOREACH_SAFE(e, &simpleq, e_simpleq, next), SIMPLEQ_REMOVE_HEAD(&simpleq, e_simpleq));
	CHECK_EQ(sum, 123);
	FILL(STAILQ_INSERT_TAIL(&stailq, e, e_stailq));
	WALK(STAILQ_FOREACH_SAFE(e, &stailq, e_stailq, next), STAILQ_REMOVE_HEAD(&stailq, e_stailq));
	CHECK_EQ(sum, 123);
	FILL(TAILQ_INSERT_TAIL(&tailq, e, e_tailq));
	WALK(TAILQ_FOREACH_SAFE(e, &tailq, e_tailq, next), TAILQ_REMOVE(&tailq, e, e_tailq));
	CHECK_EQ(sum, 123);
	FILL(TAILQ_INSERT_TAIL(&tailq, e, e_tailq));
	WALK(TAILQ_FOREACH_REVERSE_SAFE(e, &tailq, tailhead, e_tailq, next), TAILQ_REMOVE(&tailq, e, e_tailq));
	CHECK_EQ(sum, 321);
}

static void
changes(void)
{
	LIST_HEAD(listhead, element) list = LIST_HEAD_INITIALIZER(list), other;
	SLIST_HEAD(, element) slist = SLIST_HEAD_INITIALIZER(slist);
	SIMPLEQ_HEAD(, element) simpleq = SIMPLEQ_HEAD_INITIALIZER(simpleq), more = SIMPLEQ_HEAD_INITIALIZER(more);
	STAILQ_HEAD(, element) stailq = STAILQ_HEAD_INITIALIZER(stailq);
	TAILQ_HEAD(, element) tailq = TAILQ_HEAD_INITIALIZER(tailq);
	struct element elements[3], *e;
	int i, sum = 0;

	CHECK(SIMPLEQ_LAST(&simpleq, element, e_simpleq) == NULL && STAILQ_LAST(&stailq, element, e_stailq) == NULL);
	FILL(SIMPLEQ_INSERT_TAIL(&simpleq, e, e_simpleq); STAILQ_INSERT_TAIL(&stailq, e, e_stailq));
	CHECK(SIMPLEQ_LAST(&simpleq, element, e_simpleq) == e && STAILQ_LAST(&stailq, element, e_stailq) == e);
	SIMPLEQ_CONCAT(&more, &simpleq);
	CHECK(SIMPLEQ_EMPTY(&simpleq) && SIMPLEQ_FIRST(&more) == elements);
	CHECK(SIMPLEQ_LAST(&more, element, e_simpleq) == e);

	LIST_INSERT_HEAD(&list, &elements[0], e_list);
	LIST_INSERT_HEAD(&list, &elements[1], e_list);
	LIST_REPLACE(&elements[0], &elements[2], e_list);
	LIST_MOVE(&list, &other, e_list);
	CHECK(LIST_EMPTY(&list));
	LIST_REMOVE(&elements[1], e_list);
	CHECK(LIST_FIRST(&other) == &elements[2] && LIST_NEXT(&elements[2], e_list) == NULL);
	LIST_REMOVE(&elements[2], e_list);
	CHECK(LIST_EMPTY(&other));

	FILL(SLIST_INSERT_HEAD(&slist, e, e_slist));
	SLIST_REMOVE_AFTER(e, e_slist);
	CHECK(SLIST_NEXT(e, e_slist) == elements);
	TAILQ_INSERT_TAIL(&tailq, &elements[0], e_tailq);
	TAILQ_INSERT_TAIL(&tailq, &elements[1], e_tailq);
	TAILQ_REPLACE(&tailq, &elements[0], &elements[2], e_tailq);
	TAILQ_FOREACH(e, &tailq, e_tailq)
		sum = sum * 10 + e->e_number;
	CHECK_EQ(sum, 32);
}

/* A parameter that is not used, a format that is handed on, code that is not inlined. */
static const char *handed(const char *, int) __format_arg(1) __noinline __pure;
static const char *
handed(const char *format, int number __unused)
{

	return format;
}
static int __section(".data.every") placed = 1;
__CTASSERT(sizeof(placed) == 4);

static void
words(void)
{
	char text[8];
	longlong_t signedone = -1;
	u_longlong_t unsignedone = (u_longlong_t)-1;
	devmajor_t major_ = -1;
	devminor_t minor_ = -1;
	vaddr_t address = (vaddr_t)&placed;
	paddr_t physical = address;

	snprintf(text, sizeof(text), handed("%d", 0), placed);
	CHECK(strcmp(text, "1") == 0);
	CHECK(signedone < 0 && unsignedone > 0 && major_ < 0 && minor_ < 0 && physical == address);
	CHECK(__BIT(3) == 8 && __BIT(63) == 1ULL << 63 && __BIT(64) == 0);
	CHECK(__BITS(4, 7) == 0xf0 && __BITS(7, 4) == 0xf0 && __BITS(0, 63) == UINT64_MAX && __BITS(5, 5) == 0x20);
	CHECK(__LOWEST_SET_BIT(0xf0) == 0x10 && __SHIFTOUT(0x1a5, __BITS(4, 7)) == 0xa && __SHIFTIN(3, __BITS(4, 7)) == 0x30);
	CHECK_EQ(__SHIFTOUT_MASK(__BITS(4, 7)), 0xf);
#if !__NetBSD_Prereq__(5, 99, 0) || __NetBSD_Prereq__(8, 0, 0) || __NetBSD_Version__ < 700000000
#error the interface of libpuffs is younger than 5, and there is none of 8
#endif
	CHECK(btodb(1024) == 2 && dbtob(2) == 1024 && MAXBSIZE == 65536 && MAXPHYS == 65536 && NBBY == 8);
	CHECK(PAGE_SIZE == (unsigned long)getpagesize() && PAGE_MASK == PAGE_SIZE - 1);
	CHECK(NODEV == (dev_t)VNOVAL && OFF_MAX > 0 && OFF_MIN < 0 && S_ISTXT == 01000 && S_BLKSIZE == 512);
	CHECK(VREAD == PUFFS_VREAD && VWRITE == PUFFS_VWRITE && VEXEC == PUFFS_VEXEC && VNOVAL == PUFFS_VNOVAL);
	CHECK(IO_APPEND == PUFFS_IO_APPEND && IO_NDELAY == PUFFS_IO_NDELAY);
	CHECK(FSYNC_WAIT == 1 && FSYNC_DATAONLY == PUFFS_FSYNC_DATAONLY && FSYNC_LAZY == 8);
	CHECK_EQ(FSYNC_CACHE, PUFFS_FSYNC_CACHE);
	CHECK(IFTOVT(S_IFLNK | 0777) == VLNK && VTTOIF(VDIR) == S_IFDIR && MAKEIMODE(VREG, 0644) == (S_IFREG | 0644));
	CHECK(bswap16(0x102) == 0x201 && bswap32(0x01020304) == 0x04030201 && bswap64(1) == 1ULL << 56);
	CHECK_EQ((MNT_EXRDONLY | MNT_EXPORTED | MNT_LOCAL | MNT_QUOTA | MNT_ROOTFS) & (MNT_DISCARD | MNT_EXTATTR | MNT_FORCE), 0);
}

/* The library's own functions, with NetBSD's structures. */
static void
library(void)
{
	union {
		struct dirent dent;
		char room[64];
	} buffer;
	struct dirent *dp = &buffer.dent;
	struct statvfs figures;
	struct puffs_ops *pops;
	size_t left = sizeof(buffer.room);
	int (*statop)(struct puffs_usermount *, struct statvfs *);

	CHECK_EQ(puffs_gendotdent(&dp, 2, DENT_DOT, &left), 1);
	CHECK_EQ(puffs_nextdent(&dp, "name", 3, DT_REG, &left), 1);
	CHECK_EQ(left, 64 - 16 - 24);
	dp = _DIRENT_NEXT(&buffer.dent);
	CHECK(dp->d_namlen == 4 && strcmp(dp->d_name, "name") == 0);
	puffs_zerostatvfs(&figures);
	CHECK_EQ(figures.f_iosize, DEV_BSIZE);
	CHECK_EQ(figures.f_namemax, MAXNAMLEN);
	PUFFSOP_INIT(pops);
	PUFFSOP_SETFSNOP(pops, statvfs);
	statop = pops->puffs_fs_statvfs;
	CHECK_EQ(statop(NULL, &figures), 0);
	free(pops);
	CHECK(setgroups != NULL);
}

int
main(void)
{

	declarations();
	types();
	structures();
	numbers();
	mount_options();
	byte_orders();
	times();
	queues();
	changes();
	words();
	library();
	return 0;
}
