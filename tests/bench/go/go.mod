// SPDX-License-Identifier: GPL-2.0-only
module goro.test/bench

go 1.22
