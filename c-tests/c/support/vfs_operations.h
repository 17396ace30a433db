/*
 * vfs_operations.h: every operation of <puffs_vfs.h> on the file system of vfs_server.h, as it should be. Included behind that.
 */
#ifndef VFS_OPERATIONS_H
#define VFS_OPERATIONS_H

static void
names(void)
{
	struct puffs_vfound found = fresh(), other = fresh(), dir = fresh();
	struct puffs_vend from, to;
	struct fsnode *fn;
	uint32_t setback = 99;
	char target[16];
	size_t len;

	/* A name that is not there leaves nothing behind. */
	CHECK_EQ(puffs_vfs_lookup(pv, NULL, root, NAME("no"), PUFFS_MSG_NAMEI_CREATE, PUFFS_MSG_NAMEI_ISLASTCN, &found), ENOENT);
	CHECK_EQ(last_words[0], PUFFS_MSG_NAMEI_CREATE);
	CHECK_EQ(last_words[1], PUFFS_MSG_NAMEI_ISLASTCN);
	CHECK(found.pvf_reclaim == NULL && found.pvf_cookie == NULL);
	CHECK_EQ(puffs_vfs_abort(pv, NULL, root, NAME("no")), 0);

	found = make(root, "file");
	fn = found.pvf_cookie;
	CHECK_EQ(found.pvf_vtype, PUFFS_VT_REG);
	CHECK_EQ(found.pvf_attr_error, 0);
	CHECK_EQ(found.pvf_attr.mode, 0644);
	CHECK_EQ(found.pvf_attr.uid, 5);
	/* Times that are none are none no more. */
	CHECK_EQ(found.pvf_attr.mtime.nsec, 999999999);
	CHECK_EQ(found.pvf_attr.atime.nsec, -1);
	CHECK_EQ(found.pvf_attr_ttl.sec, 0);
	CHECK_EQ(found.pvf_name_ttl.sec, 4);
	CHECK_EQ(fn->fn_given, 1);

	/* Once more: the kernel has the node, and uses what was paid for again. */
	CHECK_EQ(puffs_vfs_lookup(pv, NULL, root, NAME("file"), PUFFS_MSG_NAMEI_LOOKUP, 0, &other), 0);
	CHECK(other.pvf_cookie == fn && other.pvf_reclaim != NULL);
	CHECK_EQ(puffs_vfs_create(pv, NULL, root, NAME("file"), 0644, &other), EEXIST);
	CHECK(other.pvf_reclaim != NULL && other.pvf_reclaim != found.pvf_reclaim);
	CHECK_EQ(fn->fn_given, 2);

	CHECK_EQ(puffs_vfs_mkdir(pv, NULL, root, NAME("dir"), 0755, &dir), 0);
	CHECK_EQ(dir.pvf_vtype, PUFFS_VT_DIR);
	from = (struct puffs_vend){ .pve_dir = root, .pve_name = "file", .pve_namelen = 4, .pve_node = fn, .pve_has_node = 1 };
	to = (struct puffs_vend){ .pve_dir = dir.pvf_cookie, .pve_name = "moved", .pve_namelen = 5 };
	CHECK_EQ(puffs_vfs_rename(pv, NULL, &from, &to), 0);
	CHECK_EQ(last_words[0], 0);
	CHECK(fn->fn_dir == dir.pvf_cookie && strcmp(fn->fn_name, "moved") == 0);
	CHECK_EQ(puffs_vfs_link(pv, NULL, root, fn, NAME("again")), 0);
	CHECK(fn->fn_dir == root);

	/* With `other`'s reclaim, a node that is replaced. */
	CHECK_EQ(puffs_vfs_create(pv, NULL, root, NAME("old"), 0600, &other), 0);
	from.pve_name = "again";
	from.pve_namelen = 5;
	to = (struct puffs_vend){ .pve_dir = root, .pve_name = "old", .pve_namelen = 3, .pve_node = other.pvf_cookie,
	    .pve_has_node = 1 };
	CHECK_EQ(puffs_vfs_rename(pv, NULL, &from, &to), 0);
	CHECK_EQ(last_words[0], 1);
	puffs_vfs_reclaim(other.pvf_reclaim, other.pvf_cookie, 1);
	settle();
	CHECK_EQ(((struct fsnode *)other.pvf_cookie)->fn_vtype, 0);

	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, dir.pvf_cookie, NAME("dir"), &setback), EISDIR);
	CHECK_EQ(setback, 99);
	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, fn, NAME("old"), &setback), 0);
	CHECK_EQ(setback, PUFFS_SETBACK_INACT_N2);
	CHECK_EQ(puffs_vfs_inactive(pv, NULL, fn, &setback), 0);
	CHECK_EQ(setback, PUFFS_SETBACK_NOREF_N1);
	CHECK_EQ(puffs_vfs_rmdir(pv, NULL, root, dir.pvf_cookie, NAME("dir"), NULL), 0);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 2);
	CHECK_EQ(puffs_vfs_inactive_faf(pv, NULL, dir.pvf_cookie), 0);
	puffs_vfs_reclaim(dir.pvf_reclaim, dir.pvf_cookie, 1);
	settle();
	CHECK_EQ(fn->fn_vtype, 0);
	CHECK_EQ(((struct fsnode *)dir.pvf_cookie)->fn_inactive, 1);

	/* Sockets and files come by create, the rest by mknod. */
	found = fresh();
	CHECK_EQ(puffs_vfs_mknod(pv, NULL, root, NAME("sock"), PUFFS_VT_SOCK, 0600, 99, &found), 0);
	CHECK_EQ(last_words[0], PUFFS_VN_CREATE);
	CHECK(found.pvf_rdev == UINT64_MAX);
	fn = found.pvf_cookie;
	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, fn, NAME("sock"), NULL), 0);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 1);
	found = fresh();
	CHECK_EQ(puffs_vfs_mknod(pv, NULL, root, NAME("null"), PUFFS_VT_CHR, 0600, 0x103, &found), 0);
	CHECK_EQ(last_words[0], PUFFS_VN_MKNOD);
	CHECK_EQ(found.pvf_vtype, PUFFS_VT_CHR);
	CHECK_EQ(found.pvf_rdev, 0x103);
	fn = found.pvf_cookie;
	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, fn, NAME("null"), NULL), 0);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 1);
	found = fresh();
	CHECK_EQ(puffs_vfs_mknod(pv, NULL, root, NAME("d"), PUFFS_VT_DIR, 0600, 0, &found), EINVAL);
	CHECK_EQ(puffs_vfs_mknod(pv, NULL, root, NAME("d"), 8, 0600, 0, &found), EINVAL);

	CHECK_EQ(puffs_vfs_symlink(pv, NULL, root, NAME("link"), NAME("some/where"), 0777, &found), 0);
	fn = found.pvf_cookie;
	memset(target, '!', sizeof(target));
	CHECK_EQ(puffs_vfs_readlink(pv, NULL, fn, target, 9, &len), E2BIG);
	CHECK_EQ(target[0], '!');
	CHECK_EQ(puffs_vfs_readlink(pv, NULL, fn, target, sizeof(target), &len), 0);
	CHECK_EQ(len, 10);
	CHECK(memcmp(target, "some/where!", 11) == 0);
	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, fn, NAME("link"), NULL), 0);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 1);
	settle();
	CHECK_EQ(aborts, 1);

	/* What is no name never gets to the server. */
	found = fresh();
	CHECK_EQ(puffs_vfs_lookup(pv, NULL, root, "a/b", 3, 0, 0, &found), EINVAL);
	CHECK_EQ(puffs_vfs_lookup(pv, NULL, root, "", 0, 0, 0, &found), EINVAL);
	CHECK_EQ(puffs_vfs_lookup(pv, NULL, root, NULL, 3, 0, 0, &found), EINVAL);
	CHECK_EQ(puffs_vfs_lookup(pv, NULL, root, "a", (size_t)-1, 0, 0, &found), EINVAL);
	CHECK_EQ(puffs_vfs_lookup(pv, NULL, root, nodes[0].fn_data, PUFFS_MSG_NAME_MAX + 1, 0, 0, &found), EINVAL);
	CHECK_EQ(puffs_vfs_symlink(pv, NULL, root, NAME("l"), nodes[0].fn_data, PUFFS_MSG_TARGET_MAX + 1, 0777, &found), E2BIG);
	CHECK(found.pvf_reclaim == NULL);
	to.pve_reserved = 1;
	CHECK_EQ(puffs_vfs_rename(pv, NULL, &from, &to), EINVAL);
	to.pve_reserved = 0;
	from.pve_has_node = 0;
	CHECK_EQ(puffs_vfs_rename(pv, NULL, &from, &to), EINVAL);
}

