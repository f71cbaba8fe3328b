# SPDX-License-Identifier: GPL-2.0-only
# make		build the modules (build/mod-<kernel>/*.ko) and the programs (build/user/)
# make run	the demonstration, in a VM		make shell	a shell in a VM, goro loaded
# make test	every test, ends in one line		make test-long	what takes longer
# make test-debug	the suites under an x86 kernel with KASAN and lockdep
# make kunit	KUnit only				make bench	measure
# make fuzz-ioctl [CALLS=N | SECONDS=N] [SEED=N]		fuzz /dev/goro; 200000 calls, a random seed
# make fuzz [SECONDS=60] [SEED=N]	core/ in user space: made up scenarios, interleavings at random
# make mutants [MUTANTS="NAME..."]	plant each fault of tests/mutants; the tests have to find it
# make style	checkpatch, sparse, shellcheck, docs	make clean	keeps downloaded and built kernels
# make docs	what of the documentation is made from the sources (tools/mkdocs)
# make install [DESTDIR=] [PREFIX=/usr/local] [KVER="RELEASE..."]: modules for the stock kernels or those named, what
# other modules are built with, library, man pages, udev rule (tools/install says where); make uninstall
# ENVS="6.1 uml" builds for some kernels only; JOBS=N runs N tests at once. The work is done by scripts in
# tests/: this file only names it. Kbuild is the modules' own makefile.

ENVS ?= 6.1 6.12 uml uml-debug
JOBS ?= 2

all: modules user

setup:
	@tests/vm/setup

packages:
	@tests/vm/setup packages

modules: setup
	@tests/vm/build-mod $(ENVS)

user: packages
	@+$(MAKE) --no-print-directory -s -C libgoro-user
	@+[ ! -e tests/selftests/Makefile ] || $(MAKE) --no-print-directory -s -C tests/selftests
	@+$(MAKE) --no-print-directory -s -C tests/selftests M32=1
	@+$(MAKE) --no-print-directory -s -C tests/fuzz

run:
	@tests/demo/run

# What takes long, the kernels for user mode Linux, is built beside the first jobs
first = tests/vm/setup 6.1 6.12 nginx && tests/vm/build-mod $(filter-out uml%,$(ENVS)) && MAKEFLAGS= make -s user
late = tests/vm/setup plain debug && tests/vm/build-mod $(filter uml%,$(ENVS))
run-tests = @tests/run -j $(JOBS) --first '$(first)' --late '$(late)'

test: packages
	$(run-tests)

test-long: packages
	$(run-tests) --section long

# its kernel is built from Debian's source where it is not yet
test-debug: packages
	@tests/run -j $(JOBS) --section debug --first 'tests/vm/setup kasan && tests/vm/build-mod kasan && MAKEFLAGS= make -s user'

kunit: packages
	$(run-tests) 'kunit*'

fuzz:
	@tests/model/run --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))

fuzz-ioctl: setup
	@tests/fuzz/run $(if $(CALLS),--calls $(CALLS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

mutants: setup
	@tests/mutants/run $(MUTANTS)

bench: all
	@tests/bench/run

shell: all
	@tests/vm/vm --shell --timeout 86400 -- bash -c 'insmod build/mod-6.1/goro.ko; exec bash -i'

style: setup
	@tests/style

docs: setup
	@tools/mkdocs

install uninstall: install-vars := $(foreach v,DESTDIR PREFIX LIBDIR MANDIR UDEVDIR SYSUSERSDIR KVER,$v='$($v)')
install:
	@$(install-vars) tools/install --build

uninstall:
	@$(install-vars) tools/install --uninstall

clean:
	rm -rf build/src-* build/mod-* build/user* build/logs build/run build/tmp

.PHONY: all setup packages modules user run test test-long test-debug kunit fuzz fuzz-ioctl mutants bench shell style docs install uninstall clean
