/*
 * user_nulls.c: every function of the server library with null pointers: an error, or nothing, but no crash.
 *
 * c-test: run=plain,asan
 */
#include <puffs.h>

#include <errno.h>

#include "check.h"

/* -1 or NULL, with this in errno. */
#define FAILS(call) \
    do { \
        errno = 0; \
        CHECK((intptr_t)(call) == -1 || (intptr_t)(call) == 0); \
        CHECK_EQ(errno, EINVAL); \
    } while (0)

int
main(void)
{
    struct puffs_ops *pops;
    struct puffs_usermount *pu;
    struct puffs_dirent dirent, *dent = &dirent;
    struct vattr va;
    struct timespec ts = { 0, 0 };
    size_t left = sizeof(dirent);
    short count = 4;
    uid_t id = 77;
    struct puffs_framebuf *fb;
    void *window;

    FAILS(puffs_init(NULL, "a", "b", NULL, 0));
    PUFFSOP_INIT(pops);
    FAILS(puffs_init(pops, NULL, "b", NULL, 0));
    FAILS(puffs_init(pops, "a", NULL, NULL, 0));
    free(pops);

    FAILS(puffs_mount(NULL, "/", 0, NULL));
    FAILS(puffs_mainloop(NULL));
    FAILS(puffs_daemon(NULL, 0, 0));
    FAILS(puffs_exit(NULL, 0));
    puffs_cancel(NULL, 0);
    CHECK_EQ(puffs_getstate(NULL), PUFFS_STATE_UNMOUNTED);
    CHECK_EQ(puffs_getselectable(NULL), -1);
    FAILS(puffs_setblockingmode(NULL, PUFFSDEV_BLOCK));

    puffs_setmntinfo(NULL, "a", "b");
    puffs_setroot(NULL, NULL);
    FAILS(puffs_getroot(NULL));
    CHECK(puffs_getrootpathobj(NULL) == NULL);
    puffs_setrootinfo(NULL, VDIR, 0, 0);
    FAILS(puffs_getspecific(NULL));
    puffs_setspecific(NULL, NULL);
    puffs_setmaxreqlen(NULL, 0);
    CHECK_EQ(puffs_getmaxreqlen(NULL), 0);
    puffs_setfhsize(NULL, 0, 0);
    puffs_setncookiehash(NULL, 0);
    puffs_ml_settimeout(NULL, &ts);
    puffs_ml_setloopfn(NULL, NULL);
    puffs_set_prepost(NULL, NULL, NULL);
    puffs_set_cmap(NULL, NULL);
    puffs_set_errnotify(NULL, NULL);
    puffs_kernerr_log(NULL, 0, 0, NULL, NULL);

    FAILS(puffs_cc_getcc(NULL));
    FAILS(puffs_cc_getcaller(NULL, NULL, NULL));
    puffs_setback(NULL, PUFFS_SETBACK_NOREF_N1);

    puffs_newinfo_setcookie(NULL, NULL);
    puffs_newinfo_setvtype(NULL, VREG);
    puffs_newinfo_setsize(NULL, 0);
    puffs_newinfo_setrdev(NULL, 0);
    puffs_newinfo_setva(NULL, &va);
    puffs_newinfo_setvattl(NULL, &ts);
    puffs_newinfo_setcnttl(NULL, &ts);

    FAILS(puffs_cred_getuid(NULL, &id));
    FAILS(puffs_cred_getgid(NULL, &id));
    CHECK_EQ(id, 77);
    FAILS(puffs_cred_getgroups(NULL, &id, &count));
    CHECK_EQ(count, 0);
    FAILS(puffs_cred_getgroups(NULL, &id, NULL));
    CHECK(!puffs_cred_isuid(NULL, 0) && !puffs_cred_hasgroup(NULL, 0) && !puffs_cred_isregular(NULL));
    CHECK(!puffs_cred_iskernel(NULL) && !puffs_cred_isfs(NULL) && !puffs_cred_isjuggernaut(NULL));

    CHECK_EQ(puffs_access(VREG, 0777, 0, 0, PUFFS_VREAD, NULL), EINVAL);
    CHECK_EQ(puffs_access_chown(0, 0, 0, 0, NULL), EINVAL);
    CHECK_EQ(puffs_access_chmod(0, 0, VREG, 0, NULL), EINVAL);
    CHECK_EQ(puffs_access_times(0, 0, 0777, 1, NULL), EINVAL);

    puffs_setvattr(NULL, &va);
    puffs_setvattr(&va, NULL);
    puffs_vattr_null(NULL);
    puffs_stat2vattr(NULL, NULL);
    puffs_stat2vattr(&va, NULL);

    CHECK_EQ(puffs_nextdent(NULL, "a", 1, DT_REG, &left), 0);
    CHECK_EQ(puffs_nextdent(&dent, NULL, 1, DT_REG, &left), 0);
    CHECK_EQ(puffs_nextdent(&dent, "a", 1, DT_REG, NULL), 0);
    CHECK_EQ(puffs_gendotdent(NULL, 1, 0, &left), 0);
    CHECK_EQ(puffs_gendotdent(&dent, 1, 0, NULL), 0);
    dent = NULL;
    CHECK_EQ(puffs_nextdent(&dent, "a", 1, DT_REG, &left), 0);
    CHECK_EQ(left, sizeof(dirent));

    FAILS(puffs_pn_new(NULL, NULL));
    puffs_pn_remove(NULL);
    puffs_pn_put(NULL);
    FAILS(puffs_pn_nodewalk(NULL, NULL, NULL));
    FAILS(puffs_pn_getvap(NULL));
    FAILS(puffs_pn_getpriv(NULL));
    puffs_pn_setpriv(NULL, NULL);
    FAILS(puffs_pn_getpo(NULL));
    FAILS(puffs_pn_getmnt(NULL));
    FAILS(puffs_pn_getmntspecific(NULL));

    puffs_framebuf_destroy(NULL);
    puffs_framebuf_recycle(NULL);
    FAILS(puffs_framebuf_dup(NULL, &fb));
    FAILS(puffs_framebuf_reserve_space(NULL, 1));
    FAILS(puffs_framebuf_putdata(NULL, "a", 1));
    FAILS(puffs_framebuf_putdata_atoff(NULL, 0, "a", 1));
    FAILS(puffs_framebuf_getdata(NULL, &va, 1));
    FAILS(puffs_framebuf_getdata_atoff(NULL, 0, &va, 1));
    CHECK_EQ(puffs_framebuf_telloff(NULL) + puffs_framebuf_tellsize(NULL) + puffs_framebuf_remaining(NULL), 0);
    FAILS(puffs_framebuf_seekset(NULL, 0));
    FAILS(puffs_framebuf_getwindow(NULL, 0, &window, &left));
    CHECK((fb = puffs_framebuf_make()) != NULL);
    FAILS(puffs_framebuf_dup(fb, NULL));
    FAILS(puffs_framebuf_putdata(fb, NULL, 1));
    FAILS(puffs_framebuf_putdata_atoff(fb, 0, NULL, 1));
    FAILS(puffs_framebuf_getwindow(fb, 0, NULL, &left));
    FAILS(puffs_framebuf_getwindow(fb, 0, &window, NULL));
    CHECK_EQ(puffs_framebuf_putdata(fb, "a", 1), 0);
    FAILS(puffs_framebuf_getdata(fb, NULL, 1));
    FAILS(puffs_framebuf_getdata_atoff(fb, 0, NULL, 1));

    puffs_framev_init(NULL, NULL, NULL, NULL, NULL, NULL);
    FAILS(puffs_framev_addfd(NULL, 0, 1));
    FAILS(puffs_framev_enablefd(NULL, 0, 1));
    FAILS(puffs_framev_disablefd(NULL, 0, 1));
    FAILS(puffs_framev_removefd(NULL, 0, 0));
    puffs_framev_removeonclose(NULL, 0, 3);
    puffs_framev_unmountonclose(NULL, 0, 3);
    FAILS(puffs_framev_enqueue_cc(NULL, 0, fb, 0));
    FAILS(puffs_framev_enqueue_cb(NULL, 0, fb, NULL, NULL, 0));
    FAILS(puffs_framev_enqueue_justsend(NULL, 0, fb, 0, 0));
    FAILS(puffs_framev_enqueue_directsend(NULL, 0, fb, 0));
    FAILS(puffs_framev_enqueue_directreceive(NULL, 0, fb, 0));
    FAILS(puffs_framev_enqueue_waitevent(NULL, 0, NULL));
    FAILS(puffs_framev_framebuf_ccpromote(fb, NULL));
    FAILS(puffs_framev_framebuf_ccpromote(NULL, NULL));
    puffs_framebuf_destroy(fb);
    FAILS(puffs_pn_getvattl(NULL));
    FAILS(puffs_pn_getcnttl(NULL));

    puffs_set_pathbuild(NULL, NULL);
    puffs_set_pathtransform(NULL, NULL);
    puffs_set_pathcmp(NULL, NULL);
    puffs_set_pathfree(NULL, NULL);
    puffs_set_namemod(NULL, NULL);
    CHECK_EQ(puffs_stdpath_buildpath(NULL, NULL, NULL, 0, NULL), EINVAL);
    CHECK(puffs_stdpath_cmppath(NULL, NULL, NULL, 0, 0) != 0);
    puffs_stdpath_freepath(NULL, NULL);
    CHECK_EQ(puffs_path_pcnbuild(NULL, NULL, NULL), EINVAL);
    CHECK(puffs_path_walkcmp(NULL, NULL, NULL) == NULL);
    CHECK(puffs_path_prefixadj(NULL, NULL, NULL) == NULL);
    puffs_path_buildhash(NULL, NULL);
    puffs_null_setops(NULL);
    CHECK_EQ(puffs_null_fs_statvfs(NULL, NULL), EINVAL);
    CHECK_EQ(puffs_null_node_getattr(NULL, NULL, &va, NULL), EINVAL);
    CHECK_EQ(puffs_fs_suspend(NULL), EOPNOTSUPP);

    CHECK_EQ(puffs_fsnop_unmount(NULL, 0), 0);
    CHECK_EQ(puffs_fsnop_sync(NULL, 0, NULL), 0);
    CHECK_EQ(puffs_fsnop_statvfs(NULL, NULL), EINVAL);
    puffs_zerostatvfs(NULL);
    CHECK_EQ(puffs_genfs_node_getattr(NULL, NULL, &va, NULL), EINVAL);
    CHECK_EQ(puffs_genfs_node_reclaim(NULL, NULL), EINVAL);

    /* With a context, and nulls behind it. */
    PUFFSOP_INIT(pops);
    PUFFSOP_SETFSNOP(pops, unmount);
    PUFFSOP_SETFSNOP(pops, sync);
    PUFFSOP_SETFSNOP(pops, statvfs);
    pops->puffs_node_lookup = (int (*)(struct puffs_usermount *, puffs_cookie_t, struct puffs_newinfo *,
        const struct puffs_cn *))abort;
    CHECK((pu = puffs_init(pops, "a", "b", NULL, 0)) != NULL);
    FAILS(puffs_mount(pu, NULL, 0, NULL));
    FAILS(puffs_framev_enqueue_cb(pu, 0, NULL, NULL, NULL, 0));
    FAILS(puffs_framev_enqueue_justsend(pu, 0, NULL, 0, 0));
    puffs_setmntinfo(pu, NULL, NULL);
    CHECK(puffs_pn_nodewalk(pu, NULL, NULL) == NULL);
    CHECK_EQ(puffs_genfs_node_getattr(pu, NULL, &va, NULL), EINVAL);
    CHECK_EQ(puffs_genfs_node_getattr(pu, pu, NULL, NULL), EINVAL);
    CHECK_EQ(puffs_genfs_node_reclaim(pu, NULL), EINVAL);
    CHECK_EQ(puffs_path_pcnbuild(pu, NULL, NULL), EINVAL);
    puffs_path_buildhash(pu, NULL);
    CHECK_EQ(puffs_null_fs_statvfs(pu, NULL), EINVAL);
    CHECK_EQ(puffs_null_node_lookup(pu, NULL, NULL, NULL), EINVAL);
    puffs_cancel(pu, 0);
    return 0;
}
