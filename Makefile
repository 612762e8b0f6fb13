# SPDX-License-Identifier: BSD-2-Clause
# Makefile: builds the host, its guests, the disk and the tests, all in this one file; everything lands in build/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

CC      = gcc
OBJCOPY = objcopy
V       = 0
Q       = $(if $(filter 0,$(V)),@)
say     = $(if $(filter 0,$(V)),@printf '  %-6s %s\n' $1 $2)

# ---- What `make run` may be told; images/run knows what each means -------------------------------
export FILE     ?=# file to search; none = newlib's source out of Debian's newlib-source
export PATTERN  ?= memcpy# fixed string to search for
export RESIDENT ?= 24M# how much of its memory the guest may keep resident
export MEM      ?=# how much memory the guest has; none = the host's default
export THREADS  ?= 16# threads that search
export CPUS     ?= 2# CPUs of the machine
export VCPUS    ?= $(CPUS)# CPUs of the guest
export APF      ?= int# how absence is told: none legacy pf2 int dual
export BOOT     ?= kernel# who boots the host: kernel (QEMU itself) or grub (from an ISO)
export LATENCY  ?= 2# milliseconds that each disk access takes, as if behind a network; 0 = as fast as FILE is
export DB       ?=# make sql: database file to ask; none = one that is made of newlib's source
export SQL      ?=# make sql: what to ask; `:n` in it is 0, 1 … TIMES - 1 in turn; none = a look at DB
export TIMES    ?= 64# make sql: how often SQL with `:n` in it is run
export CONNECTIONS ?= 1,4,16# make sql: how many connections share the work, each on a thread of its own
export LIBC     ?= newlib# the guest's C library: newlib or picolibc
export TIMEOUT  ?= 600# seconds after which a run is given up
PREFIX          ?= /usr/local# where `make install` puts things
DESTDIR         ?=# make install: a folder that stands for the root
override FILE    := $(value FILE)# as typed: a `$$` in them is no variable of make's
override PATTERN := $(value PATTERN)
override DB      := $(value DB)
override SQL     := $(value SQL)
override PREFIX  := $(value PREFIX)
override DESTDIR := $(value DESTDIR)
SCRIPT          ?= images/lua/show.lua# make lua: what it runs
SEED            ?=# make sim: replay this seed
SECONDS         ?=# make sim, make soak: how long; none = a minute, or until stopped
ONLY            ?=# make mutants: part of the names of those to try; none = all
HOST            ?= ours# make conf: which hosts; tests/conf/run --list-hosts names them
DEPS            ?= yes# no = take the installed packages as they are

ifeq ($(origin HOST),environment)
HOST = ours# what a shell calls HOST is the name of the machine
endif

ifeq ($(filter $(LIBC),newlib picolibc),)
$(error LIBC=$(LIBC): must be newlib or picolibc)
endif

# ---- Worlds: who runs it decides how it is compiled ----------------------------------------------
# host: ring 0 of the machine. guest: ring 0 of a VM, no SSE. newlib, picolibc: the same with that C library and SSE.
# native: this machine under sanitizers. tsan: the same under the thread sanitizer. fast: the same as fast as it gets.
# vmm: a program for any Linux, which may be run from an initramfs.
# mc: this machine, each atomic operation a scheduling point. sim: both, on a machine that does not exist.
# The host is optimised as a whole (LTO): most calls between its files vanish, a fifth of each exit's path.
WARN    = -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Werror
BASE    = -std=gnu11 -g $(WARN) -Icommon
GCC_INC = $(shell $(CC) -print-file-name=include)
RING0   = -fno-pic -fno-pie -mno-red-zone -fno-stack-protector -fcf-protection=none -mno-avx
BARE    = $(BASE) -O2 -nostdinc -isystem $(GCC_INC) $(RING0) -fno-asynchronous-unwind-tables \
          -fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections -Wa,--fatal-warnings

OTHER_LIBC = $(filter-out $(LIBC),newlib picolibc)
LIBCS   = $(LIBC) $(if $(wildcard build/libc/$(OTHER_LIBC)/unavailable),,$(OTHER_LIBC))
libc_a  = build/libc/$1/lib/libc.a