static void
attributes(void)
{
	struct puffs_vfound found = make(root, "file");
	struct puffs_vattrs got = { .pvs_size = sizeof(got) };
	struct puffs_msg_attr want;
	void *fn = found.pvf_cookie;

	CHECK_EQ(puffs_vfs_getattr(pv, NULL, fn, &got), 0);
	CHECK_EQ(got.pvs_attr.mode, 0644);
	CHECK_EQ(got.pvs_ttl.nsec, 5);
	puffs_vattr_none(&want);
	want.mode = 0600;
	CHECK_EQ(puffs_vfs_setattr(pv, NULL, fn, &want, &got), 0);
	CHECK_EQ(got.pvs_attr.mode, 0600);
	CHECK_EQ(got.pvs_attr.size, 0);
	puffs_vattr_none(&want);
	want.size = 10;
	CHECK_EQ(puffs_vfs_setattr(pv, NULL, fn, &want, NULL), 0);
	CHECK_EQ(puffs_vfs_getattr(pv, NULL, fn, &got), 0);
	CHECK_EQ(got.pvs_attr.size, 10);
	CHECK_EQ(got.pvs_attr.mode, 0600);
	CHECK_EQ(puffs_vfs_access(pv, NULL, fn, PUFFS_VT_REG, PUFFS_VACCESS_READ | PUFFS_VACCESS_WRITE), 0);
	CHECK_EQ(puffs_vfs_access(pv, NULL, fn, PUFFS_VT_REG, PUFFS_VACCESS_EXEC), EACCES);
	CHECK_EQ(puffs_vfs_access(pv, NULL, fn, 0, 0), EINVAL);
	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, fn, NAME("file"), NULL), 0);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 1);
}

