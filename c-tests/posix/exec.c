/*
 * exec.c: programs that are run from the file system, and ETXTBSY.
 */
#include "posix.h"

#include <sys/sendfile.h>

static int
run_it(const char *path)
{
	int status;
	pid_t pid = spawn();

	if (pid == 0) {
		freopen("/dev/null", "r", stdin);
		execl(path, path, "-w", (char *)NULL);
		_exit(errno);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	errno = WEXITSTATUS(status);
	return errno == 0 ? 0 : -1;
}

void
topic_exec(void)
{
	int in, out, pipes[2];
	pid_t pid;

	scene("run");
	in = (int)MUST(open("/proc/self/exe", O_RDONLY));
	out = (int)MUST(open("program", O_CREAT | O_WRONLY, 0755));
	while (sendfile(out, in, NULL, 1 << 20) > 0)
		continue;
	FAILS(ETXTBSY, run_it("./program")); /* open for writing */
	close(out);
	OK(run_it("./program"));
	scene("rights");
	MUST(chmod("program", 0644));
	FAILS(EACCES, run_it("./program"));
	MUST(chmod("program", 0711));
	AS(ALICE) {
		OK(run_it("./program")); /* not to be read, but to be run */
		FAILS(EACCES, open("program", O_RDONLY));
	}
	MUST(chmod("program", 0744));
	AS(ALICE) {
		FAILS(EACCES, run_it("./program"));
	}
	put("text", "no program");
	MUST(chmod("text", 0755));
	FAILS(ENOEXEC, run_it("./text"));
	dir("d");
	FAILS(EACCES, run_it("./d"));
	FAILS(ENOENT, run_it("./none"));
	scene("a script");
	MUST(chmod("program", 0755));
	put("script", "#!/bin/sh\nexit 0\n");
	MUST(chmod("script", 0755));
	OK(run_it("./script"));
	put("script", "#!./nothing\n");
	FAILS(ENOENT, run_it("./script"));
	scene("running");
	MUST(chmod("program", 0755));
	MUST(pipe2(pipes, O_CLOEXEC));
	if ((pid = spawn()) == 0) {
		dup2(pipes[0], 0);
		execl("./program", "./program", "-w", (char *)NULL);
		_exit(1);
	}
	/* It runs when its pipe is only in its own hands, which is when /proc says so. */
	{
		char link[64], exe[4096];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/%d/exe", pid);
		do
			n = readlink(link, exe, sizeof(exe));
		while (n < 8 || memcmp(exe + n - 8, "/program", 8) != 0);
	}
	FAILS(ETXTBSY, open("program", O_WRONLY));
	FAILS(ETXTBSY, truncate("program", 0));
	OK(close(open("program", O_RDONLY)));
	OK(rename("program", "renamed"));
	OK(unlink("renamed"));
	close(pipes[1]);
	reap(pid);
	scene("times");
	out = (int)MUST(open("program", O_CREAT | O_WRONLY, 0755));
	MUST(lseek(in, 0, SEEK_SET));
	while (sendfile(out, in, NULL, 1 << 20) > 0)
		continue;
	close(out);
	close(in);
	mark("program");
	forget();
	OK(run_it("./program"));
	MOVED("a", "program");
}
