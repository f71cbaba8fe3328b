// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// An operation is one hop: there and back, on two unbuffered channels, is two.
func hops(b *bench, n int) time.Duration {
	c, d := make(chan uint64), make(chan uint64)
	go func() {
		for i := 0; i < n/2; i++ {
			d <- <-c
		}
	}()
	t := time.Now()
	for i := 0; i < n/2; i++ {
		c <- uint64(i)
		<-d
	}
	return time.Since(t)
}

// ring has b.arg goroutines in a ring of unbuffered channels, all waiting but one: each hop wakes who has run longest ago.
func ring(b *bench, n int) time.Duration {
	var wg sync.WaitGroup
	var waiting atomic.Int64
	c := make([]chan uint64, b.arg)
	for i := range c {
		c[i] = make(chan uint64)
	}
	each := n / b.arg
	wg.Add(b.arg)
	for i := 0; i < b.arg; i++ {
		go func() {
			in, out := c[i], c[(i+1)%b.arg]
			last := i == b.arg-1
			waiting.Add(1)
			for k := 0; k < each; k++ {
				v := <-in
				// the first is no more there for the last hop
				if !last || k < each-1 {
					out <- v
				}
			}
			wg.Done()
		}()
	}
	for waiting.Load() < int64(b.arg) {
		runtime.Gosched()
	}
	t := time.Now()
	c[0] <- 0
	wg.Wait()
	return time.Since(t)
}

// An operation is one element from a producer to a consumer, through a channel of b.arg.
func stream(b *bench, n int) time.Duration {
	c := make(chan uint64, b.arg)
	t := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			c <- uint64(i)
		}
	}()
	sum := uint64(0)
	for i := 0; i < n; i++ {
		sum += <-c
	}
	if sum != uint64(n)*uint64(n-1)/2 {
		panic("stream: elements are lost")
	}
	return time.Since(t)
}

// An operation is a send or a receive. Nobody waits.
func self(b *bench, n int) time.Duration {
	c := make(chan uint64, b.arg)
	t := time.Now()
	for i := 0; i < n/2; i++ {
		c <- uint64(i)
		<-c
	}
	return time.Since(t)
}

func full(n int) []chan uint64 {
	c := make([]chan uint64, n)
	for i := range c {
		c[i] = make(chan uint64, 1)
		c[i] <- 1
	}
	return c
}

// An operation is a select of two cases, both ready, and the send that puts the element back.
func selects2(b *bench, n int) time.Duration {
	c := full(2)
	var from int
	var v uint64
	t := time.Now()
	for i := 0; i < n; i++ {
		select {
		case v = <-c[0]:
			from = 0
		case v = <-c[1]:
			from = 1
		}
		c[from] <- v
	}
	return time.Since(t)
}

// The same with eight.
func selects8(b *bench, n int) time.Duration {
	c := full(8)
	var from int
	var v uint64
	t := time.Now()
	for i := 0; i < n; i++ {
		select {
		case v = <-c[0]:
			from = 0
		case v = <-c[1]:
			from = 1
		case v = <-c[2]:
			from = 2
		case v = <-c[3]:
			from = 3
		case v = <-c[4]:
			from = 4
		case v = <-c[5]:
			from = 5
		case v = <-c[6]:
			from = 6
		case v = <-c[7]:
			from = 7
		}
		c[from] <- v
	}
	return time.Since(t)
}

// n goroutines wait in selects of eight cases. An operation is one of them, from the close of all channels
// until the last has ended.
func crowd(b *bench, n int) time.Duration {
	var wg sync.WaitGroup
	var waiting atomic.Int64
	c := make([]chan uint64, b.arg)
	for i := range c {
		c[i] = make(chan uint64)
	}
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			waiting.Add(1)
			select {
			case <-c[0]:
			case <-c[1]:
			case <-c[2]:
			case <-c[3]:
			case <-c[4]:
			case <-c[5]:
			case <-c[6]:
			case <-c[7]:
			}
			wg.Done()
		}()
	}
	for waiting.Load() < int64(n) {
		runtime.Gosched()
	}
	t := time.Now()
	for i := range c {
		close(c[i])
	}
	wg.Wait()
	return time.Since(t)
}

// How long the processor that is to be woken has idled before: XWAKE_REST_NS of bench.h.
const rest = 50 * time.Microsecond

// An operation is one wake of a goroutine that can only run on the other processor, since the waker keeps its
// own: from the send until it runs.
func xwake(b *bench, n int) time.Duration {
	var seen atomic.Int64
	var sum time.Duration
	c := make(chan time.Time)
	go func() {
		for i := 0; i < n; i++ {
			at := <-c
			sum += time.Since(at)
			seen.Store(int64(i + 1))
		}
	}()
	for i := 0; i < n; i++ {
		for t := time.Now(); time.Since(t) < rest; {
		}
		t := time.Now()
		c <- t
		for seen.Load() <= int64(i) {
			// nobody came: it would run here, which is not the case
			if time.Since(t) > time.Second {
				runtime.Gosched()
			}
		}
	}
	return sum
}