static void
files_and_data(void)
{
	static char data[MAXLEN + 100], back[MAXLEN + 100];
	const size_t most = puffs_vfs_maxdata(pv);
	struct puffs_vfound found = make(root, "file");
	struct puffs_vopened opened = { .pvo_size = sizeof(opened) };
	struct fsnode *fn = found.pvf_cookie;
	uint32_t mode = PUFFS_VOPEN_READ | PUFFS_VOPEN_WRITE | O_APPEND, events, setback;
	size_t done, i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 256);
	CHECK_EQ(puffs_vfs_open(pv, NULL, fn, PUFFS_VT_REG, mode, &opened), 0);
	CHECK_EQ(opened.pvo_oflags, PUFFS_VOPEN_DIRECT);
	CHECK_EQ(last_words[0], mode);
	CHECK(opened.pvo_close != NULL);
	CHECK_EQ(fn->fn_opens, 1);

	/* More than one message holds is cut. */
	CHECK_EQ(puffs_vfs_write(pv, NULL, fn, 5, data, sizeof(data), PUFFS_VIO_APPEND, &done), 0);
	CHECK_EQ(done, most);
	CHECK_EQ(last_words[0], PUFFS_VIO_APPEND);
	CHECK_EQ(puffs_vfs_read(pv, NULL, fn, 5, back, sizeof(back), PUFFS_VIO_NDELAY, &done), 0);
	CHECK_EQ(done, most);
	CHECK_EQ(last_words[0], PUFFS_VIO_NDELAY);
	CHECK(memcmp(data, back, most) == 0);
	/* At the end it is less, and what is behind stays. */
	memset(back, '!', sizeof(back));
	CHECK_EQ(puffs_vfs_read(pv, NULL, fn, most, back, 100, 0, &done), 0);
	CHECK_EQ(done, 5);
	CHECK(memcmp(data + most - 5, back, 5) == 0 && back[5] == '!');
	CHECK_EQ(puffs_vfs_read(pv, NULL, fn, UINT64_MAX, back, 100, 0, &done), 0);
	CHECK_EQ(done, 0);
	CHECK_EQ(puffs_vfs_read(pv, NULL, fn, 0, NULL, 0, 0, &done), 0);
	CHECK_EQ(puffs_vfs_write(pv, NULL, fn, 0, NULL, 0, 0, &done), 0);
	CHECK_EQ(done, 0);
	done = 77;
	CHECK_EQ(puffs_vfs_write(pv, NULL, fn, DATALEN, data, 1, 0, &done), EFBIG);
	CHECK_EQ(done, 77);

	CHECK_EQ(puffs_vfs_fsync(pv, NULL, fn, PUFFS_VFSYNC_WAIT, 3, 9), 0);
	CHECK(last_words[0] == PUFFS_VFSYNC_WAIT && last_words[1] == 3 && last_words[2] == 9);
	CHECK_EQ(puffs_vfs_seek(pv, NULL, fn, 1, 2), 0);
	CHECK(last_words[1] == 1 && last_words[2] == 2);
	CHECK_EQ(puffs_vfs_mmap(pv, NULL, fn, PUFFS_VPROT_READ, &setback), 0);
	CHECK_EQ(setback, PUFFS_SETBACK_INACT_N1);
	CHECK_EQ(puffs_vfs_poll(pv, NULL, fn, POLLIN | POLLOUT, &events), 0);
	CHECK_EQ(events, POLLIN);
	CHECK_EQ(puffs_vfs_fallocate(pv, NULL, fn, 10, 20), 0);
	CHECK(last_words[0] == 10 && last_words[1] == 20);
	CHECK_EQ(puffs_vfs_fdiscard(pv, NULL, fn, 30, 40), 0);
	CHECK(last_words[0] == 30 && last_words[1] == 40);

	puffs_vfs_close(pv, opened.pvo_close, fn, mode, 1);
	settle();
	CHECK_EQ(fn->fn_opens, 0);
	CHECK_EQ(fn->fn_inactive, 1);
	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, fn, NAME("file"), NULL), 0);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 1);
}

