/*
 * main.c: puffs.ko comes and goes.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "kmod.h"

static int __init
puffs_init(void)
{
	int error;

	if ((error = puffs_attach(&puffs_linux)) != 0)
		return -error;
	if ((error = puffs_load_init()) != 0)
		return error;
	/* From here on others may come: whoever knows the type finds the device. */
	if ((error = puffs_device_init()) != 0)
		goto out_load;
	if ((error = puffs_super_init()) != 0)
		goto out_device;
	return 0;

out_device:
	puffs_device_exit();
out_load:
	puffs_load_exit();
	return error;
}

/* Open files and mounts hold the module, so nothing can be alive; if something is, that is a bug, and the log has it. */
static void __exit
puffs_exit(void)
{
	size_t mounts, instances, alive;
	long pieces;

	puffs_super_exit();
	puffs_device_exit();
	puffs_load_exit();
	if ((alive = puffs_detach(&mounts, &instances)) != 0)
		pr_err("unloaded with %zu mounts, %zu open instances and %zu watchers alive\n", mounts, instances,
		    alive - mounts - instances);
	if ((pieces = puffs_pieces()) != 0)
		pr_err("unloaded with %ld pieces of memory not freed\n", pieces);
}

module_init(puffs_init);
module_exit(puffs_exit);

MODULE_DESCRIPTION("File servers in user space");
MODULE_VERSION(PUFFS_VERSION_STRING);
/* BSD-2-Clause, as the kernel spells it. */
MODULE_LICENSE("Dual BSD/GPL");