LTO          = -flto=auto
host_FLAGS   = $(BARE) $(LTO) -ffreestanding -mgeneral-regs-only
guest_FLAGS  = $(BARE) -ffreestanding -mgeneral-regs-only
libc_FLAGS   = -isystem $(TOP)guest/libc/include -isystem $(TOP)build/libc/$1/include -ftls-model=local-exec \
               -U__linux__ -U__linux -Ulinux -U__gnu_linux__ -U__unix__ -U__unix -Uunix $($1_DEFS)
newlib_DEFS    = -D__DYNAMIC_REENT__ -D_READ_WRITE_RETURN_TYPE=_ssize_t
newlib_FLAGS   = $(BARE) $(call libc_FLAGS,newlib)
picolibc_FLAGS = $(BARE) $(call libc_FLAGS,picolibc)
native_FLAGS = $(BASE) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
tsan_FLAGS   = $(BASE) -O1 -fno-omit-frame-pointer -fsanitize=thread -DFL_TSAN
fast_FLAGS   = $(BASE) -O2 $(LTO) -fno-pic -fno-pie -no-pie
vmm_FLAGS    = $(BASE) -O2 -D_GNU_SOURCE
mc_FLAGS     = $(BASE) -O1 -ffunction-sections -DFL_MC -DNX_LISTED_MAX=2
sim_FLAGS    = $(BASE) -O2 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DFL_SIM \
               -DINV_HOLD_OFF=256 \
               -Iarch/model

LINK = $(CC) $(LINK_FLAGS)
LINK_FLAGS = -O2 $(LTO) -static -no-pie -nostdlib \
       -Wl,--build-id=none,-z,max-page-size=4096,--gc-sections,-z,noexecstack

# ---- Rooms ---------------------------------------------------------------------------------------
# Each sees its own layer and those below it, so that a breach of the layering does not compile.
ARCH_INC   = -Iarch/x86_64/inc
HOST_ARCH  = $(ARCH_INC) -Ihost/core -Iarch/x86_64/host
GUEST_ARCH = $(ARCH_INC) -Iguest/kern -Iarch/x86_64/guest

# room WORLD FOLDER INCLUDES: FOLDER/x.c and FOLDER/x.S become build/WORLD/FOLDER/x.c.o and x.S.o.
define room
build/$1/$2/%.o: $2/% Makefile $(if $(filter $1,$(LIBCS)),| $(call libc_a,$1))
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$Q$$(CC) $$($1_FLAGS) $3 -MMD -MP -c -o $$@ $$<
endef