static void
handles(void)
{
	struct puffs_vfound found, again = fresh();
	struct fsnode *fn;
	char handle[16];
	size_t len = 99;
	int64_t value = 99;

	found = make(root, "file");
	fn = found.pvf_cookie;
	memset(handle, '!', sizeof(handle));
	CHECK_EQ(puffs_vfs_nodetofh(pv, NULL, fn, handle, 7, &len), E2BIG);
	CHECK_EQ(len, 8);
	CHECK_EQ(handle[0], '!');
	CHECK_EQ(puffs_vfs_nodetofh(pv, NULL, fn, NULL, 0, &len), E2BIG);
	CHECK_EQ(puffs_vfs_nodetofh(pv, NULL, fn, handle, sizeof(handle), &len), 0);
	CHECK_EQ(len, 8);
	CHECK_EQ(handle[8], '!');

	/* The way back counts as no lookup, and brings a reclaim for a kernel that has forgotten the node. */
	CHECK_EQ(puffs_vfs_fhtonode(pv, NULL, handle, len, &again), 0);
	CHECK(again.pvf_cookie == fn && again.pvf_vtype == PUFFS_VT_REG);
	CHECK_EQ(fn->fn_given, 1);
	CHECK(again.pvf_reclaim != NULL && again.pvf_reclaim != found.pvf_reclaim);
	puffs_paid_reclaim_free(again.pvf_reclaim);
	again = fresh();
	CHECK_EQ(puffs_vfs_fhtonode(pv, NULL, handle, len - 1, &again), EINVAL);
	CHECK_EQ(puffs_vfs_fhtonode(pv, NULL, handle, 0, &again), EINVAL);
	CHECK_EQ(puffs_vfs_fhtonode(pv, NULL, NULL, 8, &again), EINVAL);
	CHECK_EQ(puffs_vfs_fhtonode(pv, NULL, nodes[0].fn_data, PUFFS_MSG_HANDLE_MAX + 1, &again), EINVAL);
	CHECK(again.pvf_reclaim == NULL);

	CHECK_EQ(puffs_vfs_pathconf(pv, NULL, fn, 4, &value), 0);
	CHECK_EQ(value, -3);
	CHECK_EQ(puffs_vfs_pathconf(pv, NULL, fn, 5, &value), EINVAL);
	CHECK_EQ(puffs_vfs_print(pv, NULL, fn), 0);
	CHECK_EQ(last_words[0], (uintptr_t)fn);
	CHECK_EQ(puffs_vfs_extattrctl(pv, NULL, 9, fn, 1, 2, NAME("colour")), 0);
	CHECK(last_words[0] == 9 && last_words[1] == 0x10206 && last_words[2] == (uintptr_t)fn);
	CHECK_EQ(puffs_vfs_extattrctl(pv, NULL, 9, fn, 0, 2, NULL, 0), 0);
	CHECK(last_words[1] == 0x00200 && last_words[2] == 0);
	CHECK_EQ(puffs_vfs_extattrctl(pv, NULL, 9, NULL, 0, 2, "", 0), EINVAL);

	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, fn, NAME("file"), NULL), 0);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 1);
	settle();
	CHECK_EQ(puffs_vfs_fhtonode(pv, NULL, handle, len, &again), ESTALE);
	CHECK(again.pvf_reclaim == NULL);
}

