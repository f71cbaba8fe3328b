// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// together starts b.arg goroutines, each of which runs f n/b.arg times, all from one moment on, when all of
// them wait: the time until the last has ended.
func together(b *bench, n int, f func()) time.Duration {
	var wg sync.WaitGroup
	var waiting atomic.Int64
	begin := make(chan struct{})
	each := n / b.arg
	wg.Add(b.arg)
	for i := 0; i < b.arg; i++ {
		go func() {
			waiting.Add(1)
			<-begin
			for k := 0; k < each; k++ {
				f()
			}
			wg.Done()
		}()
	}
	for waiting.Load() < int64(b.arg) {
		runtime.Gosched()
	}
	t := time.Now()
	close(begin)
	wg.Wait()
	return time.Since(t)
}

// An operation is one yield.
func yields(b *bench, n int) time.Duration {
	return together(b, n, runtime.Gosched)
}

// Many sleep a millisecond again and again. An operation is one sleep: all of them are under way at once, so
// this is what a wake costs.
func sleepers(b *bench, n int) time.Duration {
	return together(b, n, func() { time.Sleep(time.Millisecond) })
}

// One sleeps b.arg ns again and again. The median of how late it runs, n times that.
func naps(b *bench, n int) time.Duration {
	late := make([]time.Duration, n)
	for i := range late {
		t := time.Now()
		time.Sleep(time.Duration(b.arg))
		late[i] = time.Since(t) - time.Duration(b.arg)
	}
	sort.Slice(late, func(i, k int) bool { return late[i] < late[k] })
	return late[n/2] * time.Duration(n)
}
