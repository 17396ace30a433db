# How the libraries are made. Cargo builds archives in a directory of their own, since `cargo build` writes others of the same
# name; mk/one-object.sh then makes the archive that is linked and installed.

SONAME := libpuffs.so.$(SOVERSION)
SO := libpuffs.so.$(VERSION)

FFI := $(TARGET)/ffi
RAW_HOSTED := $(FFI)/release/libpuffs.a
RAW_KERNEL := $(FFI)/kernel/libpuffs.a
KERNEL_ARGS := -p puffs-ffi --profile kernel --no-default-features --crate-type staticlib
RAW_BARE := $(TARGET)/bare/x86_64-unknown-none/kernel/libpuffs.a

# A recipe that cargo finds nothing to do for leaves its file, and what depends on it, alone.
$(RAW_HOSTED): FORCE
	@mkdir -p $(LIB)
	$(CARGO) rustc $(JOBS) -p puffs-ffi --release --crate-type staticlib --target-dir $(FFI) -- \
		--print native-static-libs 2>$(LIB)/rustc.log || { cat $(LIB)/rustc.log >&2; exit 1; }

$(RAW_KERNEL): FORCE
	$(CARGO) rustc $(JOBS) $(KERNEL_ARGS) --target-dir $(FFI)

# What a program that links libpuffs.a needs besides.
$(LIB)/native-libs: $(RAW_HOSTED)
	sed -n 's/^note: native-static-libs: //p' $(LIB)/rustc.log | head -n 1 >$@
	test -s $@

$(LIB)/libpuffs.a: $(RAW_HOSTED) puffs-ffi/libpuffs.map mk/one-object.sh
	mk/one-object.sh $(RAW_HOSTED) puffs-ffi/libpuffs.map $@

$(LIB)/libpuffs-kernel.a: $(RAW_KERNEL) puffs-ffi/libpuffs-kernel.map mk/one-object.sh
	mk/one-object.sh $(RAW_KERNEL) puffs-ffi/libpuffs-kernel.map $@

$(LIB)/$(SO): $(LIB)/libpuffs.a $(LIB)/native-libs puffs-ffi/libpuffs.map
	$(CC) -shared $(LDFLAGS) -Wl,-soname,$(SONAME) -Wl,--version-script=puffs-ffi/libpuffs.map -Wl,-z,defs -Wl,-z,relro,-z,now \
		-Wl,--whole-archive $(LIB)/libpuffs.a -Wl,--no-whole-archive -Wl,--as-needed $$(cat $(LIB)/native-libs) -o $@

# Written anew each time: it depends on the variables of this call.
$(LIB)/puffs.pc $(LIB)/puffs-compat.pc: $(LIB)/%.pc: puffs-ffi/%.pc.in $(LIB)/native-libs FORCE
	@sed -e 's|@PREFIX@|$(PREFIX)|' \
		-e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
		-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' \
		-e 's|@VERSION@|$(VERSION)|' -e "s|@NATIVE_LIBS@|$$(cat $(LIB)/native-libs)|" $< >$@

# The kernel library with sanitizers, for the programs of c-tests that are compiled with them by $(CC). AddressSanitizer is content
# with a `core` that has none of it; ThreadSanitizer wants all of it, and so the library sources of Debian's rustc.
HOST = $(shell $(CARGO) -vV | sed -n 's/^host: //p')
RAW_ASAN = $(TARGET)/asan/$(HOST)/kernel/libpuffs.a
RAW_TSAN = $(TARGET)/tsan/$(HOST)/kernel/libpuffs.a

$(LIB)/libpuffs-kernel-asan.a: puffs-ffi/libpuffs-kernel.map mk/one-object.sh FORCE
	RUSTC_BOOTSTRAP=1 RUSTFLAGS='-Zsanitizer=address -Zexternal-clangrt' \
		$(CARGO) rustc $(JOBS) $(KERNEL_ARGS) --target-dir $(TARGET)/asan --target $(HOST)
	mk/one-object.sh $(RAW_ASAN) puffs-ffi/libpuffs-kernel.map $@

$(LIB)/libpuffs-kernel-tsan.a: puffs-ffi/libpuffs-kernel.map mk/one-object.sh FORCE
	RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTFLAGS='-Zsanitizer=thread -Zexternal-clangrt' \
		/usr/bin/cargo rustc $(JOBS) $(KERNEL_ARGS) --target-dir $(TARGET)/tsan --target $(HOST) -Zbuild-std=core,alloc
	mk/one-object.sh $(RAW_TSAN) puffs-ffi/libpuffs-kernel.map $@

# The bare machine: Debian's rustc, since the library sources that -Zbuild-std wants come with it. With
# no_global_oom_handling the functions of `alloc` that cannot report failure do not exist. A processor that tracks indirect
# branches wants them to land on an instruction of their own (-Zcf-protection), which to others is none.
BARE_FLAGS := -Crelocation-model=static -Ccode-model=kernel -Cforce-unwind-tables=no -Cjump-tables=no -Zplt=yes \
	-Zfunction-return=thunk-extern -Zretpoline-external-thunk -Zindirect-branch-cs-prefix \
	-Zcf-protection=branch --cfg no_global_oom_handling

$(RAW_BARE): FORCE
	RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTFLAGS='$(BARE_FLAGS)' \
		/usr/bin/cargo rustc $(JOBS) $(KERNEL_ARGS) --target-dir $(TARGET)/bare --target x86_64-unknown-none \
		-Zbuild-std=core,alloc

$(LIB)/libpuffs-bare.a: $(RAW_BARE) puffs-ffi/libpuffs-kernel.map mk/one-object.sh
	mk/one-object.sh $(RAW_BARE) puffs-ffi/libpuffs-kernel.map $@

.PHONY: bare-checked
bare-checked: $(LIB)/libpuffs-bare.a
	mk/bare-check.sh $< mk/bare-allowed.txt
	mk/panics.sh $< docs/panics.md
