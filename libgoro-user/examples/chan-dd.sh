#!/bin/sh
# SPDX-License-Identifier: MIT
# A channel from a shell: take one element of $1 bytes from the channel on fd $2 and print its 64-bit words.
# No library: a read(2) of a channel's fd gives whole elements. (dd if=/dev/fd/N would open(2) it anew, which
# a channel does not know; an inherited fd works.)
eval "exec dd bs=$1 count=1 status=none <&$2" | od -A n -t u8 -w"$1"
