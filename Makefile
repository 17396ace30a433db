# puffs: the front door. `make` alone lists the targets.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR ?=
CARGO ?= cargo
CC ?= cc
CXX ?= c++
INSTALL ?= install
PKG_CONFIG ?= pkg-config
# Seconds of `make fuzz` (60), and of each half of `make stress` (30). No other rung is told.
unexport DURATION
# Whether libFuzzer gets half of those of `make fuzz`: `yes`, `no`, or by itself when they are many.
GUIDED ?=
# Passed to every cargo call that builds or tests, such as `JOBS=-j2`.
JOBS ?=

# Cargo keeps to this too, when the environment says so.
TARGET := $(or $(CARGO_TARGET_DIR),target)
LIB := $(TARGET)/lib
STAGE := $(abspath $(TARGET))/stage
# Cargo tools of test-long.
TOOLS := $(abspath $(TARGET))/tools
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOVERSION := 0
# Headers with NetBSD's names: apart, for those who ask for them.
COMPATDIR := $(INCLUDEDIR)/puffs-compat
export CC CXX PKG_CONFIG

.DEFAULT_GOAL := help
# One rung after the other: cargo fills the processors, and the output stays readable.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.SUFFIXES:

include mk/lib.mk

.PHONY: help deps demo test test-long coverage tsan mutants check fmt clippy doc unit loom spin fuzz stress c-test fuse-test \
	header header-check symbols symbols-check defects-check bench bench-kmod libs kernel-lib kernel-lib-bare kmod kmod-test stage install uninstall \
	clean FORCE

help: ## List the targets
	@echo "puffs $(VERSION): file servers in user space"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | \
		while IFS='|' read -r target what; do printf '%-24s%s\n' "$$target" "$$what"; done
	@echo
	@echo "Variables: PREFIX ($(PREFIX)), LIBDIR, INCLUDEDIR, DESTDIR, CC, CXX, CARGO, JOBS, DURATION, GUIDED"

deps: ## Install missing Debian packages when root, else say which
	@CARGO='$(CARGO)' mk/deps.sh

demo: deps stage ## Mount the C memfs, work on it with real files, print what it did
	@PUFFS_STAGE='$(STAGE)$(PREFIX)' mk/demo.sh

# What both tests run.
RUNGS := check unit loom spin fuzz stress c-test kernel-lib-bare kmod-test fuse-test

test: ## Everything that CI runs
	@mk/skips.sh clear
	@$(MAKE) --no-print-directory deps $(RUNGS)
	@mk/skips.sh report
	@echo "make test: all passed"

# Longer models, an hour each of fuzz and stress if nobody says otherwise, and what nobody waits for.
LONG = $(if $(filter command environment,$(origin DURATION)),$(DURATION),3600)

test-long: ## The same with long budgets, coverage, ThreadSanitizer, mutants: hours; DURATION=seconds
	@mk/skips.sh clear
	@CARGO='$(CARGO)' mk/deps-long.sh '$(TOOLS)'
	@LOOM_MAX_PREEMPTIONS=$(or $(LOOM_MAX_PREEMPTIONS),4) KMOD_LONG=yes $(MAKE) --no-print-directory deps $(filter-out fuzz stress,$(RUNGS))
	@$(MAKE) --no-print-directory fuzz stress DURATION=$(LONG)
	@$(MAKE) --no-print-directory coverage tsan mutants bench
	@mk/skips.sh report
	@echo "make test-long: all passed"

coverage: ## Lines of puffs-core and puffs-dev that no test runs (docs/coverage.md)
	@if mk/coverage.sh '$(TOOLS)' check; then \
		CARGO='$(CARGO)' JOBS='$(JOBS)' mk/coverage.sh '$(TOOLS)' run $(TARGET)/coverage.txt; \
	else \
		mk/skips.sh add "coverage: $$(mk/coverage.sh '$(TOOLS)' check 2>&1)"; \
	fi