$(eval $(call room,host,common/lib,))
$(eval $(call room,host,host/core,-Ihost/core))
$(eval $(call room,host,arch/x86_64/host,$(HOST_ARCH)))
$(eval $(call room,host,host/hyp,$(HOST_ARCH) -Ihost/hyp))
$(eval $(call room,guest,common/lib,))
$(eval $(call room,guest,guest/kern,-Iguest/kern))
$(eval $(call room,guest,guest/fs,-Iguest/kern -Iguest/fs))
$(eval $(call room,guest,arch/x86_64/guest,$(GUEST_ARCH)))
$(foreach l,$(LIBCS),$(eval $(call room,$l,guest/libc,-Iguest/kern -Iguest/fs)))
$(foreach l,$(LIBCS),$(eval $(call room,$l,guest/apps,-Iguest/kern)))
$(foreach l,$(LIBCS),$(eval $(call room,$l,tests/pair/guest,$(ARCH_INC) -Iguest/kern)))
$(eval $(call room,guest,guest/apps/conf,$(ARCH_INC) -Iguest/kern))
$(eval $(call room,native,common/lib,))
$(eval $(call room,native,host/core,-Ihost/core))
$(eval $(call room,native,guest/kern,-Iguest/kern))
$(eval $(call room,native,guest/fs,-Iguest/kern -Iguest/fs))
$(eval $(call room,native,guest/libc,-Iguest/kern -Iguest/fs))
$(eval $(call room,native,guest/apps,-Iguest/kern))
$(eval $(call room,native,tests/unit/guest,$(ARCH_INC) -Iguest/kern -Iguest/fs -Iguest/libc -Itests/unit))
$(eval $(call room,native,tests/unit,-Ihost/core $(ARCH_INC) -Itests/unit))
$(eval $(call room,native,tests/bench,-Ihost/core $(ARCH_INC) -Itests/unit))
$(eval $(call room,sim,common/lib,))
$(eval $(call room,sim,host/core,-Ihost/core))
$(eval $(call room,sim,arch/model,-Ihost/core))
$(eval $(call room,sim,tests/sim,-Ihost/core))
$(foreach w,tsan fast,$(eval $(call room,$w,common/lib,)))
$(foreach w,tsan fast,$(eval $(call room,$w,host/core,-Ihost/core)))
$(foreach w,tsan fast,$(eval $(call room,$w,tests/unit,-Ihost/core $(ARCH_INC) -Itests/unit)))
$(eval $(call room,tsan,guest/kern,-Iguest/kern))
$(eval $(call room,tsan,guest/libc,-Iguest/kern))
$(eval $(call room,tsan,tests/unit/guest,-Iguest/kern -Iguest/libc))
$(eval $(call room,tsan,tests/stress,-Ihost/core -Itests/stress))
$(eval $(call room,fast,tests/bench,-Ihost/core $(ARCH_INC) -Itests/unit))
$(eval $(call room,vmm,common/lib,))
$(eval $(call room,vmm,tests/conf/vmm,))
$(eval $(call room,mc,tests/mc,-Itests/mc -Ihost/core -Iguest/kern))

# objects WORLD FOLDERS: what the sources of FOLDERS compile to.
objects = $(foreach d,$2,$(patsubst %,build/$1/%.o,$(wildcard $d/*.c $d/*.S)))

# ---- The host ------------------------------------------------------------------------------------
HOST_OBJS = $(call objects,host,common/lib host/core host/hyp arch/x86_64/host)
HOST_LD   = arch/x86_64/host/link.ld

build/host.elf: $(HOST_OBJS) $(HOST_LD)
	$(call say,LINK,$@)
	$Q$(LINK) -T $(HOST_LD) -o $@ $(HOST_OBJS)

# ---- Guests --------------------------------------------------------------------------------------
# Every guest/apps/APP.c, or folder guest/apps/APP, is one; so are the pair tests' own in tests/pair/guest. There is one
# for each C library: build/LIBC/guest-APP.elf. guest/libc/LIBC.c is what only that library needs.
KERN_OBJS  = $(call objects,guest,common/lib guest/kern guest/fs arch/x86_64/guest)
LIBC_SRCS  = $(filter-out $(LIBCS:%=guest/libc/%.c),$(wildcard guest/libc/*.c))
libc_objs  = $(patsubst %,build/$1/%.o,$(LIBC_SRCS) guest/libc/$1.c)
GUEST_LD   = arch/x86_64/guest/link.ld
APP_ROOMS  = guest/apps tests/pair/guest
app_names  = $(basename $(notdir $(wildcard $1/*.c) $(patsubst %/,%,$(wildcard $1/*/))))
APPS       = $(filter-out conf $(if $(wildcard build/sqlite/unavailable),sql),$(sort $(foreach r,$(APP_ROOMS),$(call app_names,$r))))
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
build/$1/cc.conf: $(call cc_objs,$1) $(GUEST_LD) Makefile
	$$(call say,CONF,$$@)
	@printf '%s\n' 'flags="-nostdinc -isystem $$(GCC_INC) $$(call libc_FLAGS,$1)"' 'ring0="$$(RING0)"' \
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
SQLITE_OPTIONS = -DSQLITE_THREADSAFE=1 -DSQLITE_USE_URI=1 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_ENABLE_MATH_FUNCTIONS \
                 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS -DSQLITE_MAX_MMAP_SIZE=0x7fff0000 -DSQLITE_DEFAULT_MMAP_SIZE=0x7fff0000 \
                 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_OMIT_LOOKASIDE -DSQLITE_DEFAULT_PCACHE_INITSZ=0 \
                 -DSQLITE_MAX_WORKER_THREADS=0 -DUSE_PREAD -DHAVE_USLEEP -DHAVE_LOCALTIME_R -DHAVE_GMTIME_R -DHAVE_ISNAN
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

