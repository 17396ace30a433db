/*
 * who.c: who asks, how patiently, and who may.
 */
#include <linux/cred.h>
#include <linux/sched.h>

#include "vfs.h"

/* Groups above 16 are left out (pvc_groups). */
const struct puffs_vcall *
puffs_asker(struct asker *a)
{
	const struct cred *cred = current_cred();
	const struct group_info *groups = cred->group_info;
	size_t i, n = min_t(size_t, groups->ngroups, ARRAY_SIZE(a->a_groups));

	if (current->flags & PF_KTHREAD)
		return puffs_asker_fs(a);
	for (i = 0; i < n; i++)
		a->a_groups[i] = from_kgid(&init_user_ns, groups->gid[i]);
	a->a_call = (struct puffs_vcall){
		.pvc_size = sizeof(a->a_call),
		.pvc_cred = PUFFS_MSG_CRED_USER,
		.pvc_timeout_ns = current->flags & PF_EXITING ? PUFFS_UNKILLABLE_NS : 0,
		.pvc_pid = task_tgid_nr(current),
		.pvc_lwp = task_pid_nr(current),
		.pvc_uid = from_kuid(&init_user_ns, cred->fsuid),
		.pvc_gid = from_kgid(&init_user_ns, cred->fsgid),
		.pvc_groups = a->a_groups,
		.pvc_ngroups = n,
	};
	return &a->a_call;
}

const struct puffs_vcall *
puffs_asker_fs(struct asker *a)
{

	a->a_call = (struct puffs_vcall){
		.pvc_size = sizeof(a->a_call),
		.pvc_cred = PUFFS_MSG_CRED_FS,
		.pvc_timeout_ns = puffs_unkillable() ? PUFFS_UNKILLABLE_NS : 0,
	};
	return &a->a_call;
}

/*
 * A server sees what its users do, and can make them wait: not everybody wants that from somebody else's.
 */
bool
puffs_may_use(const struct mounted *m)
{
	const struct cred *cred = current_cred();

	return m->m_allow_other || (uid_eq(cred->uid, m->m_uid) && uid_eq(cred->euid, m->m_uid) &&
	    uid_eq(cred->suid, m->m_uid));
}