tsan: ## The Rust tests under ThreadSanitizer
	@if CARGO='$(CARGO)' mk/tsan.sh check; then \
		CARGO='$(CARGO)' JOBS='$(JOBS)' mk/tsan.sh run $(TARGET)/tsan-tests; \
	else \
		mk/skips.sh add "tsan: $$(CARGO='$(CARGO)' mk/tsan.sh check 2>&1)"; \
	fi

mutants: ## Changed rules that no test notices (docs/mutants.md); ARGS=arguments of cargo mutants
	@if mk/mutants.sh '$(TOOLS)' check; then \
		CARGO='$(CARGO)' mk/mutants.sh '$(TOOLS)' run $(TARGET)/mutants $(ARGS); \
	else \
		mk/skips.sh add "mutants: $$(mk/mutants.sh '$(TOOLS)' check 2>&1)"; \
	fi

check: fmt clippy doc header-check symbols-check defects-check ## Formatting, lints, documentation, headers, symbols, defects

fmt:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy $(JOBS) --workspace --all-targets --features c-tests/fuse -- -D warnings
	$(CARGO) clippy $(JOBS) -p puffs-ffi --no-default-features --profile kernel --target-dir $(FFI) -- -D warnings

doc:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(JOBS) --workspace --no-deps --quiet

unit: ## Tests of the Rust crates
	$(CARGO) test $(JOBS) --workspace --exclude c-tests -- --skip loom

loom: ## Models of the races of queue and device, all schedules up to a bound
	$(CARGO) test $(JOBS) -p puffs-core --features std --test loom
	$(CARGO) test $(JOBS) -p puffs-dev --test loom

spin: ## Models of hand-over and death: what must happen at last
	@CC='$(CC)' mk/spin-check.sh

fuzz: ## Hostile servers and kernels, other ones each time, for DURATION seconds (60)
	@CARGO='$(CARGO)' JOBS='$(JOBS)' DURATION='$(or $(DURATION),60)' GUIDED='$(GUIDED)' mk/fuzz.sh

# SEED= repeats the choices of an earlier run.
stress: stage kernel-lib ## Callers, servers and deaths at random, in Rust and in C: DURATION= seconds each (30)
	DURATION=$(or $(DURATION),30) $(CARGO) test $(JOBS) -p puffs-dev --test stress -- --nocapture
	DURATION=$(or $(DURATION),30) PUFFS_STAGE='$(STAGE)$(PREFIX)' PUFFS_KERNEL_LIB='$(abspath $(LIB))/libpuffs-kernel.a' \
		$(CARGO) test $(JOBS) -p c-tests --test programs -- stress::kernel::c11::plain

c-test: stage kernel-lib $(LIB)/libpuffs-kernel-asan.a ## C programs against a staged install
	@if mk/bare-toolchain.sh 2>/dev/null; then \
		$(MAKE) --no-print-directory $(LIB)/libpuffs-kernel-tsan.a; \
	else \
		rm -f $(LIB)/libpuffs-kernel-tsan.a; \
		mk/skips.sh add "c-test: ThreadSanitizer sees the C side of the kernel library only: $$(mk/bare-toolchain.sh 2>&1)"; \
	fi
	PUFFS_STAGE='$(STAGE)$(PREFIX)' PUFFS_KERNEL_LIB='$(abspath $(LIB))/libpuffs-kernel.a' $(CARGO) test $(JOBS) -p c-tests

fuse-test: stage ## Real mounts through /dev/fuse
	@if mk/can-mount.sh; then \
		set -ex; \
		$(CARGO) test $(JOBS) -p puffs-fuse -p puffs-server -- --ignored --test-threads=1; \
		$(CARGO) build $(JOBS) -p puffs-server --example memfs; \
		PUFFS_STAGE='$(STAGE)$(PREFIX)' PUFFS_RUST_MEMFS='$(abspath $(TARGET))/debug/examples/memfs' \
			$(CARGO) test $(JOBS) -p c-tests --features fuse --test fuse --test checklist; \
	else \
		mk/skips.sh add "fuse-test: $$(mk/can-mount.sh 2>&1)"; \
	fi