static void
directories(void)
{
	struct puffs_vdir part = { .pvd_size = sizeof(part) };
	struct puffs_vdirent entry;
	struct puffs_vfound found[12];
	bool seen[12] = { false };
	uint64_t offset = 0;
	unsigned i, calls = 0, all = 0, holes = 0;
	char name[16];
	size_t at;

	for (i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		found[i] = make(root, name);
		holes += ((struct fsnode *)found[i].pvf_cookie - nodes) % 5 == 4;
	}
	CHECK(holes >= 2);
	do {
		CHECK_EQ(puffs_vfs_readdir(pv, NULL, root, offset, 100, &part), 0);
		for (at = 0; puffs_vlisting_next(part.pvd_list, &at, &entry) == 0; all++) {
			CHECK(entry.pvn_namelen >= 2 && entry.pvn_namelen <= 3 && entry.pvn_dtype == 8);
			snprintf(name, sizeof(name), "%.*s", (int)entry.pvn_namelen, entry.pvn_name);
			CHECK(sscanf(name, "f%u", &i) == 1 && i < 12 && !seen[i]);
			CHECK_EQ(entry.pvn_fileno, (struct fsnode *)found[i].pvf_cookie - nodes + 1);
			seen[i] = true;
		}
		CHECK_EQ(puffs_vlisting_next(part.pvd_list, &at, &entry), ENOENT);
		/* Any place is a place, and none leads out of the list. */
		for (at = 0; at < 120; at++) {
			size_t place = at;

			while (puffs_vlisting_next(part.pvd_list, &place, &entry) == 0)
				CHECK(entry.pvn_namelen <= PUFFS_MSG_NAME_MAX);
		}
		at = (size_t)-1;
		CHECK_EQ(puffs_vlisting_next(part.pvd_list, &at, &entry), ENOENT);
		puffs_vlisting_free(part.pvd_list);
		offset = part.pvd_offset;
		calls++;
	} while (!part.pvd_eof);
	CHECK_EQ(all, 12 - holes);
	CHECK(calls > 2);
	for (i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		CHECK_EQ(puffs_vfs_remove(pv, NULL, root, found[i].pvf_cookie, NAME(name), NULL), 0);
		puffs_vfs_reclaim(found[i].pvf_reclaim, found[i].pvf_cookie, 1);
	}
	/* An empty one is at its end. */
	CHECK_EQ(puffs_vfs_readdir(pv, NULL, root, 0, 100, &part), 0);
	CHECK_EQ(part.pvd_eof, 1);
	at = 0;
	CHECK_EQ(puffs_vlisting_next(part.pvd_list, &at, &entry), ENOENT);
	puffs_vlisting_free(part.pvd_list);
}

