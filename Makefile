# SPDX-License-Identifier: BSD-2-Clause
# Makefile: builds everything into build/. The worlds, the rooms, the host and the verbs are here; guest/guest.mk has
# the guests, tests/tests.mk the tests that are programs.

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
export APIC_MOVE ?= 0# how often the page of the local APICs moves meanwhile; docs/apic-page.md
export APF      ?= int# how absence is told: none legacy pf2 int dual
export HW       ?= svm# what runs guests: svm (QEMU), vmx (Bochs) or auto (this machine's own, if it can be nested)
export CPU      ?=# the emulator's model of a CPU; none = its fullest. ryzen with HW=vmx: Bochs's SVM
export BOOT     ?= kernel# who boots the host: kernel (QEMU itself) or grub (from an ISO)
export LATENCY  ?= 2# milliseconds that each disk access takes, as if behind a network; 0 = as fast as FILE is
export DB       ?=# make sql: database file to ask; none = one that is made of newlib's source
export SQL      ?=# make sql: what to ask; `:n` in it is 0, 1 … TIMES - 1 in turn; none = a look at DB
export TIMES    ?= 128# make sql: how often SQL with `:n` in it is run
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
ifeq ($(origin CPU),environment)
CPU =# some shells have its architecture there
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
$(foreach l,$(LIBCS),$(eval $(call room,$l,guest/libc,-Iguest/kern -Iguest/fs -Iguest/libc)))
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
$(foreach w,tsan fast,$(eval $(call room,$w,guest/kern,-Iguest/kern)))
$(foreach w,tsan fast,$(eval $(call room,$w,guest/libc,-Iguest/kern)))
$(foreach w,tsan fast,$(eval $(call room,$w,tests/unit/guest,-Iguest/kern -Iguest/libc -Itests/unit/guest)))
$(eval $(call room,tsan,tests/stress,-Ihost/core -Itests/stress))
$(eval $(call room,fast,tests/bench,-Ihost/core $(ARCH_INC) -Iguest/kern -Iguest/libc -Itests/unit -Itests/unit/guest))
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

# ---- Guests; tests -------------------------------------------------------------------------------
include guest/guest.mk
include tests/tests.mk

-include $(shell find build -path build/mutants -prune -o -name '*.d' -print 2>/dev/null)
.SECONDARY:

# ---- Verbs ---------------------------------------------------------------------------------------
.PHONY: help deps all run test lint unit mc sim stress pair conf mutants iso bench soak soak-sim format clean distclean
.PHONY: install uninstall cc lua luatests sql libc

# A verb that builds first sees to the packages, then calls make again: a fresh machine has no compiler before that.
JOBS  = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
build = +@$(MAKE) --no-print-directory $(JOBS)
deps  = $(if $(filter no,$(DEPS)),,@images/deps.sh $1)
THIS  = $(firstword $(MAKEFILE_LIST))

BOOTABLE   = build/host.elf $(GUESTS)
PROGRAMS   = build/sim/sim build/conf-vmm $(CC_CONFS)
LINT_TESTS = $(sort $(wildcard tests/lint/t_*.py))
PAIR_TESTS = $(wildcard tests/pair/run)
BOOT_TESTS = $(wildcard tests/boot/t_*.py)
CONF_TESTS = $(wildcard tests/conf/t_*.py)
BENCH_TESTS = $(wildcard tests/bench/t_*.py)
FOREIGN_TESTS = $(wildcard tests/foreign/t_*.py)
LIBC_TESTS = $(wildcard tests/libc/t_*.py)

help: ## this list
	@echo 'Verbs:'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(THIS) | expand -t 14
	@echo 'Variables (make run PATTERN=printf CPUS=1):'
	@sed -n 's/^\(export \)\?\([A-Z]*\) *?= *\([^#]*\)# \(.*\)/  \2=\3\t\4/p' $(THIS) | expand -t 20

deps: ## install the Debian packages that are missing
	$(call deps,run sql grub bochs test)

run: ## boot the host, let the guest search FILE for PATTERN, compare with grep
	$(call deps,run $(filter grub,$(BOOT)) $(and $(filter vmx,$(HW)),grub bochs))
	$(build) build/host.elf build/$(LIBC)/guest-search.elf
	@images/run

cc: ## what images/cc needs to make guests of your C programs; docs/programs.md
	$(call deps,build run)
	$(build) build/host.elf build/$(LIBC)/cc.conf

lua: ## boot Lua 5.4 on SCRIPT; without one it talks to you
	$(call deps,build run)
	$(build) build/host.elf build/$(LIBC)/lua.elf
	@images/boot $(if $(SCRIPT),--module $(SCRIPT)) build/$(LIBC)/lua.elf $(if $(SCRIPT),/module/$(notdir $(SCRIPT)))

luatests: ## fetch Lua's own test suite (462 MB, once) and run it with both C libraries
	$(call deps,build run)
	$(build) build/host.elf $(LIBCS:%=build/%/lua.elf)
	@images/lua_tests.sh build/lua-tests.cpio
	@tests/run tests/foreign/t_lua.py

sql: export RESIDENT := $(if $(filter file,$(origin RESIDENT)),,$(RESIDENT))
sql: ## boot the host, let SQLite in the guest ask DB for SQL, compare with sqlite3; RESIDENT: none = DB / 11
	$(call deps,run sql)
	$(build) build/sqlite/sqlite3.c
	$(build) build/host.elf build/$(LIBC)/guest-sql.elf
	@images/sql

all: $(BOOTABLE) $(UNIT_TESTS) $(KERN_TESTS) $(MC_TESTS) $(STRESS_TESTS) $(PROGRAMS) ## build everything, run nothing

test: ## everything that can be tested here; the last line counts it
	$(call deps,run sql grub bochs test)
	$(build) $(call libc_a,$(OTHER_LIBC)) || [ -e build/libc/$(OTHER_LIBC)/unavailable ]
	$(build) build/sqlite/sqlite3.c || [ -e build/sqlite/unavailable ]
	$(build) all
	@tests/run $(LINT_TESTS) $(UNIT_TESTS) $(KERN_TESTS) $(ORDER_TESTS) $(MC_TESTS) $(STRESS_TESTS) build/sim/sim \
	           $(BENCH_TESTS) $(PAIR_TESTS) $(BOOT_TESTS) $(FOREIGN_TESTS) $(LIBC_TESTS) $(CONF_TESTS)

lint: ## only the rules about the source itself
	@tests/run $(LINT_TESTS)

unit: $(UNIT_TESTS) $(KERN_TESTS) $(ORDER_TESTS) ## only the native unit tests
	@tests/run $^

mc: $(MC_TESTS) ## only the protocol explorer
	@tests/run $^

sim: build/sim/sim ## only the simulator: fixed seeds, then the clock's for SECONDS; or replay SEED
	@$(if $(SEED),build/sim/sim $(SEED),SIM_SECONDS=$(or $(SECONDS),60) tests/run build/sim/sim)

soak-sim: build/sim/sim ## the simulator on fresh seeds until stopped, or for SECONDS
	@build/sim/sim soak $(SECONDS)
stress: $(STRESS_TESTS) ## only the runs on threads under the thread sanitizer; SECONDS=60 for longer ones
	@tests/run $^

pair: $(BOOTABLE) ## only the boots of host and guest in emulators
	@tests/run $(PAIR_TESTS) $(BOOT_TESTS)

libc: build/host.elf $(CC_CONFS) ## only the C libraries' own tests, as guests; or those that match ONLY
	@$(if $(ONLY),tests/libc/t_libc.py '$(ONLY)',tests/run $(LIBC_TESTS))

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