header: ## Regenerate include/
	$(CARGO) run $(JOBS) --quiet -p puffs-headers -- include

header-check: ## Fail when include/ is not what the sources say
	@rm -rf $(TARGET)/headers
	$(CARGO) run $(JOBS) --quiet -p puffs-headers -- $(TARGET)/headers
	@diff -u -x README.md -x compat include $(TARGET)/headers || \
		{ echo "include/ differs from what the sources say: run make header, and do not edit it by hand" >&2; exit 1; }
	@# As a server of 32 bits sees it, without its C library, where the compiler knows such machines.
	@! echo | $(CC) -m32 -ffreestanding -fsyntax-only -xc - 2>/dev/null || \
		printf '#include <stdint.h>\n#include <stddef.h>\n#include <stdbool.h>\n#define _IOWR(a, b, c) 0\n#include "puffs_msgif.h"\n' | \
		$(CC) -m32 -ffreestanding -fsyntax-only -DPUFFS_KERNEL -Iinclude -xc -

symbols: $(RAW_HOSTED) $(RAW_KERNEL) ## Regenerate the lists of exported symbols
	mk/symbols.sh write '$(RAW_HOSTED)' puffs-ffi/libpuffs.map
	mk/symbols.sh write '$(RAW_KERNEL)' puffs-ffi/libpuffs-kernel.map

symbols-check: libs kernel-lib ## Compare exports with the lists and with the headers
	mk/symbols.sh check '$(RAW_HOSTED)' puffs-ffi/libpuffs.map '$(LIB)/libpuffs.a' '$(LIB)/$(SO)'
	mk/symbols.sh check '$(RAW_KERNEL)' puffs-ffi/libpuffs-kernel.map '$(LIB)/libpuffs-kernel.a'
	mk/symbols.sh headers puffs-ffi/libpuffs.map include/puffs_msgif.h include/puffs_sys.h include/puffs_vfs.h include/puffs.h \
		$$(find include/compat -name '*.h')
	mk/symbols.sh headers puffs-ffi/libpuffs-kernel.map include/puffs_msgif.h include/puffs_sys.h include/puffs_vfs.h

defects-check: ## Fail when docs/defects.md names a test that does not exist
	@mk/defects-check.sh

bench: ## Measure beside peers: case, ours, peer, ratio; JSON=file for machines
	@$(CARGO) build $(JOBS) --release -p bench
	@JSON='$(JSON)' $(TARGET)/release/bench

bench-kmod: ## Measure the module beside fuse.ko, in QEMU (docs/bench-kmod.md); SIDES=, ROUNDS=
	@mk/kmod-bench.sh check '$(KMOD)'
	@$(MAKE) --no-print-directory kmod stage
	@PUFFS_STAGE='$(STAGE)$(PREFIX)' mk/kmod-bench.sh build '$(KMOD)'
	@PUFFS_STAGE='$(STAGE)$(PREFIX)' mk/kmod-bench.sh run '$(KMOD)'

libs: $(LIB)/libpuffs.a $(LIB)/$(SO) $(LIB)/puffs.pc $(LIB)/puffs-compat.pc ## Build libpuffs.a and libpuffs.so

kernel-lib: $(LIB)/libpuffs-kernel.a ## The library that a kernel links, for this machine's processes

kernel-lib-bare: ## The same for a bare machine, without infallible allocation
	@if mk/bare-toolchain.sh; then \
		$(MAKE) --no-print-directory bare-checked; \
	else \
		mk/skips.sh add "kernel-lib-bare: $$(mk/bare-toolchain.sh 2>&1)"; \
	fi

KMOD := $(TARGET)/kmod