build/libc/%/lib/libc.a: images/libc.sh images/libc/%.sh images/source.sh
	@images/libc.sh $* build/libc/$*

# ---- Native unit tests ---------------------------------------------------------------------------
# Each tests/unit/x.c is a program; it takes from the core, and from the fakes, what it does not define.
UNIT_SRCS  = $(filter-out tests/unit/fake%,$(wildcard tests/unit/*.c))
UNIT_LIBS  = build/native/libfake.a build/native/libcore.a
UNIT_TESTS = $(patsubst tests/unit/%.c,build/unit/%,$(UNIT_SRCS))

# A guest test names the kernel files it needs in lines 3 to 6: `/* with: guest/kern/heap.c guest/kern/con.c */`.
KERN_SRCS  = $(wildcard tests/unit/guest/*.c)
KERN_TESTS = $(patsubst tests/unit/guest/%.c,build/unit/guest/%,$(KERN_SRCS))
kern_with  = $(shell sed -n '1,6s:.*with\: \(.*\) \*/:\1:p' tests/unit/guest/$1.c)

# libs WORLD: str.c stays out: a native program has its C library's memcpy, which the sanitizers watch.
define libs
build/$1/libcore.a: $(filter-out %/str.c.o,$(call objects,$1,host/core common/lib))
build/$1/libfake.a: $(patsubst %,build/$1/%.o,$(wildcard tests/unit/fake_*.c tests/unit/fake/*.c))
build/$1/lib%.a:
	$$(call say,AR,$$@)
	@mkdir -p $$(@D) && rm -f $$@
	$$Qgcc-ar rcs $$@ $$^
endef
$(foreach w,native tsan fast,$(eval $(call libs,$w)))

build/unit/%: build/native/tests/unit/%.c.o $(UNIT_LIBS)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(native_FLAGS) -o $@ $< -Wl,--start-group $(UNIT_LIBS) -Wl,--end-group -lcmocka -lpthread

# Figures that need no emulator: a program each.
BENCHES = build/bench/aging
build/bench/aging: build/native/tests/bench/aging.c.o build/native/tests/bench/oracle.c.o $(UNIT_LIBS)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(native_FLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(UNIT_LIBS) -Wl,--end-group -lcmocka -lpthread -lm

define kern_test
build/unit/guest/$1: build/native/tests/unit/guest/$1.c.o $(patsubst %,build/native/%.o,$(call kern_with,$1)) \
                     build/native/libcore.a
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$Q$$(CC) $$(native_FLAGS) -o $$@ $$^ -lcmocka -lpthread
endef
$(foreach t,$(patsubst tests/unit/guest/%.c,%,$(KERN_SRCS)),$(eval $(call kern_test,$t)))

# Whose instructions are looked at.
ORDER_TESTS = tests/unit/guest/t_order.py
$(ORDER_TESTS): | build/$(LIBC)/guest-hello.link

# ---- Stress: the same code on real threads under the thread sanitizer ----------------------------
# tests/stress is one program; the unit tests that have threads are built once more.
STRESS_TESTS = build/stress/tree $(patsubst %,build/stress/%,churn framepool malloc)

build/stress/tree: $(call objects,tsan,tests/stress) build/tsan/libcore.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(tsan_FLAGS) -o $@ $^ -lpthread

build/stress/malloc: $(patsubst %,build/tsan/%.o,tests/unit/guest/malloc.c $(call kern_with,malloc))
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(tsan_FLAGS) -o $@ $^ -lcmocka -lpthread

build/stress/%: build/tsan/tests/unit/%.c.o build/tsan/libfake.a build/tsan/libcore.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(tsan_FLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka -lpthread

# ---- Native figures: tests/bench/native*.c, each a program ---------------------------------------
BENCH_PROGRAMS = $(patsubst tests/bench/%.c,build/bench/%,$(wildcard tests/bench/native*.c))

build/bench/%: build/fast/tests/bench/%.c.o build/fast/libfake.a build/fast/libcore.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(fast_FLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka -lpthread

# ---- The protocol explorer: each tests/mc/t_x.c is a program with tests/mc/mc*.c -----------------
MC_TESTS = $(patsubst tests/mc/%.c,build/mc/%,$(wildcard tests/mc/t_*.c))

build/mc/%: build/mc/tests/mc/%.c.o $(patsubst %,build/mc/%.o,$(wildcard tests/mc/mc*.c))
	$(call say,LINK,$@)
	$Q$(CC) $(mc_FLAGS) -Wl,--gc-sections -o $@ $^

# ---- conf-vmm: the conformance suite's VMM on Linux's /dev/kvm -----------------------------------
build/conf-vmm: $(call objects,vmm,tests/conf/vmm) build/vmm/common/lib/elf.c.o
	$(call say,LINK,$@)
	$Q$(CC) $(vmm_FLAGS) -static -o $@ $^ -lpthread

# ---- The simulator: the whole core on arch/model, one seed = one run -----------------------------
SIM_OBJS = $(filter-out %/str.c.o,$(call objects,sim,common/lib host/core arch/model tests/sim))

build/sim/sim: $(SIM_OBJS)
	$(call say,LINK,$@)
	$Q$(CC) $(sim_FLAGS) -o $@ $^

-include $(shell find build -path build/mutants -prune -o -name '*.d' -print 2>/dev/null)
.SECONDARY:

# ---- Verbs ---------------------------------------------------------------------------------------
.PHONY: help deps all run test lint unit mc sim stress pair conf mutants iso bench soak soak-sim format clean distclean
.PHONY: install uninstall cc lua sql

# A verb that builds first sees to the packages, then calls make again: a fresh machine has no compiler before that.
JOBS  = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
build = +@$(MAKE) --no-print-directory $(JOBS)
deps  = $(if $(filter no,$(DEPS)),,@images/deps.sh $1)
THIS  = $(firstword $(MAKEFILE_LIST))

BOOTABLE   = build/host.elf $(GUESTS)
PROGRAMS   = build/sim/sim build/conf-vmm
LINT_TESTS = $(sort $(wildcard tests/lint/t_*.py))
PAIR_TESTS = $(wildcard tests/pair/run)
CONF_TESTS = $(wildcard tests/conf/t_*.py)
BENCH_TESTS = $(wildcard tests/bench/t_*.py)

help: ## this list
	@echo 'Verbs:'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(THIS) | expand -t 14
	@echo 'Variables (make run PATTERN=printf CPUS=1):'
	@sed -n 's/^\(export \)\?\([A-Z]*\) *?= *\([^#]*\)# \(.*\)/  \2=\3\t\4/p' $(THIS) | expand -t 20

deps: ## install the Debian packages that are missing
	$(call deps,run sql grub test)

run: ## boot the host, let the guest search FILE for PATTERN, compare with grep
	$(call deps,run $(filter grub,$(BOOT)))
	$(build) build/host.elf build/$(LIBC)/guest-search.elf
	@images/run

cc: ## what images/cc needs to make guests of your C programs; docs/programs.md
	$(call deps,build run)
	$(build) build/host.elf build/$(LIBC)/cc.conf

lua: ## boot Lua 5.4 on SCRIPT; without one it talks to you
	$(call deps,build run)
	$(build) build/host.elf build/$(LIBC)/lua.elf
	@images/boot $(if $(SCRIPT),--module $(SCRIPT)) build/$(LIBC)/lua.elf $(if $(SCRIPT),/module/$(notdir $(SCRIPT)))

sql: export RESIDENT := $(if $(filter file,$(origin RESIDENT)),,$(RESIDENT))
sql: ## boot the host, let SQLite in the guest ask DB for SQL, compare with sqlite3; RESIDENT: none = DB / 11
	$(call deps,run sql)
	$(build) build/host.elf build/$(LIBC)/guest-sql.elf
	@images/sql

all: $(BOOTABLE) $(UNIT_TESTS) $(KERN_TESTS) $(MC_TESTS) $(STRESS_TESTS) $(PROGRAMS) ## build everything, run nothing

test: ## everything that can be tested here; the last line counts it
	$(call deps,run sql grub test)
	$(build) $(call libc_a,$(OTHER_LIBC)) || [ -e build/libc/$(OTHER_LIBC)/unavailable ]
	$(build) build/sqlite/sqlite3.c || [ -e build/sqlite/unavailable ]
	$(build) all
	@tests/run $(LINT_TESTS) $(UNIT_TESTS) $(KERN_TESTS) $(ORDER_TESTS) $(MC_TESTS) $(STRESS_TESTS) build/sim/sim \
	           $(BENCH_TESTS) $(PAIR_TESTS) $(CONF_TESTS)

lint: ## only the rules about the source itself
	@tests/run $(LINT_TESTS)

unit: $(UNIT_TESTS) $(KERN_TESTS) $(ORDER_TESTS) ## only the native unit tests
	@tests/run $^

mc: $(MC_TESTS) ## only the protocol explorer
	@tests/run $^

sim: build/sim/sim ## only the simulator: fixed seeds, then fresh ones for SECONDS; or replay SEED
	@$(if $(SEED),build/sim/sim $(SEED),SIM_SECONDS=$(SECONDS) tests/run build/sim/sim)

soak-sim: build/sim/sim ## the simulator on fresh seeds until stopped, or for SECONDS
	@build/sim/sim soak $(SECONDS)
stress: $(STRESS_TESTS) ## only the runs on threads under the thread sanitizer; SECONDS=60 for longer ones
	@tests/run $^

pair: $(BOOTABLE) ## only the boots of host and guest in an emulator
	@tests/run $(PAIR_TESTS)

conf: ## what HOST does, clause by clause of the ABI: a verdict, and build/conf/HOST.md
	$(call deps,run grub)
	$(build) build/host.elf build/guest-conf.elf build/guest-conf.elf32 build/conf-vmm
	@tests/conf/run $(HOST)

mutants: ## put known bugs back one at a time, or those that match ONLY: which layer of tests notices each?
	$(call deps,test)
	@tests/mutants/run $(ONLY)

ifneq ($(wildcard tests/bench/run),)
bench: ## figures: exact path lengths and ratios
	$(call deps,run test)
	$(build) $(BOOTABLE) $(BENCHES) $(BENCH_PROGRAMS)
	@tests/bench/run
endif

ifneq ($(wildcard tests/pair/soak),)
soak: ## 100,000 waits for a page, none of which may be lost
	$(call deps,run)
	$(build) $(BOOTABLE)
	@tests/pair/soak
endif

iso: ## the CD image that BOOT=grub would boot, and its disk: build/faultline.iso, build/disk.img
	$(call deps,run grub)
	$(build) build/host.elf build/$(LIBC)/guest-search.elf
	@BOOT=grub images/run --prepare

format: ## lay out all C sources by .clang-format
	@$$(command -v clang-format-14 clang-format | head -n 1) -i $$(find common host guest arch tests -name '*.[ch]')

install uninstall: export PREFIX := $(PREFIX)
install uninstall: export DESTDIR := $(DESTDIR)

install: ## put the ABI's headers, the conformance image and its manual below DESTDIR and PREFIX
	$(call deps,build)
	$(build) build/guest-conf.elf build/guest-conf.elf32
	@images/install.sh install

uninstall: ## take them away again
	@images/install.sh uninstall

clean: ## remove what was built, keep the C libraries and what was fetched
	@find build -mindepth 1 -maxdepth 1 ! -name libc ! -name source -exec rm -rf {} + 2>/dev/null || true

distclean: ## remove build/ altogether
	@rm -rf build
