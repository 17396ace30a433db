/*
 * device.c: /dev/puffs. Each open is an instance of the library's, which does all the rest.
 *
 * The owner of an open file is the process that serves it: who started, or fetched, last. When the owner exits with the file open, its
 * file system dies, whoever else has it open, such as a child that inherited it and knows nothing of it. Otherwise that happens at the
 * last close. So one process serves; a server that goes on in a child lets that fetch, or start, before the parent exits.
 *
 * The node has mode 0600; with the parameter `group` it is 0660 and that group's.
 */
#include <linux/bitops.h>
#include <linux/cdev.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/version.h>

#include "kmod.h"

struct opened {
	struct puffs_instance *o_pi;
	pid_t o_owner;			/* 0: nobody has served yet */
	unsigned long o_flags;
#define CLOSED 0
};

static int group = -1;
module_param(group, int, 0444);
MODULE_PARM_DESC(group, "Id of the group that may open /dev/puffs (default: root only)");

static const struct file_operations puffs_fops;

struct puffs_instance *
puffs_device_instance(struct file *file)
{
	struct opened *o = file->private_data;

	return file->f_op == &puffs_fops ? puffs_instance_ref(o->o_pi) : NULL;
}

/* Closes the instance, once. What is in progress on the file, and what still comes, finds it closed. */
static void
close_instance(struct opened *o)
{

	if (!test_and_set_bit(CLOSED, &o->o_flags))
		(void)puffs_fop_close(puffs_instance_ref(o->o_pi), NULL);
}

static int
device_open(struct inode *inode, struct file *file)
{
	struct lwp l = {
		.l_pid = task_tgid_nr(current),
		.l_uid = from_kuid(&init_user_ns, current_euid()),
		.l_gid = from_kgid(&init_user_ns, current_egid()),
	};
	struct opened *o;
	int error;

	if ((o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT)) == NULL)
		return -ENOMEM;
	if ((error = puffscdopen(PUFFS_CLONER, 0, 0, &l)) != 0) {
		kfree(o);
		return -error;
	}
	o->o_pi = (struct puffs_instance *)l.l_dupfd;
	file->private_data = o;
	return stream_open(inode, file);
}

/*
 * Each close of a descriptor comes here, the last ones of an exiting process included, but not that of a descriptor that
 * is merely one of several. A thread that shares no descriptors with its process closes its own when it ends, which means nothing while
 * others of the process live.
 */
static int
device_flush(struct file *file, fl_owner_t id)
{
	struct opened *o = file->private_data;

	if ((current->flags & PF_EXITING) && atomic_read(&current->signal->live) == 0 &&
	    READ_ONCE(o->o_owner) == task_tgid_nr(current))
		close_instance(o);
	return 0;
}

static int
device_release(struct inode *inode, struct file *file)
{
	struct opened *o = file->private_data;

	close_instance(o);
	puffs_instance_rele(o->o_pi);
	kfree(o);
	return 0;
}

static long
device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct opened *o = file->private_data;
	bool sleeps = cmd == PUFFSGETOP || cmd == PUFFSBATCH;
	int error;

	/* The mode of the file is what open and fcntl and FIONBIO, which does not come here, set. */
	if (sleeps)
		puffs_fop_nonblock(o->o_pi, (file->f_flags & O_NONBLOCK) != 0);
	if ((sleeps || cmd == PUFFSSTARTOP) && READ_ONCE(o->o_owner) != task_tgid_nr(current))
		WRITE_ONCE(o->o_owner, task_tgid_nr(current));
	error = puffs_fop_ioctl(o->o_pi, cmd, (void *)arg, NULL);
	/* Never made again, even if a signal came as well: the server is to see that it was woken. */
	if (error == EWOKEN)
		return -EINTR;
	/*
	 * EINTR for a handler that wants it; otherwise the call is made again, which loses nothing: answers that were taken have no
	 * id any more.
	 */
	if (sleeps && error == EINTR && signal_pending(current))
		return -ERESTARTSYS;
	return -error;
}

#ifdef CONFIG_COMPAT
static long
device_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{

	if ((cmd = puffs_compat_cmd(cmd, &arg)) == 0)
		return -EINVAL;
	return device_ioctl(file, cmd, arg);
}
#endif

static __poll_t
device_poll(struct file *file, poll_table *wait)
{
	struct opened *o = file->private_data;

	poll_wait(file, puffs_fop_pollpoint(o->o_pi), wait);
	return (__force __poll_t)puffs_fop_poll(o->o_pi, (__force int)poll_requested_events(wait), NULL);
}

/* A server neither reads nor writes. */
static ssize_t
device_read(struct file *file, char __user *buf, size_t len, loff_t *off)
{
	struct opened *o = file->private_data;

	return -puffs_fop_read(o->o_pi, NULL, NULL, NULL, 0);
}

static ssize_t
device_write(struct file *file, const char __user *buf, size_t len, loff_t *off)
{
	struct opened *o = file->private_data;

	return -puffs_fop_write(o->o_pi, NULL, NULL, NULL, 0);
}

static const struct file_operations puffs_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.flush = device_flush,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = device_compat_ioctl,
#endif
	.poll = device_poll,
	.read = device_read,
	.write = device_write,
};

/*
 * The node. A misc device could not have a group.
 */

static dev_t number;
static struct cdev cdev;
static struct device *device;

static char *
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
device_node(const struct device *dev, umode_t *mode, kuid_t *uid, kgid_t *gid)
#else
device_node(struct device *dev, umode_t *mode, kuid_t *uid, kgid_t *gid)
#endif
{
	kgid_t wanted = make_kgid(&init_user_ns, (gid_t)group);

	/* When the node goes, only its name is asked for. */
	if (mode == NULL || gid == NULL)
		return NULL;
	if (group >= 0 && gid_valid(wanted)) {
		*mode = 0660;
		*gid = wanted;
	} else
		*mode = 0600;
	return NULL;
}

static const struct device_type puffs_type = {
	.name = "puffs",
	.devnode = device_node,
};

static struct class puffs_class = {
	.name = "puffs",
};

static void
device_freed(struct device *dev)
{

	kfree(dev);
}

int
puffs_device_init(void)
{
	int error;

	if ((error = class_register(&puffs_class)) != 0)
		return error;
	if ((error = alloc_chrdev_region(&number, 0, 1, "puffs")) != 0)
		goto out_class;
	cdev_init(&cdev, &puffs_fops);
	cdev.owner = THIS_MODULE;
	if ((error = cdev_add(&cdev, number, 1)) != 0)
		goto out_number;
	error = -ENOMEM;
	if ((device = kzalloc(sizeof(*device), GFP_KERNEL)) == NULL)
		goto out_cdev;
	device_initialize(device);
	device->devt = number;
	device->class = &puffs_class;
	device->type = &puffs_type;
	device->release = device_freed;
	if ((error = dev_set_name(device, "puffs")) != 0 || (error = device_add(device)) != 0)
		goto out_device;
	return 0;

out_device:
	put_device(device);
out_cdev:
	cdev_del(&cdev);
out_number:
	unregister_chrdev_region(number, 1);
out_class:
	class_unregister(&puffs_class);
	return error;
}

void
puffs_device_exit(void)
{

	device_unregister(device);
	cdev_del(&cdev);
	unregister_chrdev_region(number, 1);
	class_unregister(&puffs_class);
}
