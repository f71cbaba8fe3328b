# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the scripts of tests/vm share: paths, stamps, package downloads. Sourced, never run.

# shellcheck disable=SC2034 # used by those who source this
vmdir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$vmdir/../.." && pwd)
build=$top/build
jobs=$(nproc)

log() { echo "${0##*/}: $*" >&2; }
die() { log "$*"; exit 1; }

# quietly LOG COMMAND…: run COMMAND with its output in LOG, shown only if it fails
quietly()
{
	local out=$1
	shift
	mkdir -p "$(dirname "$out")"
	"$@" >"$out" 2>&1 </dev/null || { tail -n 40 "$out" >&2; die "failed: $* (all of it: $out)"; }
}

# A stamp holds a digest of the inputs of a step and is written last, by rename: a step that was
# interrupted, or whose inputs changed since, is done again.
stamp_is() { [ -e "$1" ] && [ "$(cat "$1")" = "$2" ]; }
stamp_set() { echo "$2" >"$1.new" && mv "$1.new" "$1"; }

# configure OUT LOG MAKE… : in the kernel build folder OUT, a .config with what OUT/.goro-config asks for and, as far
# as they do not depend on each other, nothing else
configure()
{
	local out=$1 log=$2 name value got
	shift 2
	quietly "$log" "$@" allnoconfig KCONFIG_ALLCONFIG="$out/.goro-config"
	# kconfig drops what it cannot have without a word; what we ask for we want
	sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=/\1 /p' "$out/.goro-config" | while read -r name value; do
		got=$(sed -n "s/^$name=//p" "$out/.config")
		[ "${got:-n}" = "$value" ] || echo "$name=$value asked for, ${got:-n} had"
	done >"$out/.goro-missing"
	[ ! -s "$out/.goro-missing" ] || { cat "$out/.goro-missing" >&2; die "the config of $out cannot be had"; }
}

# apt_update_once: the machine's own package lists, refreshed at most once a run
apt_update_once()
{
	[ -z "${apt_updated-}" ] || return 0
	apt_updated=1
	# a third-party source that cannot be reached must not stop us: Debian's own decide
	mkdir -p "$build/logs"
	apt-get -q -o DPkg::Lock::Timeout=600 update >"$build/logs/apt-update.log" 2>&1 || true
}

# debian_mirror: that of the machine's own release
debian_mirror()
{
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v r="$(. /etc/os-release; echo "$VERSION_CODENAME")" '$2 == r { print $1; exit }'
}

# private_apt SUITE COMMAND ARGS…: apt-get (or apt-cache) with its own lists and cache under build/, for
# a suite that is not this machine's. The mirror is the one the machine itself uses for Debian.
private_apt()
{
	local suite=$1 cmd=$2 state=$build/apt/$1 mirror
	shift 2
	if [ ! -e "$state/sources.list" ]; then
		mirror=$(debian_mirror)
		# none where the machine's lists were never fetched, or just are, by another
		[ -n "$mirror" ] || { apt_update_once; mirror=$(debian_mirror); }
		[ -n "$mirror" ] || { sleep 30; mirror=$(debian_mirror); }
		[ -n "$mirror" ] || die "no Debian mirror among this machine's apt sources"
		mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
			>"$state/sources.list.new"
		mv "$state/sources.list.new" "$state/sources.list"
	fi
	"$cmd" -q -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache" \
		-o Dir::State::status=/var/lib/dpkg/status -o Dir::Etc::SourceList="$state/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o APT::Default-Release= "$@"
}

# unpack_debs DIR LOG SUITE PACKAGE…: Debian's packages, unpacked into DIR, which is made anew; nothing is installed.
# Of SUITE by private_apt, whose lists are there; SUITE - is the machine's own sources. apt's words go into LOG.
unpack_debs()
{
	local to=$1 out=$2 suite=$3 deb get=(apt-get -q)
	shift 3
	[ "$suite" = - ] || get=(private_apt "$suite" apt-get)
	rm -rf "$to" && mkdir -p "$to/.deb" || return
	(cd "$to/.deb" && quietly "$out" "${get[@]}" download "$@") || return
	for deb in "$to"/.deb/*.deb; do dpkg-deb -x "$deb" "$to" || return; done
	rm -r "$to/.deb"
}

# trusted_qemu: sets $qemu to the emulator, with its options; fails if that is one before 8.1 (see setup's get_qemu)
trusted_qemu()
{
	local own=$build/qemu/root version
	qemu=(env "QEMU_MODULE_DIR=$own/usr/lib/x86_64-linux-gnu/qemu" "$own/usr/bin/qemu-system-x86_64"
		-L "$own/usr/share/seabios" -L "$own/usr/share/qemu")
	"${qemu[@]}" --version >/dev/null 2>&1 || qemu=(qemu-system-x86_64)
	version=$("${qemu[@]}" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	[ -n "$version" ] && [ "$(printf '%s\n' 8.1 "$version" | sort -V | head -n 1)" = 8.1 ]
}

# The environments modules are built for, each with its kernel and what make needs to be told of it. Not
# among those built by default: uml-gcov, for the debug kernel, whose goro.ko counts its branches; kasan, for the kernel
# of build-debug.
envs=(6.1 6.12 uml uml-debug)
env_make()
{
	case $1 in
	6.1 | 6.12) echo -C "$build/kernels/$1/kdir" ;;
	kasan) echo -C "$build/x86/$1" ;;
	uml) echo -C "$build/uml/plain" ARCH=um ;;
	uml-debug) echo -C "$build/uml/debug" ARCH=um ;;
	uml-gcov) echo -C "$build/uml/debug" ARCH=um GORO_GCOV=1 ;;
	*)
		# any other kernel whose headers are installed, by its release
		[ -e "/lib/modules/$1/build" ] || die "no environment $1 (has: ${envs[*]}), no headers of such a kernel"
		echo -C "/lib/modules/$1/build"
		;;
	esac
}
