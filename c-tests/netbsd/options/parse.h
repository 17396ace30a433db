/*
 * parse.h: the options that every server has, understood as each of them does; printed instead of mounted. It includes nothing: what
 * it needs comes from the headers that the program has included.
 */
#ifndef OPTSTRING
#define OPTSTRING "o:s"
#endif

static void usage(void);
static void
usage(void)
{

	errx(1, "usage: %s [-s] [-o options] mountpoint", getprogname());
}

int
main(int argc, char *argv[])
{
	mntoptparse_t mp;
	int mntflags, pflags, detach, ch;

	setprogname(argv[0]);
	mntflags = pflags = 0;
	detach = 1;
	while ((ch = getopt(argc, argv, OPTSTRING)) != -1) {
		switch (ch) {
		case 'o':
			mp = getmntopts(optarg, puffsmopts, &mntflags, &pflags);
			if (mp == NULL)
				err(1, "getmntopts");
			freemntopts(mp);
			break;
		case 's':
			detach = 0;
			break;
		default:
			usage();
			/*NOTREACHED*/
		}
	}
	argc -= optind;
	argv += optind;
	if (argc != 1)
		usage();
	if (pflags & PUFFS_FLAG_OPDUMP)
		detach = 0;
	speciality();
	printf("%s %s %#x %#x %d\n", getprogname(), argv[0], (unsigned)mntflags, (unsigned)pflags, detach);
	return 0;
}