static void
extended_attributes_and_locks(void)
{
	struct puffs_vfound found = make(root, "file");
	struct puffs_vlock lock = { .pvl_start = 5, .pvl_len = 6, .pvl_kind = F_WRLCK };
	void *fn = found.pvf_cookie;
	const uint32_t ns = PUFFS_MSG_EXTATTR_USER;
	char value[10];
	uint64_t size;
	size_t done;

	CHECK_EQ(puffs_vfs_setextattr(pv, NULL, fn, ns, NAME("colour"), "green", 5, &done), 0);
	CHECK_EQ(done, 5);
	CHECK_EQ(puffs_vfs_getextattr(pv, NULL, fn, ns, NAME("colour"), NULL, 0, &size, &done), 0);
	CHECK_EQ(size, 5);
	CHECK_EQ(done, 0);
	memset(value, '!', sizeof(value));
	CHECK_EQ(puffs_vfs_getextattr(pv, NULL, fn, ns, NAME("colour"), value, 3, &size, &done), 0);
	CHECK(size == 5 && done == 3 && memcmp(value, "gre!", 4) == 0);
	CHECK_EQ(puffs_vfs_listextattr(pv, NULL, fn, ns, value, sizeof(value), &size, &done), 0);
	CHECK(size == 7 && done == 7 && memcmp(value, "colour", 7) == 0);
	CHECK_EQ(puffs_vfs_deleteextattr(pv, NULL, fn, ns, NAME("colour")), 0);
	CHECK_EQ(puffs_vfs_getextattr(pv, NULL, fn, PUFFS_MSG_EXTATTR_SYSTEM, NAME("colour"), NULL, 0, &size, &done), EPERM);
	CHECK_EQ(size, 7);

	CHECK_EQ(puffs_vfs_advlock(pv, NULL, fn, 42, F_SETLK, PUFFS_VLOCK_POSIX, &lock), EAGAIN);
	CHECK_EQ(lock.pvl_start, 5);
	CHECK_EQ(puffs_vfs_advlock(pv, NULL, fn, 42, F_GETLK, PUFFS_VLOCK_POSIX, &lock), 0);
	CHECK(last_words[0] == 42 && last_words[1] == PUFFS_VLOCK_POSIX);
	CHECK(lock.pvl_start == 6 && lock.pvl_len == 6 && lock.pvl_kind == F_RDLCK && lock.pvl_pid == 77);
	CHECK_EQ(puffs_vfs_remove(pv, NULL, root, fn, NAME("file"), NULL), 0);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 1);
}

