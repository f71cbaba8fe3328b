// SPDX-License-Identifier: GPL-2.0-only

// Command bench runs one case of goro's benchmark as a Go program writes it, and prints the result as
// goro_bench.ko does, one JSON object on a line. Each case does the same work for an operation, and counts
// it in the same way, as the function of the same case in tests/bench/goro.c, ctx.c or trees.c.
//
//	bench -case hop [-ms 50] [-procs 1]
//	bench -list
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"time"
)

type bench struct {
	name  string
	procs int // GOMAXPROCS
	unitN int // n is a multiple of it, and at least it
	maxN  int // 0: as many as fill the time
	// n operations: how long they took, or what else is measured times n
	run func(b *bench, n int) time.Duration
	arg int // run's own: how many tasks, what capacity, ...
}

var benches = []bench{
	{"yield2", 1, 2, 0, yields, 2},
	{"yield1000", 1, 100000, 0, yields, 1000},
	{"yield100k", 1, 4000000, 4000000, yields, 100000},
	{"yield1m", 1, 4000000, 4000000, yields, 1000000},
	{"hop", 1, 2, 0, hops, 0},
	{"hop1000", 1, 1000, 0, ring, 1000},
	{"hop100k", 1, 4000000, 4000000, ring, 100000},
	{"hop1m", 1, 4000000, 4000000, ring, 1000000},
	{"stream", 1, 1, 0, stream, 0},
	{"chan128", 1, 1, 0, stream, 128},
	{"chanself", 1, 2, 0, self, 1},
	{"select2", 1, 1000, 0, selects2, 0},
	{"select8", 1, 1000, 0, selects8, 0},
	{"select100k", 1, 100000, 100000, crowd, 8},
	{"ctxself", 1, 2, 0, ctxSelf, 0},
	{"ctxhop", 1, 2, 0, ctxHops, 0},
	{"ctxnew", 1, 1, 0, ctxDerives, 0},
	{"ctxtimeout", 1, 1, 0, ctxDerives, 1},
	{"ctxcancel10k", 1, 1, 0, ctxCancels, 10},
	{"spawn1", 1, 1, 0, spawn, 1},
	{"spawn1000", 1, 1000, 0, spawn, 1000},
	{"work", 1, 100, 0, spawn, 100},
	{"mutex1", 1, 1000, 0, mutexes, 1},
	{"sieve", 1, 1, 0, sieve, 2000},
	{"skynet", 1, 1, 0, skynet, 1000000},
	{"sleepers1000", 1, 1000, 0, sleepers, 1000},
	{"sleepers", 1, 1000000, 1000000, sleepers, 100000},
	{"sleep100us", 1, 1000, 1000, naps, 100000},
	{"million_parked", 1, 1000000, 1000000, parkedBytes, 0},
	{"million_create", 1, 1000000, 1000000, parkedTime, 0},
	{"wake10k_p2", 2, 1, 1, wakes, 10000},
	{"turn10k_p2", 2, 1, 1, turns, 10000},
	{"late_p2", 2, 1, 1, lateness, 0},
	{"wake10k_p8", 8, 1, 1, wakes, 10000},
	{"turn10k_p8", 8, 1, 1, turns, 10000},
	{"late_p8", 8, 1, 1, lateness, 0},
	{"hop_p2", 2, 2, 0, hops, 0},
	{"chan128_p2", 2, 1, 0, stream, 128},
	{"mutex4_p2", 2, 4000, 0, mutexes, 4},
	{"skynet_p2", 2, 1, 0, skynet, 1000000},
	{"xwake", 2, 50, 300, xwake, 0},
}

func (b *bench) roundN(n int) int {
	n = max(n/b.unitN, 1) * b.unitN
	if b.maxN > 0 {
		n = min(n, b.maxN)
	}
	return n
}

// calibrate finds how many operations fill a run, as goro_bench does. Its first run also warms up.
func (b *bench) calibrate(want time.Duration) int {
	n := b.roundN(1)
	for {
		t := b.run(b, n)
		if t >= want/4 || n == b.maxN {
			return b.roundN(int(float64(n) * float64(want) / float64(max(t, 1))))
		}
		n = b.roundN(n * min(max(int(want/max(t, 1)), 2), 20))
	}
}

type result struct {
	Case   string  `json:"case"`
	Impl   string  `json:"impl"`
	Procs  int     `json:"procs"`
	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Runs   int     `json:"runs"`
}

func (b *bench) report(suffix, unit string, procs int, v float64) {
	v = math.Round(v*10) / 10
	json.NewEncoder(os.Stdout).Encode(result{b.name + suffix, "go", procs, unit, v, v, v, 1})
}

func main() {
	name := flag.String("case", "", "which case")
	ms := flag.Int("ms", 50, "about how long a run is to take")
	procs := flag.Int("procs", 0, "GOMAXPROCS, if not the case's own")
	list := flag.Bool("list", false, "print the cases' names")
	flag.Parse()
	for i := range benches {
		b := &benches[i]
		if *list {
			fmt.Println(b.name)
		}
		if b.name != *name {
			continue
		}
		if *procs == 0 {
			*procs = b.procs
		}
		runtime.GOMAXPROCS(*procs)
		n := b.calibrate(time.Duration(*ms) * time.Millisecond)
		unit := "ns"
		if b.name == "million_parked" {
			unit = "B"
		}
		b.report("", unit, *procs, float64(b.run(b, n))/float64(n))
		if tail > 0 {
			b.report("_99", unit, *procs, float64(tail)/float64(n))
		}
		return
	}
	if !*list {
		fmt.Fprintf(os.Stderr, "bench: no case %q\n", *name)
		os.Exit(4) // as tests say "skipped"; 2 is a panic
	}
}
