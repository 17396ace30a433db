/*
 * kmod.h: what the files of puffs.ko share.
 */
#ifndef PUFFS_KMOD_H
#define PUFFS_KMOD_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <linux/printk.h>

#undef pr_fmt
#define pr_fmt(fmt) "puffs: " fmt

/* Our headers include nothing in a kernel, which has their names but for this one. */
#ifndef UINT64_MAX
#define UINT64_MAX U64_MAX
#endif
#define PUFFS_KERNEL
#include <puffs_msgif.h>
#include <puffs_sys.h>

/* hooks.c */
/* What a fetch returns that PUFFSWAKE ended: no errno of Linux', which tells it from one that a signal ended. */
#define EWOKEN MAX_ERRNO
extern const struct puffs_hooks puffs_linux;
/* Pieces of memory that the library holds. */
long puffs_pieces(void);

/* device.c */
int puffs_device_init(void);
void puffs_device_exit(void);
/*
 * The instance behind an open /dev/puffs, with a reference that puffs_instance_rele gives back; NULL when the file is another.
 */
struct puffs_instance *puffs_device_instance(struct file *file);

/* super.c, where `mount -t puffs` begins; vfs.h has the rest of it. */
int puffs_super_init(void);
void puffs_super_exit(void);

/* compat.c: the calls of a 32-bit server, whose structures are smaller. */
#ifdef CONFIG_COMPAT
/* The same command for ours, and the address of its argument as the library is to see it; 0 when there is none such. */
unsigned int puffs_compat_cmd(unsigned int cmd, unsigned long *arg);
/* Whether an address is one of those, and copies from and to there: 0 or -EFAULT. */
bool puffs_compat_addr(const void *uaddr);
int puffs_compat_in(const void *uaddr, void *kaddr, size_t len);
int puffs_compat_out(const void *kaddr, void *uaddr, size_t len);
#else
static inline bool puffs_compat_addr(const void *uaddr) { return false; }
static inline int puffs_compat_in(const void *uaddr, void *kaddr, size_t len) { return -EFAULT; }
static inline int puffs_compat_out(const void *kaddr, void *uaddr, size_t len) { return -EFAULT; }
#endif

/* load.c, which the module that is installed does not have. */
#ifdef PUFFS_LOAD
int puffs_load_init(void);
void puffs_load_exit(void);
#else
static inline int puffs_load_init(void) { return 0; }
static inline void puffs_load_exit(void) { }
#endif

#endif