/* Who asks, as the server sees it. */
static void
callers(void)
{
	uint32_t groups[20] = { 100, 101 };
	struct puffs_vcall call = {
		.pvc_size = sizeof(call), .pvc_cred = PUFFS_MSG_CRED_USER, .pvc_pid = 11, .pvc_lwp = 12, .pvc_uid = 13, .pvc_gid = 14,
		.pvc_groups = groups, .pvc_ngroups = 2,
	};
	struct puffs_vattrs got = { .pvs_size = sizeof(got) };
	int i;

	CHECK_EQ(puffs_vfs_getattr(pv, &call, root, &got), 0);
	CHECK_EQ(last_head.version, PUFFS_MSG_VERSION);
	CHECK_EQ(last_head.cred, PUFFS_MSG_CRED_USER);
	CHECK(last_head.pid == 11 && last_head.lwp == 12 && last_head.uid == 13 && last_head.gid == 14);
	CHECK(last_head.ngroups == 2 && last_head.groups[0] == 100 && last_head.groups[1] == 101);
	call.pvc_ngroups = 20;
	CHECK_EQ(puffs_vfs_getattr(pv, &call, root, &got), 0);
	CHECK_EQ(last_head.ngroups, 16);
	call.pvc_flags = PUFFS_VCALL_GROUPS_UNKNOWN | PUFFS_TOUSER_INTERRUPTIBLE | PUFFS_TOUSER_NOWAIT;
	CHECK_EQ(puffs_vfs_getattr(pv, &call, root, &got), 0);
	CHECK_EQ(last_head.ngroups, PUFFS_MSG_CRED_UNKNOWN_GROUPS);
	call.pvc_cred = PUFFS_MSG_CRED_FS;
	CHECK_EQ(puffs_vfs_getattr(pv, &call, root, &got), 0);
	CHECK(last_head.cred == PUFFS_MSG_CRED_FS && last_head.pid == 0 && last_head.ngroups == 0);
	CHECK_EQ(puffs_vfs_getattr(pv, NULL, root, &got), 0);
	CHECK_EQ(last_head.cred, PUFFS_MSG_CRED_KERNEL);

	/* What is no caller. */
	for (i = 0; i < 6; i++) {
		struct puffs_vcall wrong = { .pvc_size = sizeof(wrong), .pvc_cred = PUFFS_MSG_CRED_USER };

		switch (i) {
		case 0: wrong.pvc_size--; break;
		case 1: wrong.pvc_cred = 0; break;
		case 2: wrong.pvc_cred = 257; break;
		case 3: wrong.pvc_flags = PUFFS_TOUSER_INTERRUPTIBLE | PUFFS_TOUSER_UNINTERRUPTIBLE; break;
		case 4: wrong.pvc_flags = PUFFS_TOUSER_ADJBUF; break;
		case 5: wrong.pvc_ngroups = 1; break;
		}
		CHECK_EQ(puffs_vfs_getattr(pv, &wrong, root, &got), EINVAL);
	}
	/* One from a later header, which says nothing that this library does not know. */
	{
		struct { struct puffs_vcall call; uint64_t later; } longer = { .later = 0 };

		longer.call = call;
		longer.call.pvc_size = sizeof(longer);
		CHECK_EQ(puffs_vfs_getattr(pv, &longer.call, root, &got), 0);
		longer.later = 1;
		CHECK_EQ(puffs_vfs_getattr(pv, &longer.call, root, &got), EINVAL);
	}
}

/* From the mount to the unmount. */
static void
operations(void)
{
	struct thread server;

	fs_mount(&server, ALLOPS);
	settle();
	names();
	attributes();
	files_and_data();
	handles();
	directories();
	extended_attributes_and_locks();
	callers();
	CHECK_EQ(notices, 0);

	/* It makes things safe, would rather not go, and goes. */
	CHECK_EQ(puffs_vfs_sync(pv, NULL, PUFFS_VSYNC_WAIT), 0);
	CHECK_EQ(last_words[0], PUFFS_VSYNC_WAIT);
	CHECK_EQ(puffs_vfs_unmount(pv, NULL, 0), EBUSY);
	CHECK_EQ(puffs_vfs_unmount(pv, NULL, PUFFS_VUNMOUNT_FORCE), 0);
	fs_unmount(&server);
}

#endif
