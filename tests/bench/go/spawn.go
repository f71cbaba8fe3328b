// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"sync"
	"time"
)

// b.arg at a time are started and waited for. An operation is one of them.
func spawn(b *bench, n int) time.Duration {
	var wg sync.WaitGroup
	t := time.Now()
	for i := 0; i < n; i += b.arg {
		wg.Add(b.arg)
		for k := 0; k < b.arg; k++ {
			go wg.Done()
		}
		wg.Wait()
	}
	return time.Since(t)
}

// b.arg goroutines lock and unlock one mutex. An operation is both.
func mutexes(b *bench, n int) time.Duration {
	var m sync.Mutex
	var wg sync.WaitGroup
	sum := 0
	locker := func() {
		for i := 0; i < n/b.arg; i++ {
			m.Lock()
			sum++
			m.Unlock()
		}
	}
	t := time.Now()
	for i := 1; i < b.arg; i++ {
		wg.Add(1)
		go func() {
			locker()
			wg.Done()
		}()
	}
	locker()
	wg.Wait()
	if sum != n {
		panic("mutex: it does not exclude")
	}
	return time.Since(t)
}
