# SPDX-License-Identifier: GPL-2.0-only
# For the Kbuild file of any module whose functions run as goroutines:
#
#	GORO := /path/to/goro/kmod
#	include $(GORO)/goro.mk
#
# The forced include is what makes "current" safe across a park; goro.h refuses
# to be included without it. GORO_SYMVERS names goro's Module.symvers, where
# goro.ko was not built together with the module.

ccflags-y += -I$(GORO)/include -include $(GORO)/include/goro/current.h
ifneq ($(GORO_SYMVERS),)
KBUILD_EXTRA_SYMBOLS += $(GORO_SYMVERS)
endif
