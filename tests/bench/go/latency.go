// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const (
	rounds  = 20
	warm    = 2 // more, before, that are not counted
	settle  = 20 * time.Millisecond
	nap     = time.Millisecond
	nappers = 64
)

// tail is the 99th percentile of the run whose median has been returned, times n.
var tail time.Duration

type waits struct {
	wg    sync.WaitGroup
	ready atomic.Int64
	c     [warm + rounds]chan struct{} // closed for one round after the other
	at    [warm + rounds]time.Time     // when
}

// gather returns when all goroutines wait, or are about to.
func (w *waits) gather(n int) {
	for w.ready.Load() < int64(n) {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(settle)
}

// ran notes that round k is over, after t.
func ran(late []time.Duration, k int, t time.Duration) {
	if k >= warm {
		late[k-warm] = t
	}
}

// wait has f in so many goroutines, each with room for what it measures; drive lets them run.
func wait(n, tasks int, f func(w *waits, late []time.Duration), drive func(w *waits)) time.Duration {
	w := &waits{}
	for k := range w.c {
		w.c[k] = make(chan struct{})
	}
	late := make([]time.Duration, tasks*rounds)
	w.wg.Add(tasks)
	for i := 0; i < tasks; i++ {
		mine := late[i*rounds : (i+1)*rounds]
		go func() {
			f(w, mine)
			w.wg.Done()
		}()
	}
	drive(w)
	w.wg.Wait()
	sort.Slice(late, func(i, k int) bool { return late[i] < late[k] })
	tail = late[len(late)-1-len(late)/100] * time.Duration(n)
	return late[len(late)/2] * time.Duration(n)
}

func wakes(b *bench, n int) time.Duration {
	return wait(n, b.arg, func(w *waits, late []time.Duration) {
		for k := range w.c {
			w.ready.Add(1)
			<-w.c[k]
			ran(late, k, time.Since(w.at[k]))
		}
	}, func(w *waits) {
		for k := range w.c {
			w.gather(b.arg * (k + 1))
			w.at[k] = time.Now()
			close(w.c[k])
		}
	})
}

func turns(b *bench, n int) time.Duration {
	return wait(n, b.arg, func(w *waits, late []time.Duration) {
		w.ready.Add(1)
		<-w.c[0]
		for k := 0; k < warm+rounds; k++ {
			t := time.Now()
			runtime.Gosched()
			ran(late, k, time.Since(t))
		}
	}, func(w *waits) {
		w.gather(b.arg)
		close(w.c[0])
	})
}

func lateness(b *bench, n int) time.Duration {
	var stop atomic.Bool
	return wait(n, nappers, func(w *waits, late []time.Duration) {
		w.ready.Add(1)
		<-w.c[0]
		for k := 0; k < warm+rounds; k++ {
			t := time.Now()
			time.Sleep(nap)
			ran(late, k, time.Since(t)-nap)
		}
		// the last one ends the computing
		if w.ready.Add(-1) == 0 {
			stop.Store(true)
		}
	}, func(w *waits) {
		w.gather(nappers)
		for i := 0; i < 2*b.procs; i++ {
			w.wg.Add(1)
			go func() {
				for !stop.Load() {
				}
				w.wg.Done()
			}()
		}
		close(w.c[0])
	})
}
