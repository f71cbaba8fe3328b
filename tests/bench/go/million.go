// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// resident is the process's memory in bytes.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		panic(err)
	}
	return pages * int64(os.Getpagesize())
}

// parked starts n goroutines that wait on one channel, and lets them end: the time until all of them wait, and
// by how much the process has grown then.
func parked(n int) (time.Duration, int64) {
	var wg sync.WaitGroup
	var waiting atomic.Int64
	c := make(chan struct{})
	wg.Add(n)
	before := resident()
	t := time.Now()
	for i := 0; i < n; i++ {
		go func() {
			waiting.Add(1)
			<-c
			wg.Done()
		}()
	}
	for waiting.Load() < int64(n) {
		runtime.Gosched()
	}
	d := time.Since(t)
	grown := resident() - before
	close(c)
	wg.Wait()
	return d, grown
}

var grown int64

// The bytes a goroutine that waits takes, times n. Only the first million of a process shows it: what has
// ended keeps its memory for the next.
func parkedBytes(b *bench, n int) time.Duration {
	if grown == 0 {
		_, grown = parked(n)
	}
	return time.Duration(grown)
}

// An operation is one goroutine, created and waiting. The calibration's run has warmed up.
func parkedTime(b *bench, n int) time.Duration {
	t, _ := parked(n)
	return t
}