kmod: ## The Linux module puffs.ko, for KERNEL= (the newest with headers here)
	@if mk/kmod.sh check; then \
		set -e; \
		$(MAKE) --no-print-directory bare-checked; \
		mk/kmod.sh build '$(LIB)/libpuffs-bare.a' '$(KMOD)/plain'; \
		mk/kmod-check.sh '$(KMOD)/plain' mk/bare-allowed.txt; \
	else \
		mk/skips.sh add "kmod: $$(mk/kmod.sh check 2>&1)"; \
	fi

kmod-test: ## Boot Debian's kernel in QEMU and test the module there; ONLY=test
	@if mk/kmod-vm.sh check '$(KMOD)'; then \
		set -e; \
		$(MAKE) --no-print-directory kmod stage; \
		mk/kmod.sh build '$(LIB)/libpuffs-bare.a' '$(KMOD)/load' load; \
		mk/kmod-check.sh '$(KMOD)/load' mk/bare-allowed.txt >/dev/null; \
		CARGO='$(CARGO)' ONLY='$(ONLY)' PUFFS_STAGE='$(STAGE)$(PREFIX)' exec mk/kmod-vm.sh run '$(KMOD)'; \
	else \
		mk/skips.sh add "kmod-test: $$(mk/kmod-vm.sh check '$(KMOD)' 2>&1)"; \
	fi

stage:
	@rm -rf '$(STAGE)'
	@$(MAKE) --no-print-directory install DESTDIR='$(STAGE)'

install: libs ## Install libraries, headers and what pkg-config knows of them
	$(INSTALL) -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 644 $(LIB)/libpuffs.a '$(DESTDIR)$(LIBDIR)/libpuffs.a'
	$(INSTALL) -m 755 $(LIB)/$(SO) '$(DESTDIR)$(LIBDIR)/$(SO)'
	ln -sf $(SO) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libpuffs.so'
	$(INSTALL) -m 644 $(LIB)/puffs.pc $(LIB)/puffs-compat.pc '$(DESTDIR)$(LIBDIR)/pkgconfig'
	$(INSTALL) -m 644 include/*.h '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -d '$(DESTDIR)$(COMPATDIR)/sys' '$(DESTDIR)$(COMPATDIR)/fs/puffs'
	$(INSTALL) -m 644 include/compat/*.h '$(DESTDIR)$(COMPATDIR)'
	$(INSTALL) -m 644 include/compat/sys/*.h '$(DESTDIR)$(COMPATDIR)/sys'
	$(INSTALL) -m 644 include/compat/fs/puffs/*.h '$(DESTDIR)$(COMPATDIR)/fs/puffs'

uninstall: ## Remove what install put there
	cd include && for header in *.h; do rm -f '$(DESTDIR)$(INCLUDEDIR)'/"$$header"; done
	cd include/compat && for header in *.h sys/*.h fs/puffs/*.h; do rm -f '$(DESTDIR)$(COMPATDIR)'/"$$header"; done
	@test ! -d '$(DESTDIR)$(COMPATDIR)' || rmdir --ignore-fail-on-non-empty '$(DESTDIR)$(COMPATDIR)/sys' '$(DESTDIR)$(COMPATDIR)/fs/puffs' \
		'$(DESTDIR)$(COMPATDIR)/fs' '$(DESTDIR)$(COMPATDIR)'
	rm -f '$(DESTDIR)$(LIBDIR)/pkgconfig/puffs.pc' '$(DESTDIR)$(LIBDIR)/pkgconfig/puffs-compat.pc' '$(DESTDIR)$(LIBDIR)/libpuffs.a' '$(DESTDIR)$(LIBDIR)/libpuffs.so' \
		'$(DESTDIR)$(LIBDIR)/$(SONAME)' '$(DESTDIR)$(LIBDIR)/$(SO)'

clean: ## Remove everything that was built
	$(CARGO) clean
