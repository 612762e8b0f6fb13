# SPDX-License-Identifier: BSD-2-Clause
# tests.mk: the tests that are programs of the build machine.

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

build/bench/native_malloc: $(patsubst %,build/fast/%.o,tests/bench/native_malloc.c $(call kern_with,malloc))
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(fast_FLAGS) -o $@ $^ -lpthread

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
