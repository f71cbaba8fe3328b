# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# KTAP for the scripts here; sourced
n=0 failed=0
# point WHAT COMMAND…: a point that COMMAND decides; what it says is shown when it fails
point()
{
	local what=$1 said
	shift
	n=$((n + 1))
	if said=$("$@" 2>&1); then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		failed=1
		[ -z "$said" ] || printf '%s\n' "$said" | sed 's/^/# /'
	fi
}
# same WHAT GOT WANT
same()
{
	point "$1" diff <(printf '%s\n' "$3") <(printf '%s\n' "$2")
}
finish()
{
	echo "1..$n"
	exit $failed
}
