# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What vm and uml share: options, the guest's command, the verdict on its console. Sourced after lib.sh.
# shellcheck disable=SC2034,SC2154 # variables that are set or used by those

series=6.1 kind=plain smp=2 mem=2G limit=1400
append='' cpu='' numa='' threads=multi out='' shell='' expect_panic=''
expect=() command=()

# parse ARGS… -- COMMAND…: the options of both; each caller names those it takes in $options
parse()
{
	while [ $# -gt 0 ]; do
		case " $options " in
		*" ${1%%=*} "*) ;;
		*) [ "$1" = -- ] || die "unknown option $1 (has: $options)" ;;
		esac
		case $1 in
		--) shift; command=("$@"); break ;;
		--debug) kind=debug; shift; continue ;;
		--one-thread) threads=single; shift; continue ;;
		--shell) shell=1; shift; continue ;;
		esac
		[ $# -gt 1 ] || die "$1 wants a value"
		case $1 in
		--kernel) series=$2 ;;
		--smp) smp=$2 ;;
		--mem) mem=$2 ;;
		--timeout) limit=$2 ;;
		--append) append="$append $2" ;;
		--cpu) cpu=$2 ;;
		--numa) numa=$2 ;;
		--out) out=$2 ;;
		--expect) expect+=("$2") ;;
		--expect-panic) expect_panic=$2 ;;
		esac
		shift 2
	done
	[ ${#command[@]} -gt 0 ] || [ -n "$shell" ] || die "no command (after --)"
	[ -z "$out" ] || { mkdir -p "$out" && out=$(cd "$out" && pwd); }
}

# prepare NAME: the folder of this run, shared with the guest: the command, later its exit status
prepare()
{
	name=${GORO_LOG:-$1}
	mkdir -p "$build/run" "$build/logs"
	run=$(mktemp -d "$build/run/$name.XXXXXX")
	trap 'rm -rf "$run"' EXIT
	console=$run/console
	: >"$console"
	{
		printf 'cd %q || exit 125\n' "$PWD"
		# the environment stays outside, but for what is ours
		export -p | grep -E '^declare -x (GORO_|KUNIT_|TERM=|COLUMNS=|LINES=)' || true
		[ ${#command[@]} -eq 0 ] || printf '%q ' exec "${command[@]}"
	} >"$run/command"
}

# make_initrd OUT [MODULE…]: busybox, init and the modules of $modules that init needs to mount the root
make_initrd()
{
	local to=$1 n=0 m want d
	shift
	want=$(cat "$vmdir/init" "$vmdir/guest.sh" | sha1sum)" $*"
	[ -e "$to" ] && stamp_is "$to.stamp" "$want" && return
	d=$(mktemp -d "$build/run/initrd.XXXXXX")
	mkdir "$d"/{bin,proc,sys,dev,mod,ro,rw,new}
	cp /bin/busybox "$d/bin"
	install -m 755 "$vmdir/init" "$d/init"
	[ $# -eq 0 ] || modprobe -d "$kernel" -S "$release" --show-depends -a "$@" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r m; do
			n=$((n + 1))
			# numbered, since they are loaded in the order of their names
			case $m in
			*.xz) xz -dc "$m" ;;
			*) cat "$m" ;;
			esac >"$d/mod/$(printf %02d "$n").ko"
		done
	(cd "$d" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$to.new.$$"
	rm -rf "$d"
	mv "$to.new.$$" "$to"
	stamp_set "$to.stamp" "$want"
}

# find_leaks: what kmemleak finds at the end goes to the console, where all is judged
find_leaks()
{
	# it reports no object younger than 5 s
	cat >"$run/epilogue" <<-'X'
		leaks=/sys/kernel/debug/kmemleak
		sleep 5.5
		for i in 1 2; do echo scan >$leaks; done
		cat $leaks | while IFS= read -r line; do echo "$line"; done >/dev/kmsg
	X
}

# A line of the log that says the kernel found something wrong. A trace alone ("Call Trace:") is no
# finding: each report of the kernel has a head line, and dumps that were asked for have traces too.
dirty='BUG[: ]|WARNING:|INFO: (task|rcu|trying|possible|lockdep)|possible (circular|recursive|irq lock)'
dirty="$dirty|suspicious RCU|inconsistent lock state|bad unlock balance|held lock freed"
dirty="$dirty|Oops|general protection|double fault|Kernel panic|KASAN|KCSAN|UBSAN|kmemleak: [0-9]+ new|unreferenced object"
dirty="$dirty|blocked for more than|rcu.*stall|soft lockup|hard LOCKUP|scheduling while atomic"
dirty="$dirty|sleeping function called|refcount_t:|list_(add|del) corruption|Bad page|page allocation failure"
dirty="$dirty|Out of memory|oom-kill|ODEBUG|stack-protector|Unable to handle|unable to handle|irq .*nobody cared"

# not_ours LOG: the numbers of lines that are a false report of the kernel's. 6.12 counts a CPU's fair server, which is no
# task, among what runs there (inc_dl_tasks()), stops it after it has looked (sched_cpu_dying()), and so may find a CPU that
# goes offline "not properly vacated" by two, of whom it can name the one that has to be there.
not_ours()
{
	awk '/WARNING: .* sched_cpu_dying\+/ { line = NR; named = -1 }
		/ enqueued tasks \(2 total\):$/ { named = 0; next }
		named >= 0 && /pid: [0-9]+, name: / { named += /name: migration\// ? 1 : 2; next }
		named >= 0 { if (named == 1) print line; named = -1 }' "$1"
}

# judge STATUS: the verdict on the run, whose hypervisor ended with STATUS (137: killed, time is up); returns what
# the script is to exit with
judge()
{
	local ended=$1 status e bad
	tr -d '\r' <"$console" | sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g' >"$run/log"
	cp "$run/log" "$build/logs/$name.log.new.$$" && mv "$build/logs/$name.log.new.$$" "$build/logs/$name.log"

	if [ "$ended" = 137 ]; then
		log "no end after $limit s; the console says (all: build/logs/$name.log):"
		oops "$run/log"
		return 124
	fi
	if [ -n "$expect_panic" ]; then
		grep -q 'Kernel panic' "$run/log" || { log "no panic, but one was expected"; return 1; }
		grep -qE -e "$expect_panic" "$run/log" && return 0
		log "a panic, but not the expected one ($expect_panic):"
		oops "$run/log"
		return 1
	fi
	if [ ! -s "$run/status" ]; then
		log "the guest died (all of its console: build/logs/$name.log):"
		oops "$run/log"
		return 125
	fi
	status=$(cat "$run/status")
	bad=0
	for e in "${expect[@]}"; do
		grep -qE -e "$e" "$run/log" || { log "dmesg lacks the expected: $e"; bad=1; }
	done
	grep -nE -e "$dirty" "$run/log" >"$run/dirty" || true
	for e in "${expect[@]}"; do
		grep -vE -e "$e" "$run/dirty" >"$run/dirty.rest" || true
		mv "$run/dirty.rest" "$run/dirty"
	done
	for e in $(not_ours "$run/log"); do
		sed -i "/^$e:/d" "$run/dirty"
	done
	if [ -s "$run/dirty" ]; then
		log "dmesg is dirty (all of it: build/logs/$name.log):"
		oops "$run/log" "$(sed 's/:.*//; q' "$run/dirty")"
		bad=1
	fi
	[ "$status" != 0 ] || status=$bad
	return "$status"
}

# oops LOG [LINE]: what it says from LINE on, or from its first report, or its last lines if there is none
oops()
{
	local from=${2-}
	[ -n "$from" ] || from=$(grep -nE -m 1 -e "$dirty" "$1" | sed 's/:.*//')
	if [ -n "$from" ]; then sed -n "$from,$((from + 60))p" "$1"; else tail -n 30 "$1"; fi >&2
}
