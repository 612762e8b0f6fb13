# SPDX-License-Identifier: BSD-2-Clause
# guest.mk: what is booted as a guest: our programs, each with either C library, and programs of others.

# Every guest/apps/APP.c, or folder guest/apps/APP, is one; so are the pair tests' own in tests/pair/guest. There is one
# for each C library: build/LIBC/guest-APP.elf. guest/libc/LIBC.c, or the folder of that name, is what only that library
# needs.
KERN_OBJS  = $(call objects,guest,common/lib guest/kern guest/fs arch/x86_64/guest)
LIBC_SRCS  = $(filter-out guest/libc/picolibc.c,$(wildcard guest/libc/*.c))
libc_objs  = $(patsubst %,build/$1/%.o,$(LIBC_SRCS) $(wildcard guest/libc/$1.c guest/libc/$1/*.c))
GUEST_LD   = arch/x86_64/guest/link.ld
APP_ROOMS  = guest/apps tests/pair/guest
app_names  = $(basename $(notdir $(wildcard $1/*.c) $(patsubst %/,%,$(wildcard $1/*/))))
NO_APPS    = conf $(if $(wildcard build/sqlite/unavailable),sql)
APPS       = $(filter-out $(NO_APPS),$(sort $(foreach r,$(APP_ROOMS),$(call app_names,$r))))
app_srcs   = $(foreach r,$(APP_ROOMS),$(wildcard $r/$1.c $r/$1/*.c))
guests     = $(foreach a,$(APPS),build/$1/guest-$a.elf build/$1/guest-$a.elf32)
GUESTS     = $(foreach l,$(LIBCS),$(call guests,$l)) build/guest-conf.elf build/guest-conf.elf32

# The conformance image is a kernel of its own, which takes from ours the way from the loader to C, and the console.
CONF_OBJS  = $(call objects,guest,guest/apps/conf common/lib) \
             $(patsubst %,build/guest/arch/x86_64/guest/%.o,head.S boot_info.c uart.c) \
             build/guest/guest/kern/boot.c.o

# guest NAME OBJECTS: one link gives the PVH image (ELF64) and the multiboot image (ELF32). The former goes without the
# multiboot header, because QEMU takes no ELF64 that has one.
define guest
build/$1.link: $2 $(GUEST_LD)
	$$(call say,LINK,$$@)
	$$Q$$(LINK) -T $(GUEST_LD) -o $$@ $$(filter %.o %.a,$$^)
build/$1.elf: build/$1.link
	$$Q$(PVH) $$< $$@
build/$1.elf32: build/$1.link
	$$Q$(MULTIBOOT) $$< $$@
endef
PVH       = $(OBJCOPY) --strip-debug -R .multiboot
MULTIBOOT = $(OBJCOPY) --strip-debug -O elf32-i386
cc_objs  = $(KERN_OBJS) $(call libc_objs,$1) $(call libc_a,$1) build/libgcc.a
app_objs = $(patsubst %,build/$1/%.o,$(call app_srcs,$2)) $(FOREIGN_$2:%=build/$1/foreign/%.c.o) $(call cc_objs,$1)
FOREIGN_sql = sqlite3
$(foreach l,$(LIBCS),$(foreach a,$(APPS),$(eval $(call guest,$l/guest-$a,$(call app_objs,$l,$a)))))
$(eval $(call guest,guest-conf,$(CONF_OBJS)))

# What images/cc needs for programs of others: the same flags, and what is linked to each program.
cc_link  = $(LINK_FLAGS) -T $(TOP)$(GUEST_LD) -L$(TOP)build/libc/$1/lib
CC_CONFS = $(LIBCS:%=build/%/cc.conf)
$(CC_CONFS): TOP = $(CURDIR)/
define cc_conf
build/$1/cc.conf: $(call cc_objs,$1) $(GUEST_LD) Makefile guest/guest.mk
	$$(call say,CONF,$$@)
	@printf '%s\n' 'flags="-nostdinc -isystem $$(GCC_INC) $$(call libc_FLAGS,$1)"' \
	    'ring0="$$(RING0) -fstack-clash-protection"' \
	    'link="$$(call cc_link,$1)"' 'objects="$$(addprefix $$(TOP),$$(call cc_objs,$1))"' \
	    'pvh="$$(PVH)"' 'multiboot="$$(MULTIBOOT)"' >$$@
endef
$(foreach l,$(LIBCS),$(eval $(call cc_conf,$l)))

# Of gcc's own library what may run where interrupts use the stack of whom they interrupt: what keeps no red zone.
build/libgcc.a: images/libgcc.sh
	$(call say,AR,$@)
	$Qimages/libgcc.sh $@

# Programs of others.
build/%/lua.elf: images/lua.sh images/source.sh images/cc build/%/cc.conf
	$(call say,LUA,$@)
	$Qimages/lua.sh $* $@

# SQLite, unmodified. The options are those by which Debian's own answers as it does, and what keeps a connection small:
# it has to live beside its data's pages.
SQLITE_OPTIONS = -DSQLITE_THREADSAFE=1 -DSQLITE_USE_URI=1 -DSQLITE_OMIT_LOAD_EXTENSION \
                 -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_LIKE_DOESNT_MATCH_BLOBS \
                 -DSQLITE_MAX_MMAP_SIZE=0x7fff0000 -DSQLITE_DEFAULT_MMAP_SIZE=0x7fff0000 \
                 -DSQLITE_OMIT_LOOKASIDE -DSQLITE_DEFAULT_PCACHE_INITSZ=0 -DSQLITE_DEFAULT_MEMSTATUS=0 \
                 -DSQLITE_MAX_WORKER_THREADS=0 -DUSE_PREAD -DHAVE_USLEEP -DHAVE_LOCALTIME_R -DHAVE_GMTIME_R
define foreign
build/$1/foreign/%.c.o: build/sqlite/%.c Makefile | $(call libc_a,$1)
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$Q$$(CC) $$($1_FLAGS) -w $$(SQLITE_OPTIONS) -c -o $$@ $$<
$(patsubst %,build/$1/%.o,$(call app_srcs,sql)): | build/sqlite/sqlite3.c
$(call room,$1,guest/apps/sql,-Iguest/kern -isystem build/sqlite)
build/$1/guest-sql.link: build/libc/$1/lib/libm.a
build/libc/$1/lib/libm.a: | $(call libc_a,$1)
endef
$(foreach l,$(LIBCS),$(eval $(call foreign,$l)))

build/sqlite/sqlite3.c: images/sqlite.sh images/source.sh
	@images/sqlite.sh build/sqlite

build/libc/%/lib/libc.a: images/libc.sh images/libc/%.sh
	@images/libc.sh $* build/libc/$*
