# SPDX-License-Identifier: GPL-2.0-only
# For the Kbuild file of any module whose functions run as goroutines:
#
#	include /usr/local/src/goro/goro.mk
#
# or, from goro's own source tree, include /path/to/goro/kmod/goro.mk.
#
# The forced include is what makes "current" safe across a park; goro.h refuses
# to be included without it. modpost takes goro's symbols from what was
# installed for this kernel; GORO_SYMVERS names another Module.symvers.

GORO ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
GORO_SYMVERS ?= $(wildcard $(GORO)/symvers/$(KERNELRELEASE)/Module.symvers)

ccflags-y += -I$(GORO)/include -include $(GORO)/include/goro/current.h
ifneq ($(GORO_SYMVERS),)
KBUILD_EXTRA_SYMBOLS += $(GORO_SYMVERS)
endif
